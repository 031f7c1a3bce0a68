#include "mocks/outside.hpp"

#include "model/plan.hpp"
#include "model/purpose.hpp"
#include "actors/outside_calls.hpp"

namespace caesura {
namespace {

OperationKind kind_of(ServiceKind kind) {
  switch (kind) {
    case ServiceKind::llm:
      return OperationKind::llm;
    case ServiceKind::tool:
      return OperationKind::tool;
    case ServiceKind::agent:
      return OperationKind::agent;
  }
  return OperationKind::llm;
}

}  // namespace

void Outside::receive(const AskFromOutside& ask, Context& context) {
  const OutsideCall call = rules_->outside_calls->at(ask.call);
  const Model& model = rules_->model;
  const ServiceKind kind = model.services[call.service].kind;
  const Duration link =
      link_delay(link_to(model.links, kind), model.seed, call.request, call.key, Purpose::link_ask);
  const Order order = context.reserve(1);
  calls_[ask.call] = {
      .service = call.service, .arrives = after(context.now(), link), .order = order};
  context.send_in_place(order, service_address(call.service),
                        Ask{.from = context.self(),
                            .number = call.request,
                            .operation = ask.call,
                            .chunk_tokens = call.chunk_tokens,
                            .ticket = no_ticket,
                            .kind = kind_of(kind),
                            .key = call.key},
                        link);
}

/// Relayed, as a request's Withdraw: it has to be there before an Ask that is due now.
void Outside::receive(const HangUp& hang_up, Context& context) {
  const auto call = calls_.find(hang_up.call);
  if (call == calls_.end()) return;
  const Asked& asked = call->second;
  const bool has_arrived = asked.arrives < context.now() ||
                           (asked.arrives == context.now() && asked.order < context.order());
  context.relay(service_address(asked.service),
                Withdraw{.from = context.self(), .operation = hang_up.call, .asked = has_arrived});
  calls_.erase(call);
}

void Outside::receive(const Reply& reply, Context&) { calls_.erase(reply.end.operation()); }

}  // namespace caesura
