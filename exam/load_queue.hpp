#pragma once

#include "sim/time.hpp"
#include "model/model.hpp"
#include "model/request_id.hpp"

#include <cstdint>
#include <map>
#include <optional>

namespace caesura {

/// The requests of a load that are still to be sent: which is next, and when. All moments are from
/// the beginning of the load. Of a closed load a user's next request is known once the answer to
/// the last is there.
class LoadQueue {
 public:
  struct Arrival {
    RequestNumber number = 0;
    Time at;
  };
  /// The model outlives it. Throws std::overflow_error for a load that lasts too long.
  explicit LoadQueue(const Model& model);

  std::uint64_t requests() const { return requests_; }  ///< of the whole load
  /// The next one; it stays until taken.
  std::optional<Arrival> next() const;
  /// From now on this is the next one, whatever else arrives before it.
  void keep(const Arrival& arrival) { kept_ = arrival; }
  void take(const Arrival& arrival);
  /// The user of this request has its answer.
  void answered(RequestNumber number, Time at);

 private:
  const Model& model_;
  std::uint64_t requests_ = 0;
  std::multimap<Time, RequestNumber> waiting_;
  std::optional<Arrival> kept_;
};

}  // namespace caesura
