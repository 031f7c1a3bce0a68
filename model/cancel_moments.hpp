#pragma once

#include "sim/time.hpp"
#include "model/model.hpp"
#include "model/request_id.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace caesura {

// When a request's user says stop, as far as it is drawn: pure functions of (model, request,
// source), whoever plays the request. `source` is an index into Model::cancels.

/// Whether the source cancels the request at all: drawn once for the two.
bool is_active(const Model& model, RequestNumber number, std::size_t source);

/// From when the user sends the request. None: the source is of another kind, or not active.
std::optional<Duration> cancel_after_sending(const Model& model, RequestNumber number,
                                             std::size_t source);

/// Whether the source sends at a share of the whole request, and is active.
bool cancels_during_request(const Model& model, RequestNumber number, std::size_t source);
/// Of such a source: from when the request reaches the server, which if nobody cancels takes
/// `planned` there.
Duration cancel_into_request(const Model& model, RequestNumber number, std::size_t source,
                             Duration planned);

/// An operation of a request's own plan.
struct CancelledOperation {
  std::uint32_t number = 0;  ///< from 1
  OperationKind kind = OperationKind::llm;
  bool first_of_kind = false;
  Duration duration{0};  ///< of its service
};
/// From when the operation starts. None: the source sends at no share of it, or is not active.
std::optional<Duration> cancel_into_operation(const Model& model, RequestNumber number,
                                              std::size_t source,
                                              const CancelledOperation& operation);

/// What a request has used at a moment.
struct Spent {
  Money cost;
  Tokens tokens;
};
/// Whether the source's budget is exceeded by what was used last, and it is active.
bool cancels_over_budget(const Model& model, RequestNumber number, std::size_t source,
                         const Spent& before, const Spent& now);

}  // namespace caesura
