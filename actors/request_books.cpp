#include "model/cancel_moments.hpp"
#include "actors/request.hpp"

#include <algorithm>
#include <utility>

namespace caesura {

/// Remembers the time of the first cancel of a request that has not ended, and what was used by
/// then.
void Request::note_cancel(Context& context) {
  if (cancel_note_ || life_.has_ended()) return;
  context.tell([&] { return event(RequestEvent::What::cancel_received, 0, context); });
  cancel_note_ = std::make_unique<CancelNote>();
  cancel_note_->received = context.now();
  cancel_note_->order = context.order();
  cancel_note_->used = used_;
  cancel_note_->had_failed = has_failed_;
  for (std::uint32_t id = 0; id < strands(); ++id) {
    const Strand& s = strand(id);
    if (!has_started(s, context)) continue;
    const PlanStep& step = step_of(s);
    if (step.is_child) continue;  // what it used is in its own books
    const Usage usage = usage_so_far(sample_of(step), context.now() - s.starts);
    add_usage(rules_->model, step, usage, cancel_note_->used);
  }
}

/// Remembers an operation in progress that ends while the request is cancelling, until a later one
/// does.
void Request::note_hit(const PlanStep& step, Duration service_time) {
  cancel_note_->cancelled_in = index_of(step.kind);
  cancel_note_->operation_hit.reset();
  if (!step.is_child) cancel_note_->operation_hit = service_time;
}

/// Enters an operation that ran to its end.
void Request::count_done(const Strand& s, const Reply& reply) {
  const PlanStep& step = step_of(s);
  const TokenCounts tokens{.input = {reply.input_tokens},
                           .cached_input = {reply.cached_input_tokens},
                           .output = {reply.output_tokens}};
  if (!step.is_child) {  // what a child used is in its own books
    const Usage usage{.used = tokens, .billed = tokens, .busy = reply.busy};
    add_usage(rules_->model, step, usage, used_);
    if (as_child()) count_run(s, amounts_of(rules_->model, step, usage));
  }
  ++operations_done_;
  if (step.last_model_call && step.chunk_tokens == 0) last_answer_tokens_ = reply.output_tokens;
  if (life_.is_cancelling()) note_hit(step, reply.busy);
}

/// A child's parent may want to know later when what was used.
void Request::count_run(const Strand& s, const Amounts& used) {
  if (!as_child()) return;
  as_child()->report.runs.push_back({.request = number_,
                                     .step = step_of(s),
                                     .start = s.starts,
                                     .start_order = s.start_order,
                                     .used = used});
}

/// Enters an operation that was given up `elapsed` after its start, and what became of it.
void Request::count_given_up(const Strand& s, RequestEvent::What what, CutOffs& cut_offs,
                             Duration elapsed) {
  const PlanStep& step = step_of(s);
  const OperationSample sample = sample_of(step);
  Usage usage = whole_usage(sample);
  if (step.kind != OperationKind::transaction) {
    const ServiceProfile& service = rules_->model.services[step.service];
    usage = usage_if_cut_off(service, sample, elapsed);
    if (what == RequestEvent::What::cut_off) {
      ++cut_offs.count[index_of(step.kind)];
      if (service.side_effects == SideEffects::unsafe) ++cut_offs.unsafe;
    }
  }
  if (what == RequestEvent::What::ended) ++cut_offs.ended;
  const Amounts used = amounts_of(rules_->model, step, usage);
  used_ += used;
  count_run(s, used);
  cut_offs.rest += amounts_of(rules_->model, step, whole_usage(sample)) - used;
  cut_offs.billed_less += usage.used;
  cut_offs.billed_more += usage.billed;
  if (cancel_note_) {
    // A provider that bills nothing for what was cut off takes back what had been counted when the
    // cancel came; nothing is used up then.
    const Usage at_cancel = usage_so_far(sample, cancel_note_->received - s.starts);
    const Money counted = cancel_note_->received < s.starts
                              ? Money{}
                              : amounts_of(rules_->model, step, at_cancel).cost;
    if (used.cost < counted) cancel_note_->used.cost -= counted - used.cost;
  }
}

/// Strikes the books off those to come. False if they are not counted: the request took the
/// operation for one that never started.
bool Request::take_awaited(const ChildBooks& books) {
  if (const std::uint32_t id = strand_of(books.operation); id != no_strand) {
    strand(id).is_over = strand(id).has_books = true;
    return true;
  }
  const auto awaited =
      std::find_if(children()->awaited.begin(), children()->awaited.end(),
                   [&](const Children::Awaited& a) { return a.operation == books.operation; });
  if (awaited == children()->awaited.end()) return false;
  const bool is_counted = awaited->had_started;
  children()->awaited.erase(awaited);
  if (books.report == nullptr && is_counted) {
    // Real time: the request took it for started, and it never was.
    const auto step =
        std::find_if(plan().steps.begin(), plan().steps.end(), [&](const PlanStep& p) {
          return p.what == PlanStep::What::operation && p.number == books.operation;
        });
    const PlannedUse rest = planned_use(rules_->model, number_, *step);
    (life_.outcome() == Outcome::cancelled || life_.is_cancelling() ? children()->sums.saved
                                                                    : children()->sums.forgone) +=
        rest.sum();
  }
  return is_counted;
}

void Request::count_child(const ChildReport& child, std::uint32_t operation) {
  const RequestReport& report = child.request;
  RequestReport& sums = children()->sums;
  sums.used += report.used;
  sums.saved += report.saved;
  sums.forgone += report.forgone;
  sums.billed += report.billed;
  sums.orphans += report.orphans;
  for (std::size_t k = 0; k < operation_kinds; ++k) sums.interrupted[k] += report.interrupted[k];
  sums.interrupted_unsafe += report.interrupted_unsafe;
  children()->runs.insert(children()->runs.end(), child.runs.begin(), child.runs.end());
  if (rules_->cancels_on_budget && !as_child()) {
    children()->unheard.push_back({operation, report.used.cost, report.used.tokens.sum()});
    if (strand_of(operation) == no_strand) hear_of_spending(operation);
  }
  const auto left = std::find_if(children()->left.begin(), children()->left.end(),
                                 [&](const Children::Left& l) { return l.operation == operation; });
  if (left == children()->left.end()) return;
  Orphans orphan{.count = 1, .ran_on = report.stopped - left->at, .tokens = {}, .cost = {}};
  for (const OperationRun& run : child.runs) {
    const Amounts used = used_since(rules_->model, run, left->at, left->order);
    orphan.tokens += used.tokens.sum();
    orphan.cost += used.cost;
  }
  sums.orphans += orphan;
}

/// What a child has spent its parent knows when it has the reply.
void Request::hear_of_spending(std::uint32_t operation) {
  std::vector<Children::Spent>& unheard = children()->unheard;
  const auto spent = std::find_if(unheard.begin(), unheard.end(), [&](const Children::Spent& s) {
    return s.operation == operation;
  });
  if (spent == unheard.end()) return;  // it has orphans of its own: its books come when they end
  children()->heard.cost += spent->cost;
  children()->heard.tokens += spent->tokens;
  unheard.erase(spent);
}

void Request::watch_budget(Money cost_before, Tokens tokens_before, Context& context) {
  Money cost = used_.cost;
  Tokens tokens = used_.tokens.sum();
  if (children()) {
    const Children::Spent before = std::exchange(children()->seen, children()->heard);
    cost_before += before.cost;
    tokens_before += before.tokens;
    cost += children()->seen.cost;
    tokens += children()->seen.tokens;
  }
  const std::vector<CancelSource>& sources = rules_->model.cancels;
  for (std::size_t s = 0; s < sources.size(); ++s) {
    if (!cancels_over_budget(rules_->model, number_, s, {cost_before, tokens_before},
                             {cost, tokens}))
      continue;
    context.relay(client_address, MomentKnown{.number = number_,
                                              .ticket = ticket_,
                                              .source = static_cast<std::uint16_t>(s),
                                              .delay = zero_duration,
                                              .place = context.reserve(sources[s].times)});
  }
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

/// `cut_offs`: null if there were none.
void Request::close_books(RequestReport& report, const CutOffs* cut_offs) {
  const Model& model = rules_->model;
  const bool cancelled = report.outcome == Outcome::cancelled;
  report.billed = used_.tokens;
  if (cut_offs != nullptr) {
    (cancelled ? report.saved : report.forgone) += cut_offs->rest;
    report.billed -= cut_offs->billed_less;
    report.billed += cut_offs->billed_more;
    report.interrupted = cut_offs->count;
    report.interrupted_unsafe = cut_offs->unsafe;
  }

  std::optional<PlannedTimes> planned;
  if (cancelled && rules_->failures_end_requests) planned = planned_times(model, number_, plan());
  const auto would_be_reached = [&](const PlanStep& step) {
    return cancelled && !cancel_note_->had_failed &&
           !(planned && planned->fatal && planned->starts[step.number - 1] >= *planned->fatal);
  };
  report.used = used_;
  const bool used_it_all = report.outcome == Outcome::completed && !plan().has_children;
  if (used_it_all) report.planned = used_;
  // Else what was planned is summed up by itself, of what was used too, so that the ledger can be
  // checked against it.
  for (std::size_t i = 0; i < plan().steps.size() && !used_it_all; ++i) {
    const PlanStep& step = plan().steps[i];
    if (step.what != PlanStep::What::operation) continue;
    const bool is_done = plan().has_forks ? forked().done[step.number - 1] : i < first_.step;
    Amounts& rest = would_be_reached(step) ? report.saved : report.forgone;
    if (step.is_child) {
      const PlannedUse use = planned_use(model, number_, step);
      report.planned += use.sum();
      if (is_done) continue;
      rest += use.reached;
      report.forgone += use.beyond;
    } else {
      OperationSample room;  // a copy would have the processor wait for what was just written there
      const Usage use = whole_usage(caesura::sample_of(*rules_, ticket_, number_, step, room));
      add_usage(model, step, use, report.planned);
      if (!is_done) add_usage(model, step, use, rest);
    }
  }
  report.operations_planned = plan().operations;
  report.operations_done = operations_done_ + (cut_offs != nullptr ? cut_offs->ended : 0);
  report.chunks_sent = chunks_;
  report.delivered = delivered_;
  if (report.outcome == Outcome::completed) report.delivered += Tokens{last_answer_tokens_};
  if (cancel_note_) {
    report.cancel_received = cancel_note_->received;
    report.used_after_cancel = used_ - cancel_note_->used;
    if (cancelled) {
      report.cancelled_in = cancel_note_->cancelled_in;
      report.operation_hit = cancel_note_->operation_hit;
      report.answer_discarded =
          !has_failed_ && operations_done_ == plan().operations && !is_wait_left();
    }
  }
}

/// Gives the report to whom it is for, when all children's books are in.
void Request::hand_in(RequestReport& report, Context& context) {
  if (children()) {
    const RequestReport& sums = children()->sums;
    report.used += sums.used;
    report.saved += sums.saved;
    report.forgone += sums.forgone;
    report.billed += sums.billed;
    report.orphans = sums.orphans;
    for (std::size_t k = 0; k < operation_kinds; ++k) report.interrupted[k] += sums.interrupted[k];
    report.interrupted_unsafe += sums.interrupted_unsafe;
    if (cancel_note_) {
      for (const OperationRun& run : children()->runs) {
        report.used_after_cancel +=
            used_since(rules_->model, run, cancel_note_->received, cancel_note_->order);
      }
    }
  }
  if (!as_child()) return context.report(report);
  ChildReport& own = as_child()->report;
  own.request = report;
  if (children()) own.runs.insert(own.runs.end(), children()->runs.begin(), children()->runs.end());
  context.relay(as_child()->start.parent, ChildBooks{.operation = as_child()->start.operation,
                                                     .report = &own,
                                                     .child = context.self()});
}

}  // namespace caesura
