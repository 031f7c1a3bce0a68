#pragma once

#include "sim/time.hpp"
#include "model/model.hpp"
#include "model/request_id.hpp"
#include "doors/world/run_record.hpp"
#include "doors/world/turn_ledger.hpp"
#include "doors/world/world_event.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace caesura {

/// A cancel of one request: when its user sends it.
struct LoadCancel {
  Time at;
  std::size_t source = 0;  ///< index into Model::cancels
};

/// When the user of one request says stop, by the sources of cancels of the scenario and what is
/// drawn for this request: the same moments as a simulated client's, as far as the request goes as
/// planned.
class LoadCancels {
 public:
  /// The model outlives it. `number`: the request; `arrived`: when its user sends it; `delay`: that
  /// messages take to the server.
  LoadCancels(const Model& model, RequestNumber number, Time arrived, Duration delay);

  /// Those whose moment is known from the start.
  std::vector<LoadCancel> known() const;
  /// Those that become known by an event of the run, of its first turn; in order.
  std::vector<LoadCancel> known_by(const WorldEvent& event, const TurnRecord& turn);

 private:
  std::vector<LoadCancel> by_start(const WorldEvent& event, const TurnRecord& turn) const;
  std::vector<LoadCancel> by_chunk(const WorldEvent& event, const TurnRecord& turn);
  std::vector<LoadCancel> by_budget(const WorldEvent& event, const TurnRecord& turn);
  double drawn(const Distribution& distribution, std::size_t source) const;

  const Model& model_;
  RequestNumber number_;
  Time arrived_;
  Duration delay_;
  std::uint32_t chunks_ = 0;
  Money cost_{};
  Tokens tokens_{};
};

}  // namespace caesura
