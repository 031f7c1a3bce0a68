#include "actors/request.hpp"

#include <algorithm>
#include <utility>

namespace caesura {

Request::Request(const Rules& rules) : rules_(&rules), life_(rules.policy.kind) {}
Request::Request(Request&&) noexcept = default;
Request::~Request() = default;

void Request::receive(const Start& start, Context& context) {
  number_ = start.number;
  ticket_ = start.ticket;
  arrived_ = start.arrived;
  started_ = context.now();
  to_client_ = {};
  first_ = {};
  used_ = {};
  delivered_ = {};
  last_answer_tokens_ = chunks_ = operations_done_ = 0;
  if (rules_->shared_plan) {
    plan_ = &*rules_->shared_plan;
  } else {
    if (!own_plan_) own_plan_ = std::make_unique<Plan>();
    expand(rules_->model, number_, *own_plan_);
    plan_ = own_plan_.get();
  }
  if (plan().has_forks) {
    if (!forked_) forked_ = std::make_unique<Forked>();
    forked_->strands.clear();
    forked_->free.clear();
    forked_->strand_of.assign(plan().operations, 0);
    forked_->done.assign(plan().operations, false);
  }
  if (rules_->model.timeout) {
    const Duration left = *rules_->model.timeout - (context.now() - arrived_);
    context.send_last(context.self(), TimeOut{}, std::max(left, zero_duration));
  }
  act(life_.start(), 0, context);
}

void Request::receive(const Cancel& cancel, Context& context) {
  if (!cancel_noted_ && !life_.has_ended()) note_cancel(context);
  const LifeCycle::CancelEffect effect = life_.cancel(in_progress(context));
  const Model& model = rules_->model;
  const Duration drawn = link_delay(model.links.client, model.seed, cancel.number, 0, Purpose::link_cancel_answer, cancel.copy);
  context.send(client_address, CancelAnswer{.number = cancel.number, .ticket = cancel.ticket, .verdict = effect.verdict},
               to_client_.delay(context.now(), drawn));
  act(effect.next, 0, context);
  if (effect.verdict == CancelVerdict::accepted && life_.is_cancelling()) schedule_abort(context);
}

void Request::receive(const Ask& ask, Context& context) {
  const auto id = strand_of(ask.operation);
  if (!id) return;
  const Duration duration = sample_of(rules_->model, number_, step_of(strand(*id))).duration;
  announce_cancels_during(*rules_, ask, duration, context);
  context.send(context.self(), Reply{.to = context.self(), .number = number_, .operation = ask.operation, .busy = duration}, duration);
}

void Request::receive(const Queued& queued, Context&) {
  if (const auto id = strand_of(queued.operation)) {
    strand(*id).state = Strand::State::queued;
  }
}

void Request::receive(const Started& started, Context& context) {
  if (const auto id = strand_of(started.operation)) {
    Strand& s = strand(*id);
    s.state = Strand::State::asked;
    s.starts = context.now();
    s.start_order = context.order();
  }
}

void Request::receive(const Reply& reply, Context& context) {
  const auto id = strand_of(reply.operation);
  if (!id) return;
  Strand& s = strand(*id);
  const PlanStep& step = step_of(s);
  const Money cost_before = used_.cost;
  const Tokens tokens_before = used_.tokens.sum();
  OperationResult result = reply.result;
  if (result != OperationResult::rejected) {
    const TokenCounts tokens{.input = {reply.input_tokens}, .cached_input = {reply.cached_input_tokens}, .output = {reply.output_tokens}};
    Amounts amounts{.tokens = tokens};
    amounts.busy[index_of(step.kind)] = reply.busy;
    if (step.kind != OperationKind::transaction) {
      const ServiceProfile& service = rules_->model.services[step.service];
      amounts.cost = cost_of(service.price, tokens);
      if (service.on_failure == OnFailure::go_on) result = OperationResult::ok;
    }
    used_ += amounts;
    ++operations_done_;
    if (plan().has_forks) forked_->done[step.number - 1] = true;
    if (step.last_model_call && step.chunk_tokens == 0) last_answer_tokens_ = reply.output_tokens;
    if (life_.is_cancelling()) note_hit(step.kind, reply.busy);
  }
  s.state = Strand::State::idle;
  if (result != OperationResult::rejected) ++s.step;
  if (result != OperationResult::ok) has_failed_ = true;
  watch_budget(cost_before, tokens_before, context);
  if (!life_.is_running()) --left_in_progress_;
  const bool goes_on = life_.is_running() && result == OperationResult::ok;
  act(life_.operation_ended(result, goes_on ? 0 : in_progress(context)), *id, context);
}

void Request::receive(const ModelChunk& chunk, Context& context) {
  if (!strand_of(chunk.operation) || life_.is_cancelling() || life_.has_ended()) return;
  ++chunks_;
  delivered_ += Tokens{chunk.tokens};
  const Model& model = rules_->model;
  const Duration drawn = link_delay(model.links.client, model.seed, number_, chunk.operation, Purpose::link_chunk_to_client, chunks_);
  context.send(client_address, Chunk{.number = number_, .ticket = ticket_, .index = chunks_, .tokens = chunk.tokens},
               to_client_.delay(context.now(), drawn));
}

void Request::receive(const WaitOver& wait, Context& context) {
  if (wait.strand >= strands()) return;
  Strand& s = strand(wait.strand);
  if (s.state != Strand::State::waiting || s.step != wait.step) return;
  s.state = Strand::State::idle;
  ++s.step;
  advance(wait.strand, context);
}

void Request::receive(const TimeOut&, Context& context) { act(life_.time_out(), 0, context); }

void Request::receive(const AbortDue&, Context& context) {
  if (!life_.is_cancelling()) return;
  bool is_first = true;
  for (std::uint32_t id = 0; id < strands(); ++id) {
    Strand& s = strand(id);
    if (!has_started(s, context) || !is_abortable(step_of(s))) continue;
    if (std::exchange(is_first, false)) note_hit(step_of(s).kind, sample_of(rules_->model, number_, step_of(s)).duration);
    cut_off(s, cancel_note_->aborted, context);
    --left_in_progress_;
  }
  act(life_.operations_aborted(left_in_progress_), 0, context);
}

void Request::receive(const Release&, Context& context) {
  life_ = LifeCycle(rules_->policy.kind);
  cancel_noted_ = has_failed_ = is_draining_ = false;
  left_in_progress_ = 0;
  context.end();
}

std::optional<std::uint32_t> Request::strand_of(std::uint32_t number) {
  const std::uint32_t id = plan().has_forks ? forked_->strand_of[number - 1] : 0;
  switch (strand(id).state) {
    case Strand::State::asked:
    case Strand::State::queued:
      if (step_of(strand(id)).number == number) return id;
      return std::nullopt;
    case Strand::State::idle:
    case Strand::State::waiting:
    case Strand::State::forked:
      return std::nullopt;
  }
  return std::nullopt;
}

/// Does what the rules say; `id`: the strand that goes on.
void Request::act(LifeCycle::Next next, std::uint32_t id, Context& context) {
  switch (next) {
    case LifeCycle::Next::nothing:
      return;
    case LifeCycle::Next::go_on:
      return advance(id, context);
    case LifeCycle::Next::drain:
      // The first time; then nothing is left that could be withdrawn.
      if (!is_draining_) drain(context);
      is_draining_ = true;
      return;
    case LifeCycle::Next::stop:
      return stop(context);
  }
}

void Request::advance(std::uint32_t id, Context& context) {
  if (!plan().has_forks) {
    take_step(0, context);
  } else {
    // A list of its own, not recursion: any number of branches may end at once.
    forked_->runnable.assign(1, id);
    while (!forked_->runnable.empty()) {
      const std::uint32_t next = forked_->runnable.back();
      forked_->runnable.pop_back();
      if (!take_step(next, context)) return;
    }
  }
}

/// Starts what the strand comes to. False if that was the plan's end.
bool Request::take_step(std::uint32_t id, Context& context) {
  Strand& s = strand(id);
  if (s.step == plan().steps.size()) {
    act(life_.work_done(), id, context);
    return false;
  }
  const PlanStep& step = step_of(s);
  switch (step.what) {
    case PlanStep::What::operation:
      ask(id, context);
      return true;
    case PlanStep::What::wait:
      s.state = Strand::State::waiting;
      context.send(context.self(), WaitOver{.strand = id, .step = s.step}, wait_of(rules_->model, number_, step));
      return true;
    case PlanStep::What::fork:
      fork(id);
      return true;
    case PlanStep::What::branch_begin:
      ++s.step;
      return take_step(id, context);
    case PlanStep::What::branch_end:
      return end_branch(id);
  }
  return true;
}

void Request::fork(std::uint32_t id) {
  const std::uint32_t at = strand(id).step;
  const PlanStep& step = plan().steps[at];
  if (step.branches() == 0) {
    strand(id).step = step.next();
    forked_->runnable.push_back(id);
    return;
  }
  strand(id).state = Strand::State::forked;
  strand(id).branches = step.branches();
  const std::size_t first_runnable = forked_->runnable.size();
  std::uint32_t begin = at + 1;
  for (std::uint32_t b = 0; b < step.branches(); ++b) {
    std::uint32_t child = 0;
    if (forked_->free.empty()) {
      forked_->strands.emplace_back();
      child = static_cast<std::uint32_t>(forked_->strands.size());
    } else {
      child = forked_->free.back();
      forked_->free.pop_back();
    }
    strand(child) = Strand{.step = begin, .parent = id};
    forked_->runnable.push_back(child);
    begin = plan().steps[begin].next();
  }
  std::reverse(forked_->runnable.begin() + static_cast<std::ptrdiff_t>(first_runnable), forked_->runnable.end());
}

bool Request::end_branch(std::uint32_t id) {
  const std::uint32_t parent = strand(id).parent;
  strand(id).state = Strand::State::idle;
  forked_->free.push_back(id);
  if (--strand(parent).branches == 0) {
    Strand& p = strand(parent);
    p.state = Strand::State::idle;
    p.step = step_of(p).next();
    forked_->runnable.push_back(parent);
  }
  return true;
}

void Request::ask(std::uint32_t id, Context& context) {
  Strand& s = strand(id);
  const PlanStep& step = step_of(s);
  if (plan().has_forks) forked_->strand_of[step.number - 1] = id;
  const Model& model = rules_->model;
  Address performer = context.self();
  Duration delay = zero_duration;
  if (step.kind != OperationKind::transaction) {
    performer = service_address(step.service);
    delay = link_delay(link_to(model.links, model.services[step.service].kind), model.seed, number_, step.number, Purpose::link_ask);
  }
  s.state = Strand::State::asked;
  s.starts = after(context.now(), delay);
  s.start_order = context.reserve(1);
  context.send_in_place(s.start_order, performer,
                        Ask{.from = context.self(),
                            .number = number_,
                            .operation = step.number,
                            .model_call = step.model_call,
                            .chunk_tokens = step.chunk_tokens,
                            .ticket = ticket_,
                            .kind = step.kind,
                            .first_of_kind = step.first_of_kind},
                        delay);
}

bool Request::has_started(const Strand& s, const Context& context) const {
  if (s.state != Strand::State::asked) return false;
  return s.starts < context.now() || (s.starts == context.now() && s.start_order < context.order());
}

std::uint32_t Request::in_progress(const Context& context) {
  if (!life_.is_running()) return left_in_progress_;
  std::uint32_t count = 0;
  for (std::uint32_t id = 0; id < strands(); ++id) count += has_started(strand(id), context) ? 1U : 0U;
  return count;
}

/// Remembers the first cancel's time, and what was used by then.
void Request::note_cancel(const Context& context) {
  if (!cancel_note_) cancel_note_ = std::make_unique<CancelNote>();
  cancel_noted_ = true;
  *cancel_note_ = {};
  cancel_note_->received = context.now();
  cancel_note_->used = used_;
  cancel_note_->had_failed = has_failed_;
  for (std::uint32_t id = 0; id < strands(); ++id) {
    const Strand& s = strand(id);
    if (!has_started(s, context)) continue;
    const PlanStep& step = step_of(s);
    const Usage usage = usage_so_far(sample_of(rules_->model, number_, step), context.now() - s.starts);
    cancel_note_->used += amounts_of(step, usage);
  }
}

void Request::watch_budget(Money cost_before, Tokens tokens_before, Context& context) {
  if (!rules_->cancels_on_budget) return;
  const std::vector<CancelSource>& sources = rules_->model.cancels;
  for (std::size_t s = 0; s < sources.size(); ++s) {
    bool exceeded = false;
    if (const auto* cost = std::get_if<CancelOverCost>(&sources[s].moment)) {
      exceeded = cost_before <= cost->limit && used_.cost > cost->limit;
    } else if (const auto* tokens = std::get_if<CancelOverTokens>(&sources[s].moment)) {
      exceeded = tokens_before <= tokens->limit && used_.tokens.sum() > tokens->limit;
    }
    if (!exceeded || !is_active(rules_->model, number_, s)) continue;
    context.relay(client_address, MomentKnown{.number = number_,
                                              .ticket = ticket_,
                                              .source = static_cast<std::uint16_t>(s),
                                              .delay = zero_duration,
                                              .place = context.reserve(sources[s].times)});
  }
}

/// Leaves only what is in progress.
void Request::drain(Context& context) {
  left_in_progress_ = 0;
  for (std::uint32_t id = 0; id < strands(); ++id) {
    Strand& s = strand(id);
    if (has_started(s, context)) {
      ++left_in_progress_;
      continue;
    }
    if (s.state == Strand::State::queued || s.state == Strand::State::asked) withdraw(s, context);
    s.state = Strand::State::idle;
  }
}

/// Relayed: it has to be there before an Ask that is due now, or that comes of what is sent now.
void Request::withdraw(const Strand& s, Context& context) {
  const PlanStep& step = step_of(s);
  if (step.kind == OperationKind::transaction) return;  // its own Ask will find nobody waiting
  context.relay(
      service_address(step.service),
      Withdraw{.from = context.self(), .operation = step.number, .asked = has_started(s, context) || s.state == Strand::State::queued});
}

bool Request::is_abortable(const PlanStep& step) const {
  if (!rules_->policy.aborts[index_of(step.kind)] || step.kind == OperationKind::transaction) return false;
  return !rules_->model.services[step.service].transactional;
}

/// Last of its instant: a reply that is due then comes first.
void Request::schedule_abort(Context& context) {
  for (std::uint32_t id = 0; id < strands(); ++id) {
    if (!has_started(strand(id), context) || !is_abortable(step_of(strand(id)))) continue;
    return context.send_last(context.self(), AbortDue{}, rules_->policy.abort_delay);
  }
}

/// Remembers an operation in progress that ends while the request is cancelling, until a later one does.
void Request::note_hit(OperationKind kind, Duration duration) {
  cancel_note_->cancelled_in = index_of(kind);
  cancel_note_->operation_hit = duration;
}

void Request::stop(Context& context) {
  RequestReport report;
  report.number = number_;
  report.ticket = ticket_;
  report.outcome = *life_.outcome();
  report.started = started_;
  report.stopped = context.now();
  CutOffs timed_out;
  CutOffs& cut_offs = cancel_noted_ ? cancel_note_->aborted : timed_out;
  bool is_first = true;
  for (std::uint32_t id = 0; id < strands(); ++id) {
    Strand& s = strand(id);
    if (!has_started(s, context)) continue;
    if (cancel_noted_ && std::exchange(is_first, false)) {
      note_hit(step_of(s).kind, sample_of(rules_->model, number_, step_of(s)).duration);
    }
    cut_off(s, cut_offs, context);
  }
  drain(context);
  close_books(report, cut_offs);
  context.report(report);

  const Model& model = rules_->model;
  const Duration drawn = link_delay(model.links.client, model.seed, number_, 0, Purpose::link_answer);
  const Duration delay = to_client_.delay(context.now(), drawn);
  context.relay(directory_address, Ended{.ticket = ticket_, .outcome = report.outcome, .client_link_free = to_client_.free});
  context.send(client_address, Answer{.number = number_, .ticket = ticket_, .outcome = report.outcome}, delay);
}

/// Ends an operation in progress now; what is transactional is counted in full and runs on.
void Request::cut_off(Strand& s, CutOffs& cut_offs, Context& context) {
  const PlanStep& step = step_of(s);
  const OperationSample sample = sample_of(rules_->model, number_, step);
  const Duration elapsed = context.now() - s.starts;
  Usage usage = whole_usage(sample);
  if (step.kind != OperationKind::transaction) {
    const ServiceProfile& service = rules_->model.services[step.service];
    usage = usage_if_cut_off(service, sample, elapsed);
    if (elapsed < sample.duration && !service.transactional) {
      ++cut_offs.count[index_of(step.kind)];
      if (service.side_effects == SideEffects::unsafe) ++cut_offs.unsafe;
      if (is_held(service, step.chunk_tokens)) withdraw(s, context);
    }
  }
  const Amounts used = amounts_of(step, usage);
  used_ += used;
  cut_offs.rest += amounts_of(step, whole_usage(sample)) - used;
  cut_offs.billed_less += usage.used;
  cut_offs.billed_more += usage.billed;
  if (cancel_noted_) {
    // A provider that bills nothing for what was cut off takes back what had been counted when the cancel came; nothing is used up then.
    const Usage at_cancel = usage_so_far(sample, cancel_note_->received - s.starts);
    const Money counted = cancel_note_->received < s.starts ? Money{} : amounts_of(step, at_cancel).cost;
    if (used.cost < counted) cancel_note_->used.cost -= counted - used.cost;
  }
  s.state = Strand::State::idle;
  if (plan().has_forks) forked_->done[step.number - 1] = true;
  ++s.step;
}

Amounts Request::amounts_of(const PlanStep& step, const Usage& usage) const {
  Amounts amounts{.tokens = usage.used};
  amounts.busy[index_of(step.kind)] = usage.busy;
  if (step.kind != OperationKind::transaction) amounts.cost = cost_of(rules_->model.services[step.service].price, usage.billed);
  return amounts;
}

/// Whether some line of work has a wait before it still.
bool Request::is_wait_left() {
  for (std::uint32_t id = 0; id < strands(); ++id) {
    for (std::size_t i = strand(id).step; i < plan().steps.size();) {
      const PlanStep& step = plan().steps[i];
      if (step.what == PlanStep::What::wait) return true;
      if (step.what == PlanStep::What::branch_end) break;
      i = step.what == PlanStep::What::fork ? step.next() : i + 1;
    }
  }
  return false;
}

/// Summed up by itself, so that the ledger can be checked against it.
Amounts Request::planned_amounts() const {
  Amounts sum;
  for (const PlanStep& step : plan().steps) {
    if (step.what == PlanStep::What::operation) sum += amounts_of(step, whole_usage(sample_of(rules_->model, number_, step)));
  }
  return sum;
}

void Request::close_books(RequestReport& report, const CutOffs& cut_offs) {
  const Model& model = rules_->model;
  const bool cancelled = report.outcome == Outcome::cancelled;
  (cancelled ? report.saved : report.forgone) += cut_offs.rest;

  std::optional<PlannedTimes> planned;
  if (cancelled && rules_->failures_end_requests) planned = planned_times(model, number_, plan());
  const auto would_be_reached = [&](const PlanStep& step) {
    return cancelled && !cancel_note_->had_failed && !(planned && planned->fatal && planned->starts[step.number - 1] >= *planned->fatal);
  };
  const std::uint32_t first_left = plan().has_forks ? 0 : first_.step;
  for (std::size_t i = first_left; i < plan().steps.size(); ++i) {
    const PlanStep& step = plan().steps[i];
    if (step.what != PlanStep::What::operation || (plan().has_forks && forked_->done[step.number - 1])) continue;
    (would_be_reached(step) ? report.saved : report.forgone) += amounts_of(step, whole_usage(sample_of(model, number_, step)));
  }

  report.used = used_;
  report.planned = report.outcome == Outcome::completed ? report.used : planned_amounts();
  report.operations_planned = plan().operations;
  report.operations_done = operations_done_;
  report.billed = used_.tokens - cut_offs.billed_less;
  report.billed += cut_offs.billed_more;
  report.interrupted = cut_offs.count;
  report.interrupted_unsafe = cut_offs.unsafe;
  report.chunks_sent = chunks_;
  report.delivered = delivered_;
  if (report.outcome == Outcome::completed) report.delivered += Tokens{last_answer_tokens_};
  if (cancel_noted_) {
    report.cancel_received = cancel_note_->received;
    report.used_after_cancel = used_ - cancel_note_->used;
    if (cancelled) {
      report.cancelled_in = cancel_note_->cancelled_in;
      report.operation_hit = cancel_note_->operation_hit;
      report.answer_discarded = !has_failed_ && operations_done_ == plan().operations && !is_wait_left();
    }
  }
}

}  // namespace caesura
