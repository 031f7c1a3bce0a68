#pragma once

#include "model/model.hpp"
#include "model/request_id.hpp"

#include <cstdint>
#include <optional>

namespace caesura {

/// Whether the client sends the whole load by itself once it has the first Arrive, or only the
/// requests that it is told of: one by one, or any number at once. Under closed load a user's next
/// request follows the last in any case.
enum class LoadPlay : std::uint8_t { all, one_by_one, from_outside };

/// When the requests of an open load arrive, in order; a pure function of the model.
class Arrivals {
 public:
  explicit Arrivals(const Model& model) : model_(&model) {}

  /// The next request's arrival: request 0's first. None when the load is over.
  std::optional<Time> next();

 private:
  const Model* model_;
  RequestNumber number_ = 0;
  Time last_{};
};

/// The closed load of a model, if that is what it has.
const ClosedLoad* closed_load(const Model& model);

}  // namespace caesura
