#pragma once

#include "model/seed.hpp"
#include "scenarios/format/scenario.hpp"
#include "doors/world/run_record.hpp"
#include "doors/world/turn_ledger.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// What a run is to be, made beforehand.
struct RunWishes {
  std::optional<std::string> name = {};       ///< none: one that is free
  std::optional<RequestNumber> request = {};  ///< none: the next number; with a seed request 0
  std::optional<std::uint64_t> seed = {};
  std::vector<CallFault> faults = {};
  std::vector<OperationPath> held = {};
};

/// All runs that are known: those in progress, and the newest of those that have ended.
class WorldRuns {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  struct Limits {
    std::size_t in_progress = 10'000;
    std::size_t ended = 10'000;
    std::chrono::nanoseconds kept = std::chrono::minutes(5);     ///< once ended
    std::chrono::nanoseconds silence = std::chrono::minutes(5);  ///< after which one has ended
  };
  static constexpr std::uint32_t turns_max = 1000;  ///< of one run

  /// The model's `seed.own` is `seeds`; both outlive it.
  WorldRuns(const Model& model, OwnSeeds& seeds, const Limits& limits);
  WorldRuns(const WorldRuns&) = delete;
  WorldRuns& operator=(const WorldRuns&) = delete;

  /// Throws Refusal: a name that is none, or is taken (409); too many in progress (503); a request
  /// beyond the load (400).
  RunRecord& make(const RunWishes& wishes, Time now);
  /// Null if there is none of this name, or no more. It stays where it is until it is forgotten.
  RunRecord* find(const std::string& name);
  /// Its turn, made if it is not there. Throws Refusal if it has too many, or the plan is too long.
  TurnRecord& turn(RunRecord& run, std::uint32_t number);

  /// In order of their names.
  const std::map<std::string, RunRecord>& all() const { return runs_; }
  std::size_t in_progress() const { return runs_.size() - ended_.size(); }

  /// It has been heard of: it is not silent.
  void heard(const RunRecord& run, Moment at);
  void ended(RunRecord& run, Moment at);
  /// Those in progress that have been silent for too long, in order of their names.
  std::vector<RunRecord*> silent(Moment at);
  /// Forgets one that has ended.
  void forget(const RunRecord& run);
  /// Forgets those that ended long ago, or before many others, and of which `may_go`; each is told
  /// to `going` before.
  void forget(Moment at, const std::function<bool(const RunRecord&)>& may_go,
              const std::function<void(const RunRecord&)>& going);

 private:
  struct End {
    std::string name;
    Moment at;
  };
  void check_name(const std::string& name) const;
  void drop(const std::string& name);

  const Model& model_;
  OwnSeeds& seeds_;
  Limits limits_;
  std::map<std::string, RunRecord> runs_;
  std::map<std::string, RequestNumber> own_numbers_;  ///< of runs with seeds of their own
  std::map<std::string, Moment> heard_;               ///< of those in progress
  std::deque<End> ended_;                             ///< oldest first
  RequestNumber next_request_ = 0;
  RequestNumber next_own_ = RequestNumber{1} << 62;
  std::uint64_t next_name_ = 1;
};

}  // namespace caesura
