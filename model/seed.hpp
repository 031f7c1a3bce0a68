#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace caesura {

/// Under which seed, and as which request of a run with that seed, a request draws.
struct DrawnAs {
  std::uint64_t seed = 0;
  std::uint64_t request = 0;
};

/// Requests of one run that draw as if they were the first of another. Any thread may call it at
/// any time.
class OwnSeeds {
 public:
  /// Request `number` draws as request 0 of a run with `seed`.
  void add(std::uint64_t number, std::uint64_t seed) { add(number, {.seed = seed, .request = 0}); }
  void add(std::uint64_t number, const DrawnAs& as);
  /// Child request `child` of `parent`, a number that is drawn, draws under its parent's seed.
  /// Nothing if its parent is none of these.
  void add_child(std::uint64_t parent, std::uint64_t child) const;
  /// The request's, and its children's: they draw like all others again.
  void forget(std::uint64_t number);

  /// `common`: the run's seed.
  DrawnAs find(std::uint64_t common, std::uint64_t request) const;

 private:
  struct Own {
    DrawnAs as;
    std::uint64_t root = 0;               ///< the request of which it is a child's child, or itself
    std::vector<std::uint64_t> children;  ///< of a root, at any depth
  };
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::uint64_t, Own> own_;  ///< never walked through
};

/// What seeds the draws of a run: a number, mostly for all of its requests. Small, to be passed by
/// value.
struct Seed {
  Seed() = default;
  Seed(std::uint64_t number)
      : value(number) {}  // NOLINT(google-explicit-constructor): it is one, mostly

  DrawnAs of(std::uint64_t request) const {
    return own == nullptr ? DrawnAs{value, request} : own->find(value, request);
  }

  std::uint64_t value = 1;
  const OwnSeeds* own = nullptr;  ///< outlives the run; null: none has its own
};

}  // namespace caesura
