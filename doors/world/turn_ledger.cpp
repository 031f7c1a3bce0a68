#include "doors/world/turn_ledger.hpp"

#include "actors/books.hpp"
#include "doors/world/attempt_usage.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace caesura {
namespace {

/// What happens to each operation of a plan if nobody cancels it, agents with workflows included:
/// whether it is reached before a failure that ends the request.
class Reach {
 public:
  explicit Reach(const TurnPlan& plan) : model_(plan.model()) {
    Plan own;
    expand(model_, plan.request(), own);
    walk(own, plan.request(), {}, true);
  }
  bool has(const OperationPath& path) const {
    const auto found = reached_.find(path);
    return found != reached_.end() && found->second;
  }

 private:
  void walk(const Plan& plan, RequestNumber request, const OperationPath& above, bool reached) {
    const PlannedTimes times = planned_times(model_, request, plan);
    for (const PlanStep& step : plan.steps) {
      if (step.what != PlanStep::What::operation) continue;
      const bool is_beyond = times.fatal && times.starts[step.number - 1] >= *times.fatal;
      const OperationPath path = above.child(step.number);
      reached_[path] = reached && !is_beyond;
      if (!step.is_child) continue;
      const ChildPlan child = plan_of_child(model_, request, step);
      walk(child.plan, child.number, path, reached_[path]);
    }
  }

  const Model& model_;
  std::map<OperationPath, bool> reached_;
};

/// Whether it was really interrupted, and not just about to end.
bool is_interrupted(const ServiceProfile& service, const Attempt& attempt) {
  if (attempt.end != AttemptEnd::cut_off || !attempt.started || service.transactional) return false;
  const auto whole = whole_duration(attempt.sample, attempt.pace);
  return !whole || *attempt.ended - *attempt.started < *whole;
}

/// a - b where that is positive, part by part.
Amounts excess(const Amounts& a, const Amounts& b) {
  const auto more = [](auto x, auto y) { return x > y ? x - y : decltype(x){}; };
  Amounts excess;
  excess.tokens.input = more(a.tokens.input, b.tokens.input);
  excess.tokens.cached_input = more(a.tokens.cached_input, b.tokens.cached_input);
  excess.tokens.output = more(a.tokens.output, b.tokens.output);
  excess.cost = more(a.cost, b.cost);
  for (std::size_t k = 0; k < operation_kinds; ++k) excess.busy[k] = more(a.busy[k], b.busy[k]);
  return excess;
}

/// The moment of the cancel, whoever tells of it: the driver, or, of a subject that gave up by
/// itself, the first signal or what it told its user.
std::optional<Time> cancel_moment(const TurnRecord& turn) {
  if (turn.cancelled || outcome_of(turn) != Outcome::cancelled) return turn.cancelled;
  std::optional<Time> first = turn.settlement ? std::optional(turn.settlement->at) : std::nullopt;
  for (const OperationRecord& operation : turn.operations) {
    for (const Attempt& attempt : operation.attempts) {
      if (attempt.told) first = std::min(first.value_or(*attempt.told), *attempt.told);
    }
  }
  return first;
}

/// Puts one request's books together.
class Bookkeeper {
 public:
  Bookkeeper(const TurnRecord& turn, Time now)
      : turn_(turn),
        model_(turn.plan.model()),
        now_(now),
        outcome_(outcome_of(turn)),
        cancel_(cancel_moment(turn)) {
    if (outcome_ == Outcome::cancelled) reach_.emplace(turn.plan);
  }

  TurnLedger close() {
    find_failures();
    for (const OperationRecord& operation : turn_.operations) enter(operation);
    for (const UnplannedRecord& call : turn_.unplanned) enter(call);
    ledger_.stray_signals = turn_.stray_signals;
    ledger_.refused_calls = turn_.refused_calls;
    find_left_out();
    finish_request();
    finish_client();
    return std::move(ledger_);
  }

 private:
  /// Which loops had been ended by a failure before the cancel: an agent's, and those that asked
  /// for it as far as its own failure ends them.
  void find_failures() {
    for (const OperationRecord& operation : turn_.operations) {
      if (operation.attempts.empty() || operation.completed) continue;
      const Attempt& last = operation.attempts.back();
      const bool is_fatal =
          last.end == AttemptEnd::failed && service_of(operation).on_failure == OnFailure::fail;
      if (!is_fatal || !cancel_ || *last.ended >= *cancel_) continue;
      OperationPath agent = operation.planned->path.parent();
      failed_.push_back(agent);
      while (!agent.empty() && ends_who_asked(agent)) {
        agent = agent.parent();
        failed_.push_back(agent);
      }
    }
  }

  bool ends_who_asked(const OperationPath& agent) const {
    for (const LoopStep& step : turn_.plan.loop_of(agent.parent())->steps) {
      for (const LoopCall& call : step.calls) {
        if (call.operation == agent)
          return model_.services[call.service].on_failure == OnFailure::fail;
      }
    }
    return false;
  }

  bool had_failed(const OperationPath& operation) const {
    return std::any_of(failed_.begin(), failed_.end(),
                       [&](const OperationPath& agent) { return operation.is_within(agent); });
  }

  const ServiceProfile& service_of(const OperationRecord& operation) const {
    return model_.services[operation.planned->step.service];
  }

  void enter(const OperationRecord& operation) {
    const PlannedOperation& planned = *operation.planned;
    const Amounts plan = amounts_of(model_, planned.step, whole_usage(planned.sample));
    Amounts used;
    for (const Attempt& attempt : operation.attempts) used += enter(operation, attempt);
    const Amounts rest = still_to_use(operation, plan);
    const Amounts sum = used + rest;
    RequestReport& report = ledger_.request;
    report.planned += plan;
    report.used += used;
    report.saved += rest;
    report.forgone += excess(plan, sum);
    ledger_.added += excess(sum, plan);
    const auto is_done = [](const Attempt& attempt) {
      return is_used_in_full(attempt.end) && !attempt.told;
    };
    const bool done = std::any_of(operation.attempts.begin(), operation.attempts.end(), is_done);
    if (done && planned.path.numbers.size() == 1) ++report.operations_done;
  }

  /// What a cancelled request would still have used of an operation.
  Amounts still_to_use(const OperationRecord& operation, const Amounts& plan) const {
    const OperationPath& path = operation.planned->path;
    if (!reach_ || had_failed(path) || !reach_->has(path)) return {};
    const auto& attempts = operation.attempts;
    if (std::any_of(attempts.begin(), attempts.end(), [](const Attempt& attempt) {
          return is_used_in_full(attempt.end) && attempt.end != AttemptEnd::lost;
        }))
      return {};
    if (attempts.empty() || attempts.back().end == AttemptEnd::lost) return plan;
    // Of what was given up because of the cancel, the rest; else the question would be asked again.
    const Attempt& last = attempts.back();
    const bool is_cut = last.end == AttemptEnd::in_progress ||
                        (last.end == AttemptEnd::cut_off && cancel_ && *last.ended >= *cancel_);
    if (!is_cut || !last.started) return plan;
    const Usage used = usage_of(service_of(operation), last, now_);
    Usage whole = whole_usage(last.sample);
    whole.busy = whole_duration(last.sample, last.pace).value_or(used.busy);
    const PlanStep& step = operation.planned->step;
    return amounts_of(model_, step, whole) - amounts_of(model_, step, used);
  }

  /// What it used.
  Amounts enter(const OperationRecord& operation, const Attempt& attempt) {
    const ServiceProfile& service = service_of(operation);
    const PlanStep& step = operation.planned->step;
    const OperationPath& path = operation.planned->path;
    const Usage usage = usage_of(service, attempt, now_);
    const Amounts used = amounts_of(model_, step, usage);
    RequestReport& report = ledger_.request;
    report.billed += usage.billed;
    if (is_interrupted(service, attempt)) {
      ++report.interrupted[index_of(step.kind)];
      if (service.side_effects == SideEffects::unsafe) ++report.interrupted_unsafe;
    }
    if (cancel_) {
      enter_after_cancel(attempt, step, used);
      note_cancel(attempt, path, step.kind);
    }
    if (attempt.started || attempt.ended)
      last_moment_ = std::max({last_moment_, attempt.started.value_or(Time{}),
                               attempt.ended.value_or(attempt.started ? now_ : Time{})});
    return used;
  }

  void enter_after_cancel(const Attempt& attempt, const PlanStep& step, const Amounts& used) {
    if (!attempt.started) return;
    if (!attempt.started_before_cancel && *attempt.started >= *cancel_) {
      ledger_.request.used_after_cancel += used;
      return;
    }
    const Duration elapsed = std::max(
        std::min(*cancel_, attempt.ended.value_or(now_)) - *attempt.started, zero_duration);
    Amounts before = amounts_of(model_, step, usage_so_far(attempt.sample, attempt.pace, elapsed));
    // A provider that bills nothing for what was cut off takes back what had been counted.
    before.cost = std::min(before.cost, used.cost);
    ledger_.request.used_after_cancel += used - before;
  }

  /// What the attempt tells of how the cancel was heeded.
  void note_cancel(const Attempt& attempt, const OperationPath& path, OperationKind kind) {
    const bool started_after =
        attempt.started && *attempt.started >= *cancel_ && !attempt.started_before_cancel;
    if (started_after) ledger_.started_after_cancel.push_back(path);
    const bool committed_after =
        attempt.committed &&
        (*attempt.committed > *cancel_ || (started_after && *attempt.committed == *cancel_));
    if (committed_after) ledger_.committed_after_cancel.push_back(path);
    if (attempt.told && *attempt.told >= *cancel_)
      ledger_.told.push_back({.kind = kind, .latency = *attempt.told - *cancel_});
    const bool outlived = attempt.started && (attempt.was_in_progress_at_cancel || !attempt.ended ||
                                              *attempt.ended > *cancel_);
    if (!outlived) return;
    if (!attempt.told && is_used_in_full(attempt.end)) ledger_.never_told.push_back(path);
    if (started_after) return;
    const Time ended = attempt.ended.value_or(now_);
    if (hit_ended_ && ended < *hit_ended_) return;
    hit_ended_ = ended;
    ledger_.request.cancelled_in = index_of(kind);
    ledger_.request.operation_hit = whole_duration(attempt.sample, attempt.pace);
  }

  void enter(const UnplannedRecord& call) {
    const ServiceProfile& service = model_.services[call.service];
    const Usage usage = usage_of(service, call.attempt, now_);
    ++ledger_.unplanned.calls;
    ledger_.unplanned.tokens += usage.used.sum();
    ledger_.unplanned.cost += cost_of(service.price, usage.billed);
    if (call.attempt.started || call.attempt.ended)
      last_moment_ = std::max(last_moment_, call.attempt.ended.value_or(now_));
    if (cancel_ && call.attempt.told && *call.attempt.told >= *cancel_)
      ledger_.told.push_back({.kind = call.kind, .latency = *call.attempt.told - *cancel_});
  }

  /// Operations that nobody asked for though a later one of their loop was.
  void find_left_out() {
    for (const AgentLoop& loop : turn_.plan.loops()) {
      std::vector<OperationPath> unasked;
      const auto look_at = [&](const OperationPath& path) {
        if (is_asked(path)) {
          ledger_.never_asked.insert(ledger_.never_asked.end(), unasked.begin(), unasked.end());
          unasked.clear();
        } else {
          unasked.push_back(path);
        }
      };
      for (const LoopStep& step : loop.steps) {
        look_at(step.operation);
        // Calls of one answer come in any order: only the next answer goes past them.
        for (const LoopCall& call : step.calls) {
          if (!is_asked(call.operation)) unasked.push_back(call.operation);
        }
      }
    }
  }

  bool is_asked(const OperationPath& path) const {
    // They are in the order of their paths.
    const auto before = [](const OperationRecord& operation, const OperationPath& other) {
      return operation.planned->path < other;
    };
    auto operation =
        std::lower_bound(turn_.operations.begin(), turn_.operations.end(), path, before);
    for (; operation != turn_.operations.end() && operation->planned->path.is_within(path);
         ++operation) {
      if (!operation->attempts.empty()) return true;
    }
    return false;
  }

  void finish_request() {
    RequestReport& report = ledger_.request;
    report.number = turn_.plan.request();
    report.outcome = outcome_;
    report.started = std::min({turn_.began.value_or(now_), cancel_.value_or(now_),
                               turn_.settlement ? turn_.settlement->at : now_});
    report.stopped = std::max(last_moment_, report.started);
    report.operations_planned = planned_operations();
    if (cancel_) report.cancel_received = cancel_;
    report.answer_discarded = outcome_ == Outcome::cancelled && turn_.is_played();
    if (outcome_ == Outcome::cancelled) {
      report.stopped = std::max(report.stopped, *cancel_);
    } else {
      report.cancelled_in = nothing_in_progress;
      report.operation_hit.reset();
    }
    count_delivered();
  }

  std::uint32_t planned_operations() const {
    Plan own;
    expand(model_, turn_.plan.request(), own);
    return own.operations;
  }

  /// Tokens that a user has seen: of streamed steps of the request's own plan until the cancel, and
  /// of a completed request's last call.
  void count_delivered() {
    RequestReport& report = ledger_.request;
    for (const OperationRecord& operation : turn_.operations) {
      const PlanStep& step = operation.planned->step;
      if (operation.planned->path.numbers.size() != 1 || operation.attempts.empty()) continue;
      const Attempt& last = operation.attempts.back();
      const bool heeded = outcome_ == Outcome::cancelled && cancel_.has_value();
      const std::uint32_t seen = heeded ? last.delivered_at_cancel : last.delivered;
      if (step.chunk_tokens > 0) {
        report.delivered += Tokens{seen};
        report.chunks_sent += (seen + step.chunk_tokens - 1) / step.chunk_tokens;
      } else if (step.last_model_call && outcome_ == Outcome::completed) {
        report.delivered += last.sample.tokens.output;
      }
    }
  }

  void finish_client() {
    ClientReport& client = ledger_.client;
    const RequestReport& report = ledger_.request;
    client.number = report.number;
    client.outcome = outcome_;
    client.arrived = report.started;
    const bool is_told = turn_.settlement.has_value();
    client.answered = std::max(is_told ? turn_.settlement->at : report.stopped, report.started);
    client.chunks_received = report.chunks_sent;
    if (turn_.user) take_users_moments(*turn_.user);
    if (!cancel_) return;
    const UserSide user = turn_.user.value_or(UserSide{.sent = {}});
    client.cancel_sent = std::min(user.cancel_sent.value_or(*cancel_), *cancel_);
    client.acknowledged = std::max(client.answered, *cancel_);
    count_cancels(user);
    if (is_told && turn_.settlement->at >= *cancel_)
      ledger_.settle_latency = turn_.settlement->at - *cancel_;
  }

  void take_users_moments(const UserSide& user) {
    ClientReport& client = ledger_.client;
    client.arrived = user.sent;
    client.answered = std::max(user.answered.value_or(client.answered), user.sent);
  }

  /// The first that comes in time is heeded or not, and so goes for all that come with it.
  void count_cancels(const UserSide& user) {
    ClientReport& client = ledger_.client;
    client.cancels_sent = std::max(user.cancels_sent, 1U);
    const std::uint32_t in_time = client.cancels_sent - user.cancels_behind;
    if (outcome_ == Outcome::cancelled) {
      client.cancels_accepted = std::min(in_time, 1U);
      client.cancels_already_cancelled = client.cancels_sent - client.cancels_accepted;
      return;
    }
    const bool is_late = *cancel_ > ledger_.request.stopped;
    client.cancels_too_late = user.cancels_behind + (is_late ? in_time : 0);
    client.cancels_ignored = is_late ? 0 : in_time;
  }

  const TurnRecord& turn_;
  const Model& model_;
  Time now_;
  Outcome outcome_;
  std::optional<Time> cancel_;
  std::optional<Reach> reach_;
  std::vector<OperationPath> failed_;  ///< loops, by their agents
  Time last_moment_{};
  std::optional<Time> hit_ended_;
  TurnLedger ledger_;
};

}  // namespace

Outcome outcome_of(const TurnRecord& turn) {
  if (turn.settlement) return turn.settlement->outcome;
  // The last of the plan, depth first: the own loop's last answer, or that of whom it hands off to.
  if (turn.operations.back().completed) return Outcome::completed;
  return turn.cancelled ? Outcome::cancelled : Outcome::failed;
}

TurnLedger ledger_of(const TurnRecord& turn, Time now) { return Bookkeeper(turn, now).close(); }

}  // namespace caesura
