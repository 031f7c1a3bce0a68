#pragma once

#include "sim/time.hpp"
#include "model/cancel_moments.hpp"
#include "model/model.hpp"
#include "model/request_id.hpp"
#include "actors/rules.hpp"
#include "doors/world/run_record.hpp"
#include "doors/world/world_event.hpp"

#include <cstddef>
#include <cstdint>
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
  /// The model outlives it.
  LoadCancels(const Model& model, RequestNumber number) : model_(model), number_(number) {}

  /// Those whose moment is known from the start. `sent`: when the user sends the request; `delay`:
  /// that it takes to the server.
  std::vector<LoadCancel> known(Time sent, Duration delay) const;
  /// Those that become known by an event of the run, of its first turn; in order. `to_user`: the
  /// link on which the user gets chunks of the answer.
  std::vector<LoadCancel> known_by(const WorldEvent& event, const TurnRecord& turn,
                                   LinkEnd& to_user);

 private:
  std::vector<LoadCancel> by_start(const WorldEvent& event, const TurnRecord& turn) const;
  std::vector<LoadCancel> by_chunk(const WorldEvent& event, const TurnRecord& turn,
                                   LinkEnd& to_user);
  std::vector<LoadCancel> by_budget(const WorldEvent& event, const TurnRecord& turn);

  const Model& model_;
  RequestNumber number_;
  std::uint32_t chunks_ = 0;
  Spent spent_;
};

}  // namespace caesura
