#pragma once

#include "scenarios/format/variation.hpp"
#include "scenarios/study/batch.hpp"
#include "scenarios/study/sweep.hpp"
#include "scenarios/study/target.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// What is asked: at which point of the grid, or between its points, and under which of the
/// scenario's policies, is the target met best?
struct Question {
  std::string file;
  ScenarioOptions options;
  std::vector<Variation> variations;
  Target target;
  EngineKind engine = EngineKind::direct;
  unsigned threads = 1;
};

/// One policy at one point, and how it fares with seeds that had no part in choosing it.
struct Assessed {
  Point point;                       ///< empty: the scenario as written
  PolicyFigures search;              ///< with the seed of the search
  std::vector<PolicyFigures> fresh;  ///< replication_seed 1, 2, …; empty if interrupted
};

/// A mean over replications with its 95 % confidence interval: Student's t.
struct ReplicatedMean {
  double mean = 0;  ///< NaN if there is none, or a replication has no value
  double low = 0;
  double high = 0;
};
/// `values` are of independent replications, at least two.
ReplicatedMean replicated_mean(const std::vector<double>& values);
ReplicatedMean replicated_mean(const Assessed& assessed, const std::string& field);
/// Of a − b, paired by seed.
ReplicatedMean replicated_difference(const Assessed& a, const Assessed& b,
                                     const std::string& field);

/// How well a limit is held with fresh seeds.
enum class Hold : std::uint8_t {
  with_room,  ///< all of the interval holds
  just,       ///< the mean holds, and not all of the interval
  missed,     ///< the mean does not hold
};
const char* name_of(Hold hold);
Hold judge_hold(const Assessed& assessed, const Threshold& hold);
std::size_t held_in(const Assessed& assessed, const Threshold& hold);  ///< of its replications

/// The figures along one variation through the recommended point.
struct Curve {
  struct Step {
    std::string value;
    /// Of the recommended policy, or of the best if there is none of its name.
    PolicyFigures figures;
  };
  std::string path;
  std::vector<Step> steps;  ///< numbers in their order, other values as given
};

struct Advice {
  std::string scenario;
  std::uint64_t seed = 0;
  Question question;
  std::size_t grid_points = 0;  ///< that were run
  std::size_t points = 0;       ///< with those between them
  std::size_t runs = 0;         ///< of the scenario, replications included
  std::uint64_t requests = 0;   ///< of all runs and policies
  bool found = false;           ///< some candidate holds everything with the seed of the search
  /// If not found, what comes nearest; none if no candidate has a value.
  std::optional<Assessed> recommended;
  /// With the seed of the search, but does not hold for sure.
  std::optional<Assessed> looked_better;
  /// The best other one of the grid; none if there is a looked_better.
  std::optional<Assessed> runner_up;
  std::optional<Assessed> unconstrained;  ///< the best whatever it holds, if that is another
  /// The scenario without what is varied, if it can run by itself.
  std::optional<Assessed> as_written;
  std::vector<Curve> curves;
  std::vector<std::string> warnings;  ///< that every point of the grid has
  GridRun run;
};

inline constexpr std::uint32_t fresh_seeds = 10;

/// Runs the grid; then, in rounds, the points half way between the best and its neighbours along
/// every variation of numbers; then repeats candidates with fresh seeds, from the best on, until
/// one holds everything within the whole interval. It is a function of the question, threads aside,
/// as long as `stop` is not set; after that, it holds what was found so far. Throws ScenarioError
/// if any point of the grid is no scenario, before the first runs, and what run_batch throws.
Advice advise(const Question& question, const std::atomic<bool>& stop, BatchProgress& progress);

/// Whether what is recommended holds everything, on average over fresh seeds.
bool is_held(const Advice& advice);

}  // namespace caesura
