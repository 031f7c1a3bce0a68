#pragma once

#include "scenarios/results/results_file.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// Whether a difference is larger than chance would have it, at 95 %, each figure by itself.
enum class Noise : std::uint8_t { within, beyond, unknown };

/// What that was judged by.
enum class NoiseTest : std::uint8_t {
  none,             ///< the figures are equal, or there is nothing to judge by
  exact,            ///< the number of requests, which chance has no part in
  welch,            ///< of two means, from count, mean and stddev
  two_proportions,  ///< of two counts of requests
  blocks,           ///< of two runs' blocks of requests, from requests.csv
  paired_blocks,    ///< likewise, of the same requests
  order_statistics  ///< of two percentiles, from requests.csv
};
/// As in the JSON document; empty for none.
const char* name_of(NoiseTest test);

/// One number of a policy's results in both files.
struct Figure {
  std::string field;        ///< of known_fields()
  std::optional<double> a;  ///< empty: null, or the file does not have it
  std::optional<double> b;
  bool equal = false;
  Noise noise = Noise::within;
  NoiseTest test = NoiseTest::none;

  /// B − A, where both are there.
  std::optional<double> difference() const;
  /// (B − A) / |A|; infinite if A alone is 0.
  std::optional<double> relative_difference() const;
};

struct ComparedPolicy {
  std::string policy;
  bool has_rows = false;  ///< both files have a requests.csv
  bool paired = false;  ///< and they are of the same seed and request numbers, so of the same draws
  std::vector<Figure> figures;           ///< all of known_fields(); what matters most comes first
  std::size_t count(Noise noise) const;  ///< of those that differ
  std::size_t differing() const;
};

/// Where results come from.
struct Origin {
  std::string file;
  std::string scenario;
  std::string engine;
  std::uint64_t seed = 0;
  std::uint64_t requests = 0;
  bool partial = false;
};

/// Two results of one scenario, or of two scenarios that are to be compared.
struct ScenarioComparison {
  Origin a;
  Origin b;
  std::vector<ComparedPolicy> policies;  ///< that are in both, in A's order
  std::vector<std::string> policies_only_in_a;
  std::vector<std::string> policies_only_in_b;
};

struct Comparisons {
  std::vector<ScenarioComparison> scenarios;  ///< in A's order
  std::vector<std::string> scenarios_only_in_a;
  std::vector<std::string> scenarios_only_in_b;

  bool any_difference() const;
};

ScenarioComparison compare(const SavedResults& a, const SavedResults& b);

/// One scenario with one, whatever their names; else scenarios by name, several of one name in
/// their order.
Comparisons compare_all(const std::vector<SavedResults>& a, const std::vector<SavedResults>& b);

}  // namespace caesura
