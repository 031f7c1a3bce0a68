#include "mocks/client.hpp"

#include "model/cancel_moments.hpp"

#include <algorithm>

namespace caesura {

Client::Client(const Rules& rules, LoadPlay play)
    : rules_(&rules), play_(play), arrivals_(rules.model) {
  // The first request is announced from outside.
  if (play_ == LoadPlay::all && closed_load(rules.model) == nullptr) arrivals_.next();
}

void Client::receive(const Arrive& arrive, Context& context) {
  const Model& model = rules_->model;
  const Ticket ticket = take_ticket(arrive.ticket);
  Open& open = open_[ticket];
  open.number = arrive.number;
  open.arrived = context.now();
  const Duration delay = open.to_server.delay(
      context.now(),
      link_delay(model.links.client, model.seed, arrive.number, 0, Purpose::link_start));
  context.send(directory_address,
               Start{.number = arrive.number,
                     .arrived = context.now(),
                     .ticket = ticket,
                     .wishes = arrive.wishes},
               delay);
  if (!model.cancels.empty()) schedule_cancels(ticket, context.now() + delay, context);
  if (play_ == LoadPlay::all && closed_load(model) == nullptr) {
    if (const auto next = arrivals_.next())
      context.send(context.self(), Arrive{arrive.number + 1},
                   std::max(*next - context.now(), zero_duration));
  }
}

/// Those whose moment is known when the request is sent; `started`: when it reaches the server.
void Client::schedule_cancels(Ticket ticket, Time started, Context& context) {
  const Model& model = rules_->model;
  const RequestNumber number = open_[ticket].number;
  for (std::size_t s = 0; s < model.cancels.size(); ++s) {
    const auto schedule = [&](std::size_t source, Duration delay) {
      const CancelMoment moment{
          .number = number, .ticket = ticket, .source = static_cast<std::uint16_t>(source)};
      schedule_moment(open_[ticket], moment, delay, context.reserve(model.cancels[source].times),
                      context);
    };
    if (const auto after = cancel_after_sending(model, number, s)) {
      schedule(s, *after);
    } else if (cancels_during_request(model, number, s)) {
      Plan plan;
      if (!rules_->shared_plan) expand(model, model.workflow, rules_->places, number, plan);
      const Duration planned =
          planned_times(model, number, rules_->shared_plan ? *rules_->shared_plan : plan).duration;
      schedule(s, started - context.now() + cancel_into_request(model, number, s, planned));
    }
  }
}

void Client::schedule_moment(Open& open, const CancelMoment& moment, Duration delay, Order place,
                             Context& context) {
  if (rules_->model.cancels[moment.source].even_if_finished) ++cancelling(open).late_moments;
  context.send_in_place(place, context.self(), moment, delay);
}

void Client::receive(const MomentKnown& known, Context& context) {
  Open* open = find(known.ticket, known.number);
  if (open == nullptr) return;
  const CancelMoment moment{.number = known.number, .ticket = known.ticket, .source = known.source};
  schedule_moment(*open, moment, known.delay, known.place, context);
}

void Client::receive(const CancelMoment& moment, Context& context) {
  Open* open = find(moment.ticket, moment.number);
  if (open == nullptr) return;
  const bool even_if_finished = rules_->model.cancels[moment.source].even_if_finished;
  if (even_if_finished) --cancelling(*open).late_moments;
  if (!is_answered(*open) || even_if_finished) fire(moment, context.order(), context);
}

void Client::receive(const Cancel& cancel, Context& context) {
  const Open* open = find(cancel.ticket, cancel.number);
  if (open != nullptr && !is_answered(*open)) send_cancel(cancel.ticket, context.order(), context);
}

/// Behind what was sent before.
void Client::receive(const LetGo& let_go, Context& context) {
  Open* open = find(let_go.ticket, let_go.number);
  if (open != nullptr)
    context.send(directory_address, let_go, open->to_server.delay(context.now(), zero_duration));
}

/// Sends the cancel of a moment that has come, in the place in which the moment was scheduled, and
/// schedules its next copy.
void Client::fire(const CancelMoment& moment, Order place, Context& context) {
  send_cancel(moment.ticket, place, context);
  const CancelSource& source = rules_->model.cancels[moment.source];
  if (moment.copy + 1 >= source.times) return;
  CancelMoment next = moment;
  ++next.copy;
  schedule_moment(open_[moment.ticket], next, source.every, place + 1, context);
}

void Client::send_cancel(Ticket ticket, Order place, Context& context) {
  Open& open = open_[ticket];
  Cancelling& note = cancelling(open);
  const Model& model = rules_->model;
  const Cancel cancel{.number = open.number, .ticket = ticket, .copy = note.cancels_sent};
  const Duration drawn =
      link_delay(model.links.client, model.seed, open.number, 0, Purpose::link_cancel, cancel.copy);
  // One that has to wait for another keeps behind it.
  const bool waits =
      !model.links.client.is_constant() && after(context.now(), drawn) <= open.to_server.free;
  const Duration delay = open.to_server.delay(context.now(), drawn);
  if (note.cancels_sent++ == 0) note.cancel_sent = context.now();
  ++note.unanswered;
  context.send_in_place(waits ? context.reserve(1) : place, directory_address, cancel, delay);
}

void Client::receive(const CancelAnswer& answer, Context& context) {
  Open* open = find(answer.ticket, answer.number);
  if (open == nullptr) return;
  Cancelling& note = cancelling(*open);
  if (!note.acknowledged) note.acknowledged = context.now();
  ++note.verdicts[static_cast<std::size_t>(answer.verdict)];
  --note.unanswered;
  settle_if_done(answer.ticket, context);
}

void Client::receive(const Chunk& chunk, Context& context) {
  Open* open = find(chunk.ticket, chunk.number);
  if (open == nullptr) return;
  ++open->chunks_received;
  const std::vector<CancelSource>& sources = rules_->model.cancels;
  for (std::size_t s = 0; s < sources.size(); ++s) {
    const auto* after = std::get_if<CancelAfterChunks>(&sources[s].moment);
    if (after == nullptr || after->chunks != open->chunks_received ||
        !is_active(rules_->model, chunk.number, s))
      continue;
    const CancelMoment moment{
        .number = chunk.number, .ticket = chunk.ticket, .source = static_cast<std::uint16_t>(s)};
    fire(moment, context.reserve(sources[s].times), context);
  }
}

void Client::receive(const Answer& answer, Context& context) {
  Open* open = find(answer.ticket, answer.number);
  if (open == nullptr) return;
  const Model& model = rules_->model;
  if (const ClosedLoad* closed = closed_load(model)) {
    const RequestNumber next = answer.number + closed->users;
    if (next < model.load.requests) {
      context.send(context.self(), Arrive{next},
                   to_duration(closed->think.quantile(draw(model.seed, next, 0, Purpose::think))));
    }
  }
  if (open->cancelling == none)
    return settle(answer.ticket, context.now(), answer.outcome, context);
  Cancelling& note = cancelling(*open);
  note.answered = context.now();
  note.outcome = answer.outcome;
  settle_if_done(answer.ticket, context);
}

void Client::settle_if_done(Ticket ticket, Context& context) {
  const Cancelling& note = cancelling(open_[ticket]);
  if (!note.answered || note.unanswered > 0 || note.late_moments > 0) return;
  settle(ticket, *note.answered, note.outcome, context);
}

void Client::settle(Ticket ticket, Time answered, Outcome outcome, Context& context) {
  Open& open = open_[ticket];
  ClientReport report;
  report.number = open.number;
  report.ticket = ticket;
  report.outcome = outcome;
  report.arrived = open.arrived;
  report.answered = answered;
  report.chunks_received = open.chunks_received;
  if (open.cancelling != none) {
    const Cancelling& note = cancelling_[open.cancelling];
    const auto count_of = [&](CancelVerdict verdict) {
      return note.verdicts[static_cast<std::size_t>(verdict)];
    };
    report.cancel_sent = note.cancel_sent;
    report.acknowledged = note.acknowledged;
    report.cancels_sent = note.cancels_sent;
    report.cancels_accepted = count_of(CancelVerdict::accepted);
    report.cancels_too_late = count_of(CancelVerdict::too_late);
    report.cancels_already_cancelled = count_of(CancelVerdict::already_cancelled);
    report.cancels_ignored = count_of(CancelVerdict::ignored);
    free_cancelling_.push_back(open.cancelling);
  }
  open = {};
  if (play_ != LoadPlay::from_outside) free_.push_back(ticket);
  context.report(report);
}

Client::Cancelling& Client::cancelling(Open& open) {
  if (open.cancelling == none) {
    if (free_cancelling_.empty()) {
      free_cancelling_.push_back(static_cast<std::uint32_t>(cancelling_.size()));
      cancelling_.emplace_back();
    }
    open.cancelling = free_cancelling_.back();
    free_cancelling_.pop_back();
    cancelling_[open.cancelling] = {};
  }
  return cancelling_[open.cancelling];
}

Ticket Client::take_ticket(Ticket wished) {
  if (wished != no_ticket) {
    open_.grow_to(wished + std::size_t{1});
    return wished;
  }
  if (free_.empty()) {
    open_.emplace_back();
    return static_cast<Ticket>(open_.size() - 1);
  }
  const Ticket ticket = free_.back();
  free_.pop_back();
  return ticket;
}

Client::Open* Client::find(Ticket ticket, RequestNumber number) {
  if (ticket >= open_.size()) return nullptr;
  Open& open = open_[ticket];
  return open.number == number ? &open : nullptr;
}

}  // namespace caesura
