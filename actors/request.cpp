#include "actors/request.hpp"

#include "actors/joined_reports.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace caesura {

using What = RequestEvent::What;
using HowEnded = RequestEvent::HowEnded;

namespace {

HowEnded how_ended(OperationResult result) {
  switch (result) {
    case OperationResult::ok:
      return HowEnded::ok;
    case OperationResult::failed:
      return HowEnded::failed;
    case OperationResult::rejected:
      return HowEnded::rejected;
  }
  return HowEnded::ok;
}

}  // namespace

Request::Request(const Rules& rules) : rules_(&rules), life_(rules.policy.kind) {}
Request::Request(Request&&) noexcept = default;
Request::~Request() = default;

void Request::receive(const Start& start, Context& context) {
  number_ = start.number;
  ticket_ = start.ticket;
  wish(start.wishes);
  context.tell([&] { return event(What::began, 0, context); });
  if (!rules_->shared_plan) {
    expand(rules_->model, rules_->model.workflow, rules_->places, number_, special().own_plan);
    special_->plan = &special_->own_plan;
  }
  const std::optional<Duration> timeout = rules_->model.timeout;
  if (!timeout) return begin(context);
  const Duration left = *timeout - (context.now() - start.arrived);
  if (left > zero_duration) {
    context.send_last(context.self(), TimeOut{}, left);
    return begin(context);
  }
  // Its time is up, and it asks for nothing. At the very end of its time a cancel comes first
  // still.
  prepare(context);
  life_.start();
  if (left == zero_duration) return context.send_last(context.self(), TimeOut{}, left);
  life_.time_out();
  stop(context, -left);
}

void Request::receive(const StartChild& start, Context& context) {
  const Model& model = rules_->model;
  number_ = child_number(model.seed, start.parent_number, start.key);
  ticket_ = no_ticket;
  wish({.policy = start.policy, .held_operation = 0});
  special().as_child = std::make_unique<AsChild>();
  special_->as_child->start = start;
  context.tell([&] {
    RequestEvent began = event(What::began, start.operation, context);
    began.parent = start.parent;
    return began;
  });
  if (const auto& shared = rules_->shared_child_plans[start.service]) {
    special_->plan = &*shared;
  } else {
    expand(model, model.child_of(start.service)->workflow, rules_->child_places[start.service],
           number_, special_->own_plan);
    special_->plan = &special_->own_plan;
  }
  begin(context);
}

void Request::wish(const Wishes& wishes) {
  if (wishes.policy == Wishes::no_policy && wishes.held_operation == 0) return;
  special().wishes = wishes;
  life_ = LifeCycle(policy().kind);
}

const Policy& Request::policy() const {
  return policy_wish() == Wishes::no_policy ? rules_->policy
                                            : rules_->wished_policies[policy_wish()];
}

Request::Special& Request::special() {
  if (!special_) special_ = std::make_unique<Special>();
  return *special_;
}

void Request::begin(Context& context) {
  prepare(context);
  act(life_.start(), 0, context);
}

void Request::prepare(const Context& context) {
  if (rules_->latencies_ahead != nullptr) rules_->latencies_ahead->begin(ticket_, number_);
  started_ = context.now();
  to_client_ = {};
  first_ = {};
  used_ = {};
  delivered_ = {};
  last_answer_tokens_ = chunks_ = operations_done_ = 0;
  if (plan().has_forks) {
    Forked& forked = special().forked;
    forked.strands.clear();
    forked.free.clear();
    forked.strand_of.assign(plan().operations, 0);
    forked.done.assign(plan().operations, false);
  }
  if (plan().has_children) special().children = std::make_unique<Children>();
}

void Request::receive(const Cancel& cancel, Context& context) {
  note_cancel(context);
  const LifeCycle::CancelEffect effect = life_.cancel(in_progress(context));
  const Model& model = rules_->model;
  const Duration drawn = link_delay(model.links.client, model.seed, cancel.number, 0,
                                    Purpose::link_cancel_answer, cancel.copy);
  context.send(client_address,
               CancelAnswer{.number = cancel.number,
                            .ticket = cancel.ticket,
                            .copy = cancel.copy,
                            .verdict = effect.verdict},
               to_client_.delay(context.now(), drawn));
  obey(effect, context);
}

void Request::receive(const PassedCancel&, Context& context) {
  note_cancel(context);
  if (life_.has_ended()) return;
  obey(life_.cancel(in_progress(context)), context);
}

void Request::receive(const ParentEnded& end, Context& context) {
  if (life_.has_ended()) return;
  if (rules_->is_exact) expect_none_started(end.ended, context);
  as_child()->parent_ended = end.ended;
  if (end.cancelled) {
    note_cancel(context);
    act(life_.cancel(in_progress(context)).next, 0, context);
  }
  act(life_.time_out(), 0, context);
}

void Request::obey(const LifeCycle::CancelEffect& effect, Context& context) {
  act(effect.next, 0, context);
  if (effect.verdict != CancelVerdict::accepted || !life_.is_cancelling()) return;
  schedule_abort(context);
  pass_cancel_on(context);
}

void Request::receive(const Ask& ask, Context& context) {
  const std::uint32_t id = strand_of(ask.operation);
  if (id == no_strand) return;
  context.tell([&] {
    RequestEvent started = event(What::started, ask.operation, context);
    started.kind = ask.kind;
    return started;
  });
  const Duration duration = sample_of(step_of(strand(id))).duration;
  announce_cancels_during(*rules_, ask, duration, context);
  context.send(context.self(),
               Reply{.to = context.self(),
                     .number = number_,
                     .end = {ask.operation, OperationResult::ok},
                     .busy = duration},
               duration);
}

void Request::receive(const Queued& queued, Context& context) {
  const std::uint32_t id = strand_of(queued.operation);
  if (id == no_strand) return;
  strand(id).state = Strand::State::queued;
  context.tell([&] {
    return event(queued.turned_away ? What::turned_away : What::queued, queued.operation, context);
  });
}

void Request::receive(const Started& started, Context& context) {
  const std::uint32_t id = strand_of(started.operation);
  if (id == no_strand) {
    if (rules_->is_exact) fail_started();
    return;
  }
  Strand& s = strand(id);
  s.state = Strand::State::asked;
  s.starts = context.now();
  s.start_order = context.order();
}

void Request::receive(const Reply& reply, Context& context) {
  const bool is_held = special_ && special_->wishes.held_operation == reply.end.operation();
  if (is_held && reply.end.result() != OperationResult::rejected) {
    special_->held_reply = reply;
  } else {
    operation_over(reply, context);
  }
}

void Request::receive(const LetGo& let_go, Context& context) {
  if (let_go.number != number_ || !special_) return;
  special_->wishes.held_operation = 0;
  if (const auto reply = std::exchange(special_->held_reply, std::nullopt))
    operation_over(*reply, context);
}

void Request::operation_over(const Reply& reply, Context& context) {
  if (rules_->latencies_ahead != nullptr) rules_->latencies_ahead->prefetch(ticket_);
  const std::uint32_t id = strand_of(reply.end.operation());
  if (id == no_strand) return;
  Strand& s = strand(id);
  const PlanStep& step = step_of(s);
  const bool has_budget = rules_->cancels_on_budget && !as_child();
  const Money cost_before = used_.cost;
  const Tokens tokens_before = has_budget ? used_.tokens.sum() : Tokens{};
  OperationResult result = reply.end.result();
  context.tell([&] {
    RequestEvent ended = event(What::ended, step.number, context);
    ended.how = how_ended(result);
    return ended;
  });
  if (result == OperationResult::rejected) {
    s.state = Strand::State::idle;
  } else {
    if (step.kind != OperationKind::transaction &&
        rules_->model.services[step.service].on_failure == OnFailure::go_on) {
      result = OperationResult::ok;
    }
    if (step.is_child && !s.has_books)
      children()->awaited.push_back({.operation = step.number, .had_started = true});
    count_done(s, reply);
    pass(s);
  }
  if (result != OperationResult::ok) has_failed_ = true;
  if (has_budget && step.is_child) hear_of_spending(step.number);
  if (has_budget) watch_budget(cost_before, tokens_before, context);
  if (!life_.is_running()) --left_in_progress_;
  const bool goes_on = life_.is_running() && result == OperationResult::ok;
  act(life_.operation_ended(result, goes_on ? 0 : in_progress(context)), id, context);
}

void Request::receive(const ModelChunk& chunk, Context& context) {
  const std::uint32_t id = strand_of(chunk.operation);
  if (id == no_strand || life_.is_cancelling() || life_.has_ended()) return;
  ++chunks_;
  delivered_ += Tokens{chunk.tokens};
  const Model& model = rules_->model;
  const Duration drawn =
      link_delay(model.links.client, model.seed, number_, step_of(strand(id)).key,
                 Purpose::link_chunk_to_client, chunks_);
  context.send(client_address,
               Chunk{.number = number_,
                     .ticket = ticket_,
                     .operation = chunk.operation,
                     .index = chunks_,
                     .tokens = chunk.tokens},
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
    if (std::exchange(is_first, false)) note_hit(step_of(s), whole_duration(s));
    cut_off(s, cancel_note_->aborted, context);
    --left_in_progress_;
  }
  act(life_.operations_aborted(left_in_progress_), 0, context);
}

void Request::receive(const ChildStopped& stopped, Context&) {
  const std::uint32_t id = strand_of(stopped.operation);
  if (id != no_strand) strand(id).is_over = true;
}

void Request::receive(const ChildBooks& books, Context& context) {
  const bool is_wanted = take_awaited(books);
  if (books.report != nullptr) {
    if (is_wanted) count_child(*books.report, books.operation);
    context.relay(books.child, Release{});
  }
  if (!children()->unfinished || !children()->awaited.empty()) return;
  hand_in(*children()->unfinished, context);
  children()->unfinished.reset();
  if (children()->may_go) go(context);
}

void Request::receive(const Release&, Context& context) {
  if (children() && children()->unfinished) {
    children()->may_go = true;
  } else {
    go(context);
  }
}

void Request::go(Context& context) {
  life_ = LifeCycle(rules_->policy.kind);
  if (special_) {
    special_->plan = nullptr;
    special_->wishes = {};
    special_->held_reply.reset();
    special_->children.reset();
    special_->as_child.reset();
  }
  cancel_note_.reset();
  has_failed_ = is_draining_ = false;
  left_in_progress_ = 0;
  context.end();
}

std::uint32_t Request::strand_of(std::uint32_t number) {
  const std::uint32_t id = plan().has_forks ? forked().strand_of[number - 1] : 0;
  switch (strand(id).state) {
    case Strand::State::asked:
    case Strand::State::queued:
      return step_of(strand(id)).number == number ? id : no_strand;
    case Strand::State::idle:
    case Strand::State::waiting:
    case Strand::State::forked:
      return no_strand;
  }
  return no_strand;
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
    forked().runnable.assign(1, id);
    while (!forked().runnable.empty()) {
      const std::uint32_t next = forked().runnable.back();
      forked().runnable.pop_back();
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
      context.send(context.self(), WaitOver{.strand = id, .step = s.step},
                   wait_of(rules_->model, number_, step));
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
    forked().runnable.push_back(id);
    return;
  }
  strand(id).state = Strand::State::forked;
  strand(id).branches = step.branches();
  const std::size_t first_runnable = forked().runnable.size();
  std::uint32_t begin = at + 1;
  for (std::uint32_t b = 0; b < step.branches(); ++b) {
    std::uint32_t child = 0;
    if (forked().free.empty()) {
      forked().strands.emplace_back();
      child = static_cast<std::uint32_t>(forked().strands.size());
    } else {
      child = forked().free.back();
      forked().free.pop_back();
    }
    strand(child) = Strand{.step = begin, .parent = id};
    forked().runnable.push_back(child);
    begin = plan().steps[begin].next();
  }
  std::reverse(forked().runnable.begin() + static_cast<std::ptrdiff_t>(first_runnable),
               forked().runnable.end());
}

bool Request::end_branch(std::uint32_t id) {
  const std::uint32_t parent = strand(id).parent;
  strand(id).state = Strand::State::idle;
  forked().free.push_back(id);
  if (--strand(parent).branches == 0) {
    Strand& p = strand(parent);
    p.state = Strand::State::idle;
    p.step = step_of(p).next();
    forked().runnable.push_back(parent);
  }
  return true;
}

void Request::ask(std::uint32_t id, Context& context) {
  Strand& s = strand(id);
  const PlanStep& step = step_of(s);
  if (plan().has_forks) forked().strand_of[step.number - 1] = id;
  const Model& model = rules_->model;
  Address performer = context.self();
  Duration delay = zero_duration;
  if (step.kind != OperationKind::transaction) {
    performer = service_address(step.service);
    delay = link_delay(link_to(model.links, model.services[step.service].kind), model.seed, number_,
                       step.key, Purpose::link_ask);
  }
  s.state = Strand::State::asked;
  s.is_over = s.has_books = false;
  s.starts = after(context.now(), delay);
  s.start_order = context.reserve(1);
  context.tell([&] { return event(What::asked, step.number, context); });
  context.send_in_place(s.start_order, performer,
                        Ask{.from = context.self(),
                            .number = number_,
                            .operation = step.number,
                            .model_call = step.model_call,
                            .chunk_tokens = step.chunk_tokens,
                            .ticket = ticket_,
                            .kind = step.kind,
                            .first_of_kind = step.first_of_kind,
                            .policy = policy_wish(),
                            .key = step.key},
                        delay);
}

bool Request::has_started(const Strand& s, const Context& context) const {
  if (s.state != Strand::State::asked) return false;
  return s.starts < context.now() || (s.starts == context.now() && s.start_order < context.order());
}

std::uint32_t Request::in_progress(const Context& context) {
  if (!life_.is_running()) return left_in_progress_;
  std::uint32_t count = 0;
  for (std::uint32_t id = 0; id < strands(); ++id)
    count += has_started(strand(id), context) ? 1U : 0U;
  return count;
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
    if (s.state == Strand::State::queued || s.state == Strand::State::asked) {
      context.tell([&] { return event(What::withdrawn, step_of(s).number, context); });
      withdraw(s, context);
    }
    s.state = Strand::State::idle;
  }
}

/// Relayed: it has to be there before an Ask that is due now, or that comes of what is sent now.
void Request::withdraw(const Strand& s, Context& context) {
  const PlanStep& step = step_of(s);
  if (step.kind == OperationKind::transaction) return;  // its own Ask will find nobody waiting
  const bool had_started = has_started(s, context);
  const bool asked = had_started || s.state == Strand::State::queued;
  if (step.is_child && !s.has_books)
    children()->awaited.push_back({.operation = step.number, .had_started = had_started});
  context.relay(
      service_address(step.service),
      Withdraw{.from = context.self(),
               .operation = step.number,
               .asked = asked,
               .cancelled = life_.outcome() == Outcome::cancelled || life_.is_cancelling(),
               .ended = children() ? children()->ended : 0});
}

/// In a child of a request that has ended, at this instant, in the place `ended`.
void Request::expect_none_started(Order ended, const Context& context) const {
  for (std::uint32_t id = 0; id < strands(); ++id) {
    const Strand& s = strand(id);
    if (has_started(s, context) && s.starts == context.now() && s.start_order > ended)
      fail_started();
  }
}

void Request::fail_started() const {
  const bool is_child = special_ && special_->as_child;
  const RequestNumber number = is_child ? special_->as_child->start.parent_number : number_;
  throw BrokenInvariant(
      "broken invariant: " + std::string(is_child ? "a child of " : "") + "request " +
      std::to_string(number) + " of seed " + std::to_string(rules_->model.seed.value) +
      ": something started in it that it had withdrawn" + "; please report this with the scenario");
}

bool Request::is_abortable(const PlanStep& step) const {
  if (!policy().aborts[index_of(step.kind)] || step.kind == OperationKind::transaction)
    return false;
  if (step.is_child && rules_->model.child_of(step.service)->propagate) return false;
  return !rules_->model.services[step.service].transactional;
}

/// Last of its instant: a reply that is due then comes first.
void Request::schedule_abort(Context& context) {
  for (std::uint32_t id = 0; id < strands(); ++id) {
    if (!has_started(strand(id), context) || !is_abortable(step_of(strand(id)))) continue;
    return context.send_last(context.self(), AbortDue{}, policy().abort_delay);
  }
}

/// To the children that are to be told of it.
void Request::pass_cancel_on(Context& context) {
  if (!plan().has_children) return;
  const Model& model = rules_->model;
  for (std::uint32_t id = 0; id < strands(); ++id) {
    if (!has_started(strand(id), context)) continue;
    const PlanStep& step = step_of(strand(id));
    if (!step.is_child || !model.child_of(step.service)->propagate) continue;
    const Duration delay =
        link_delay(model.links.agent, model.seed, number_, step.key, Purpose::link_cancel_to_agent);
    context.send(service_address(step.service),
                 PassedCancel{.from = context.self(), .operation = step.number}, delay);
  }
}

/// Withdraws all that has not started, then cuts off what has. `ago`: above 0 if its time was up
/// before it was here.
void Request::stop(Context& context, Duration ago) {
  RequestReport report;
  report.number = number_;
  report.ticket = ticket_;
  report.outcome = *life_.outcome();
  report.started = started_;
  report.stopped = context.now() - ago;
  if (children()) {
    const Order parent_ended = as_child() ? as_child()->parent_ended : 0;
    children()->ended = parent_ended != 0 ? parent_ended : context.reserve(1);
  }
  drain(context);
  CutOffs* cut_offs = cancel_note_ ? &cancel_note_->aborted : nullptr;
  std::optional<CutOffs> timed_out;
  bool is_first = true;
  for (std::uint32_t id = 0; id < strands(); ++id) {
    Strand& s = strand(id);
    if (!has_started(s, context)) continue;
    if (cancel_note_ && std::exchange(is_first, false)) note_hit(step_of(s), whole_duration(s));
    if (cut_offs == nullptr) cut_offs = &timed_out.emplace();
    cut_off(s, *cut_offs, context);
  }
  context.tell([&] {
    RequestEvent stopped = event(What::stopped, 0, context);
    stopped.at = report.stopped;
    stopped.outcome = report.outcome;
    return stopped;
  });
  close_books(report, cut_offs);
  if (children() && !children()->awaited.empty()) {
    children()->unfinished = report;
    if (as_child())
      context.relay(as_child()->start.parent, ChildStopped{as_child()->start.operation});
  } else {
    hand_in(report, context);
  }
  tell_of_stop(report.outcome, report.stopped, context);
}

void Request::tell_of_stop(Outcome outcome, Time stopped, Context& context) {
  if (as_child()) {
    const StartChild& child = as_child()->start;
    const bool is_well = outcome == Outcome::completed || outcome == Outcome::cancelled;
    context.relay(child.agent, Reply{.to = child.parent,
                                     .number = child.parent_number,
                                     .end = {child.operation, is_well ? OperationResult::ok
                                                                      : OperationResult::failed},
                                     .busy = context.now() - started_});
    return;
  }
  const Model& model = rules_->model;
  const Duration drawn =
      link_delay(model.links.client, model.seed, number_, 0, Purpose::link_answer);
  const Duration delay = to_client_.delay(context.now(), drawn);
  context.relay(directory_address, Ended{.number = number_,
                                         .ticket = ticket_,
                                         .outcome = outcome,
                                         .stopped = stopped,
                                         .client_link_free = to_client_.free});
  context.send(client_address, Answer{.number = number_, .ticket = ticket_, .outcome = outcome},
               delay);
}

/// Gives up an operation in progress; what is transactional is counted in full and runs on.
void Request::cut_off(Strand& s, CutOffs& cut_offs, Context& context) {
  const PlanStep& step = step_of(s);
  if (step.is_child) return leave_child(s, cut_offs, context);
  const Duration elapsed = context.now() - s.starts;
  const What what = given_up_as(step, elapsed);
  count_given_up(s, what, cut_offs, elapsed);
  context.tell([&] {
    RequestEvent given_up = event(what, step.number, context);
    given_up.how = HowEnded::unheard;
    given_up.why = why_given_up();
    given_up.ends = after(s.starts, sample_of(step).duration);
    return given_up;
  });
  if (what == What::cut_off && is_held(rules_->model, step.service, step.chunk_tokens))
    withdraw(s, context);
  pass(s);
}

/// What becomes of an operation, no child, that its request gives up `elapsed` after its start.
RequestEvent::What Request::given_up_as(const PlanStep& step, Duration elapsed) const {
  if (elapsed >= sample_of(step).duration) return What::ended;
  const bool runs_on =
      step.kind == OperationKind::transaction || rules_->model.services[step.service].transactional;
  return runs_on ? What::left_running : What::cut_off;
}

RequestEvent::GivenUp Request::why_given_up() const {
  if (life_.is_cancelling()) return RequestEvent::GivenUp::by_abort;
  return as_child() ? RequestEvent::GivenUp::by_parent : RequestEvent::GivenUp::by_limit;
}

RequestEvent Request::event(What what, std::uint32_t operation, const Context& context) const {
  RequestEvent event;
  event.what = what;
  event.request = context.self();
  event.number = number_;
  event.ticket = ticket_;
  event.operation = operation;
  event.at = context.now();
  return event;
}

/// Ends a child that is told of cancels; leaves another as an orphan. If its reply is on the way,
/// nothing is left to do.
void Request::leave_child(Strand& s, CutOffs& cut_offs, Context& context) {
  const PlanStep& step = step_of(s);
  const bool is_told = rules_->model.child_of(step.service)->propagate;
  const bool is_orphan = !s.is_over && !is_told;
  context.tell([&] {
    RequestEvent left = event(is_orphan ? What::cut_off : What::ended, step.number, context);
    left.how = s.is_over ? HowEnded::unheard : HowEnded::with_caller;
    left.why = why_given_up();
    left.is_orphan = is_orphan;
    return left;
  });
  if (s.is_over) {
    ++cut_offs.ended;
    if (!s.has_books)
      children()->awaited.push_back({.operation = step.number, .had_started = true});
  } else {
    withdraw(s, context);
    if (is_orphan) {
      ++cut_offs.count[index_of(step.kind)];
      children()->left.push_back(
          {.operation = step.number, .at = context.now(), .order = context.order()});
    }
  }
  pass(s);
}

/// Of its operation, if nothing cuts that off; 0 of a child request, which has none of its own.
Duration Request::whole_duration(const Strand& s) const {
  return step_of(s).is_child ? zero_duration : sample_of(step_of(s)).duration;
}

/// The strand has an operation behind it.
void Request::pass(Strand& s) {
  if (plan().has_forks) forked().done[step_of(s).number - 1] = true;
  s.state = Strand::State::idle;
  ++s.step;
}

}  // namespace caesura
