#pragma once

#include "scenarios/format/variation.hpp"
#include "scenarios/study/batch.hpp"
#include "scenarios/study/target.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// What may differ from run to run.
struct GridRun {
  double wall_seconds = 0;
  unsigned threads = 1;
  bool partial = false;
};

/// A grid of runs of one scenario: every point with the same seed, unless the seed is what varies.
struct Sweep {
  std::string scenario;
  std::string file;
  std::string engine;
  std::vector<Variation> variations;
  Target target;
  bool objective_given = false;                    ///< else it is usual_objective()
  std::vector<std::optional<BatchResult>> points;  ///< in the order of point_of(); empty: not run
  GridRun run;
};

struct Best {
  std::size_t point = 0;
  std::size_t policy = 0;  ///< of the point's
  std::size_t ties = 0;    ///< other candidates that hold everything with the same value
};

/// The best candidate that holds everything, the first of equals; none if none does.
std::optional<Best> best_of(const Sweep& sweep);

/// A header, then a line for each point and policy: the varied values, the policy, and every number
/// of its results; empty where it is null.
std::string sweep_csv(const Sweep& sweep);

/// Everything, points with the results of their policies as in results.json.
nlohmann::ordered_json sweep_json(const Sweep& sweep);

/// Shared with the advice: the section `run`, and how variations, objective and values are told.
nlohmann::ordered_json grid_run_json(const GridRun& run);
nlohmann::ordered_json variations_json(const std::vector<Variation>& variations);
nlohmann::ordered_json objective_json(const Objective& objective);
nlohmann::ordered_json values_json(const std::vector<Variation>& variations, const Point& point);

}  // namespace caesura
