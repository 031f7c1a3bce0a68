#pragma once

#include "sim/time.hpp"

#include <nlohmann/json_fwd.hpp>

namespace caesura {

/// What Caesura's own calls can ask of a run behind any door.
class ControlledRun {
 public:
  virtual ~ControlledRun() = default;
  virtual Time now() const = 0;  ///< simulated
  virtual bool has_manual_clock() const = 0;
  virtual double time_scale() const = 0;
  /// Manual clock only: on return all that was due by then has happened.
  virtual void advance(Duration by) = 0;
  /// As results.json has them, of what has settled by now.
  virtual nlohmann::ordered_json results_json() const = 0;
};

}  // namespace caesura
