#pragma once

#include "model/model.hpp"
#include "model/request_id.hpp"

#include <cstdint>
#include <optional>

namespace caesura {

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
