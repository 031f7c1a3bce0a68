#include "actors/directory.hpp"

namespace caesura {

void Directory::receive(const Start& start, Context& context) {
  entries_.grow_to(start.ticket + std::size_t{1});
  Entry& entry = entries_[start.ticket];
  const std::optional<Duration>& timeout = rules_->model.timeout;
  const bool is_counted = !timeout || context.now() - start.arrived <= *timeout;
  entry = {.request = context.spawn_request(), .has_ended = false, .is_counted = is_counted};
  context.relay(entry.request, start);
  if (is_counted && ++at_server_ > peak_->load(std::memory_order_relaxed))
    peak_->store(at_server_, std::memory_order_relaxed);
}

void Directory::receive(const Cancel& cancel, Context& context) {
  Entry& entry = entries_[cancel.ticket];
  if (!entry.has_ended) return context.relay(entry.request, cancel);
  const CancelVerdict verdict = entry.outcome == Outcome::cancelled
                                    ? CancelVerdict::already_cancelled
                                    : CancelVerdict::too_late;
  const Model& model = rules_->model;
  const Duration drawn = link_delay(model.links.client, model.seed, cancel.number, 0,
                                    Purpose::link_cancel_answer, cancel.copy);
  context.send(client_address,
               CancelAnswer{.number = cancel.number,
                            .ticket = cancel.ticket,
                            .copy = cancel.copy,
                            .verdict = verdict},
               entry.to_client.delay(context.now(), drawn));
}

void Directory::receive(const LetGo& let_go, Context& context) {
  const Entry& entry = entries_[let_go.ticket];
  if (!entry.has_ended) context.relay(entry.request, let_go);
}

void Directory::receive(const Ended& ended, Context& context) {
  Entry& entry = entries_[ended.ticket];
  entry.outcome = ended.outcome;
  entry.has_ended = true;
  entry.to_client.free = ended.client_link_free;
  if (entry.is_counted) --at_server_;
  context.send(entry.request, Release{});
}

}  // namespace caesura
