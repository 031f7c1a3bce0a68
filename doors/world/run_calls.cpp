#include "doors/world/run_calls.hpp"

#include "doors/live/call_faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using What = CallEvent::What;

/// A cancel that comes so soon after its call's end may have crossed the answer.
constexpr Duration crossing = 250ms;

RefusalKind kind_of_status(unsigned status) {
  switch (status) {
    case 401:
      return RefusalKind::unauthorized;
    case 403:
      return RefusalKind::forbidden;
    case 404:
      return RefusalKind::not_found;
    case 413:
      return RefusalKind::too_large;
    case 429:
      return RefusalKind::rate_limited;
    case 503:
    case 529:
      return RefusalKind::overloaded;
    default:
      return status < 500 ? RefusalKind::bad_request : RefusalKind::server_error;
  }
}

void close_attempt(Attempt& attempt, AttemptEnd end, Time at) {
  attempt.end = end;
  attempt.ended = at;
}

}  // namespace

RunCalls::RunCalls(Loop& loop, const Scenario& scenario, const RunCallsOptions& options,
                   RunJournal& journal)
    : loop_(loop),
      scenario_(scenario),
      options_(options),
      journal_(journal),
      services_(scenario, {.manual_clock = options.manual_clock,
                           .time_scale = options.time_scale,
                           .own_seeds = options.own_seeds,
                           .on_events = [this] { loop_.post([this] { take_events(); }); }}) {}

const CallFault* RunCalls::fault_of(const RunRecord& run, const OperationPath& path,
                                    std::uint32_t attempt) const {
  const CallFault* own = fault_for(run.faults, path.numbers, attempt);
  return own != nullptr ? own : fault_for(scenario_.world.faults, path.numbers, attempt);
}

/// A loop must end; but a step's calls may come in an added answer each.
bool RunCalls::has_had_enough(const TurnPlan& plan, const OperationRecord& operation,
                              bool is_added) {
  const auto added = static_cast<std::size_t>(
      std::count_if(operation.attempts.begin(), operation.attempts.end(),
                    [](const Attempt& attempt) { return attempt.is_added; }));
  if (!is_added) return operation.attempts.size() - added + operation.repeats >= answers_max;
  std::size_t calls = 0;
  for (const AgentLoop& loop : plan.loops()) {
    for (const LoopStep& step : loop.steps)
      calls += step.operation == operation.planned->path ? step.calls.size() : 0;
  }
  return added >= answers_max + calls;
}

WorldCallId RunCalls::begin_planned(RunRecord& run, TurnRecord& turn, OperationRecord& operation,
                                    bool is_added, std::shared_ptr<CallAudience> audience) {
  const PlannedOperation& planned = *operation.planned;
  if (has_had_enough(turn.plan, operation, is_added)) {
    throw Refusal(RefusalKind::bad_request, 400,
                  fmt::format("Operation {} of run {} was asked for {} times: a loop must end",
                              planned.path.text(), run.name, answers_max));
  }
  const CallPlan plan{.service = planned.step.service,
                      .request = planned.request,
                      .key = planned.step.key,
                      .sample = planned.sample};
  if (operation.completed && !is_added) {
    ++operation.repeats;
    return begin_unplanned(run, turn, plan, std::move(audience), planned.path);
  }
  if (!turn.began) {
    turn.began = now();
    journal_.add(run, {.kind = EventKind::request_started, .at = now(), .turn = turn.number});
  }
  const auto attempt = static_cast<std::uint32_t>(operation.attempts.size()) + 1;
  CallPlace place{.run = &run,
                  .turn = &turn,
                  .operation = &operation,
                  .index = operation.attempts.size(),
                  .audience = std::move(audience)};
  place.is_held = std::find(run.held.begin(), run.held.end(), planned.path) != run.held.end();
  const CallFault* fault = fault_of(run, planned.path, attempt);
  operation.attempts.push_back({.number = attempt, .is_added = is_added, .sample = plan.sample});
  return begin(std::move(place), plan, fault);
}

WorldCallId RunCalls::begin_unplanned(RunRecord& run, TurnRecord& turn, const CallPlan& plan,
                                      std::shared_ptr<CallAudience> audience,
                                      const OperationPath& repeats) {
  if (run.unplanned_calls >= unplanned_max) {
    throw Refusal(RefusalKind::bad_request, 400,
                  fmt::format("Run {} has had {} calls outside its plans, which is as many as one "
                              "may; begin a new run",
                              run.name, unplanned_max));
  }
  ++run.unplanned_calls;
  const OperationKind kind = scenario_.model.services[plan.service].kind == ServiceKind::llm
                                 ? OperationKind::llm
                                 : OperationKind::tool;
  turn.unplanned.push_back({.service = plan.service,
                            .kind = kind,
                            .repeats = repeats,
                            .attempt = {.sample = plan.sample}});
  return begin({.run = &run,
                .turn = &turn,
                .index = turn.unplanned.size() - 1,
                .audience = std::move(audience)},
               plan, nullptr);
}

Refusal RunCalls::refusal_of(const CallFault::Status& fault) const {
  Refusal refusal(kind_of_status(fault.status), fault.status,
                  fmt::format("This call is refused with {}, as the scenario says", fault.status));
  if (!fault.retry_after) return refusal;
  // Clients wait by the wall clock.
  const double scale = options_.manual_clock ? 1 : options_.time_scale;
  refusal.retry_after = std::chrono::duration_cast<Duration>(
      std::chrono::duration<double, Duration::period>(*fault.retry_after) / scale);
  return refusal;
}

/// It is over as it begins, but on the record.
Refusal RunCalls::kept(WorldCallId id, CallPlace place, Refusal refusal) {
  place.audience = nullptr;
  calls_of_[place.run->name].push_back(id);
  calls_.emplace(id, std::move(place));
  refusal.call = id;
  return refusal;
}

WorldCallId RunCalls::begin(CallPlace place, const CallPlan& plan, const CallFault* fault) {
  const ServiceProfile& service = scenario_.model.services[plan.service];
  place.has_side_effects =
      service.kind == ServiceKind::tool && service.side_effects != SideEffects::none;
  place.is_transactional = service.transactional;
  place.error = fmt::format("{} failed", service.name);
  const WorldCallId id = ++last_call_;
  Attempt& attempt = attempt_of(place);
  attempt.call = id;
  attempt.asked = now();
  journal_.add(*place.run, event_of(place, EventKind::operation_asked, now()));
  FaultedCall call = faulted(attempt.sample, fault);
  if (call.refused) {
    close_attempt(attempt, AttemptEnd::refused, now());
    journal_.add(*place.run, event_of(place, EventKind::operation_refused, now()));
    throw kept(id, std::move(place), refusal_of(*call.refused));
  }
  attempt.sample = call.sample;
  attempt.pace = call.pace;
  place.reset_at_token = call.reset_at_token.value_or(0);
  place.loses_answer = call.loses_answer;
  if (call.error) place.error = std::move(*call.error);
  if (call.reset_at_token == 0U) {
    close_attempt(attempt, AttemptEnd::reset, now());
    journal_.add(*place.run, event_of(place, EventKind::operation_reset, now()));
    calls_of_[place.run->name].push_back(id);
    calls_.emplace(id, std::move(place));
    loop_.post([this, id] { break_connection(id); });
    return id;
  }
  const OutsideCall asked{.service = plan.service,
                          .request = plan.request,
                          .key = plan.key,
                          .sample = attempt.sample,
                          .chunk_tokens = service.kind == ServiceKind::llm ? 1U : 0U,
                          .pace = attempt.pace};
  try {
    place.number = services_.ask(asked);
  } catch (const std::length_error&) {
    close_attempt(attempt, AttemptEnd::refused, now());
    throw kept(id, std::move(place),
               {RefusalKind::overloaded, 503, "This world has had as many calls as one may have"});
  }
  calls_of_[place.run->name].push_back(id);
  by_number_.emplace(place.number, id);
  ++place.run->open_calls;
  calls_.emplace(id, std::move(place));
  return id;
}

RunRecord* RunCalls::signal(WorldCallId call, SignalKind kind, SignalMeaning meaning) {
  take_events();
  const auto found = calls_.find(call);
  if (found == calls_.end()) return nullptr;
  CallPlace& place = found->second;
  Attempt& attempt = attempt_of(place);
  const Time at = now();
  const bool counts = meaning == SignalMeaning::cancels && !attempt.is_over();
  if (attempt.signals.size() < Attempt::signals_max)
    attempt.signals.push_back({.kind = kind, .counts = counts, .at = at});
  WorldEvent event = event_of(place, EventKind::signal, at);
  event.signal = kind;
  event.counts = counts;
  if (attempt.is_over()) {
    const Time over = std::max(*attempt.ended, attempt.given.value_or(*attempt.ended));
    const bool is_stray = kind == SignalKind::cancel && !may_have_crossed(over);
    if (is_stray) {
      ++place.turn->stray_signals;
      event.kind = EventKind::stray_signal;
    }
    journal_.add(*place.run, std::move(event));
    return place.run;
  }
  if (counts && !attempt.told) attempt.told = at;
  journal_.add(*place.run, std::move(event));
  if (!counts) return place.run;
  place.audience = nullptr;
  if (place.is_transactional && attempt.started) return place.run;  // it runs to its end
  if (place.number == 0) return place.run;                          // let go at its run's end
  // If its end is on its way, that is to come; one that is held has not ended.
  if (!services_.hang_up(place.number) && !place.withheld) return place.run;
  place.withheld.reset();
  close_call(place, AttemptEnd::cut_off, at);
  journal_.add(*place.run, event_of(place, EventKind::operation_cut_off, at));
  return place.run;
}

bool RunCalls::may_have_crossed(Time answered) const {
  const double scale = options_.manual_clock ? 1 : options_.time_scale;
  return now() - answered <= std::chrono::duration<double, Duration::period>(crossing) * scale;
}

void RunCalls::delivered(WorldCallId call, std::uint32_t tokens) {
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  Attempt& attempt = attempt_of(found->second);
  attempt.delivered = tokens;
  if (!found->second.turn->cancelled) attempt.delivered_at_cancel = tokens;
}

void RunCalls::answered(WorldCallId call, bool says_usage) {
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  CallPlace& place = found->second;
  Attempt& attempt = attempt_of(place);
  attempt.given = now();
  attempt.says_usage = says_usage;
  if (attempt.end == AttemptEnd::ok && place.operation != nullptr)
    place.operation->completed = true;
  journal_.add(*place.run, event_of(place, EventKind::operation_given, now()));
}

bool RunCalls::release(RunRecord& run, const OperationPath& operation) {
  take_events();
  if (std::erase(run.held, operation) == 0) return false;
  const std::vector<WorldCallId> calls = calls_of_[run.name];
  for (const WorldCallId id : calls) {
    CallPlace& place = calls_.at(id);
    if (place.operation == nullptr || place.operation->planned->path != operation) continue;
    place.is_held = false;
    if (place.withheld) {
      CallEvent end = *std::exchange(place.withheld, std::nullopt);
      end.at = now();
      finish(id, place, end);
    }
  }
  return true;
}

bool RunCalls::has_work(const RunRecord& run) {
  if (run.open_calls == 0) return false;
  const std::vector<WorldCallId>& calls = calls_of_[run.name];
  return std::any_of(calls.begin(), calls.end(), [this](WorldCallId id) {
    CallPlace& place = calls_.at(id);
    return place.number != 0 && ends_by_itself(place);
  });
}

bool RunCalls::ends_by_itself(CallPlace& place) const {
  const Attempt& attempt = attempt_of(place);
  return !place.is_held && whole_duration(attempt.sample, attempt.pace).has_value();
}

void RunCalls::let_go(RunRecord& run) {
  if (run.open_calls == 0) return;
  for (const WorldCallId id : calls_of_[run.name]) {
    CallPlace& place = calls_.at(id);
    if (place.number == 0 || ends_by_itself(place)) continue;
    services_.hang_up(place.number);
    by_number_.erase(std::exchange(place.number, 0));
    place.withheld.reset();
    --run.open_calls;
    loop_.post([this, id] { break_connection(id); });
  }
}

void RunCalls::forget(const RunRecord& run) {
  if (const auto ids = calls_of_.extract(run.name)) {
    for (const WorldCallId id : ids.mapped()) calls_.erase(id);
  }
}

void RunCalls::advance(Duration by) {
  services_.advance(by);
  take_events();
}

void RunCalls::take_events() {
  if (taking_events_) return;  // whoever takes them will take these too
  taking_events_ = true;
  struct Lowered {
    bool& flag;
    ~Lowered() { flag = false; }
  } const lowered{taking_events_};
  for (auto events = services_.take_events(); !events.empty(); events = services_.take_events()) {
    for (const CallEvent& event : events) happen(event);
  }
}

void RunCalls::happen(const CallEvent& event) {
  const auto known = by_number_.find(event.call);
  if (known == by_number_.end()) return;
  const WorldCallId id = known->second;
  CallPlace& place = calls_.at(id);
  switch (event.what) {
    case What::queued:
      return journal_.add(*place.run, event_of(place, EventKind::operation_queued, event.at));
    case What::turned_away:
      return;  // its reply says so
    case What::started:
      return begin_service(place, event.at);
    case What::tokens:
      return happen_tokens(id, place, event);
    case What::ended:
      if (place.is_held && event.result != OperationResult::rejected) {
        place.withheld = event;
        return journal_.add(*place.run, event_of(place, EventKind::held, event.at));
      }
      return finish(id, place, event);
  }
}

void RunCalls::begin_service(CallPlace& place, Time at) {
  Attempt& attempt = attempt_of(place);
  attempt.started = at;
  auto lasts = whole_duration(attempt.sample, attempt.pace);
  if (place.reset_at_token > 0 && attempt.sample.by_token) {
    const std::int64_t gaps = std::int64_t{place.reset_at_token} - 1;
    lasts = due(attempt.pace, attempt.sample.first_token + gaps * attempt.sample.per_token);
  }
  if (lasts && !place.is_held) attempt.ends_by_itself = at + *lasts;
  journal_.add(*place.run, event_of(place, EventKind::operation_started, at));
  if (const auto audience = place.audience) audience->started();
}

void RunCalls::happen_tokens(WorldCallId id, CallPlace& place, const CallEvent& event) {
  Attempt& attempt = attempt_of(place);
  const std::uint32_t first = attempt.generated;
  const std::uint32_t count = place.reset_at_token == 0
                                  ? event.tokens
                                  : std::min(event.tokens, place.reset_at_token - first);
  attempt.generated += count;
  if (first == 0) attempt.first_token = event.at;
  if (first == 0 || journal_.is_followed(*place.run)) {
    for (std::uint32_t token = first + 1; token <= attempt.generated; ++token) {
      WorldEvent of_token = event_of(place, EventKind::operation_token, event.at);
      of_token.token = token;
      journal_.add(*place.run, std::move(of_token));
    }
  }
  if (const auto audience = place.audience) audience->generated(first, count);
  if (place.reset_at_token == 0 || attempt.generated < place.reset_at_token) return;
  if (place.number == 0) return;    // whoever heard of the tokens has hung up
  services_.hang_up(place.number);  // what has come of it after that is not looked at
  close_call(place, AttemptEnd::reset, event.at);
  journal_.add(*place.run, event_of(place, EventKind::operation_reset, event.at));
  break_connection(id);
}

void RunCalls::finish(WorldCallId id, CallPlace& place, const CallEvent& event) {
  Attempt& attempt = attempt_of(place);
  const std::shared_ptr<CallAudience> audience = std::move(place.audience);
  const auto end = [&](AttemptEnd how, EventKind kind) {
    close_call(place, how, event.at);
    journal_.add(*place.run, event_of(place, kind, event.at));
  };
  switch (event.result) {
    case OperationResult::rejected:
      end(AttemptEnd::turned_away, EventKind::operation_turned_away);
      if (audience) audience->ended(CallEnd::turned_away, "no place is free, and none to wait");
      return;
    case OperationResult::failed:
      end(AttemptEnd::failed, EventKind::operation_failed);
      if (audience) audience->ended(CallEnd::failed, place.error);
      return;
    case OperationResult::ok:
      break;
  }
  if (place.has_side_effects) {
    attempt.committed = event.at;
    journal_.add(*place.run, event_of(place, EventKind::effect_committed, event.at));
  }
  if (place.loses_answer) {
    place.audience = audience;
    end(AttemptEnd::lost, EventKind::operation_lost);
    return break_connection(id);
  }
  end(AttemptEnd::ok, EventKind::operation_ended);
  if (audience) audience->ended(CallEnd::ok, "");
}

/// No service works on it any more.
void RunCalls::close_call(CallPlace& place, AttemptEnd end, Time at) {
  close_attempt(attempt_of(place), end, at);
  by_number_.erase(std::exchange(place.number, 0));
  --place.run->open_calls;
}

void RunCalls::break_connection(WorldCallId id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  if (const auto audience = std::exchange(found->second.audience, nullptr)) audience->broken();
}

Attempt& RunCalls::attempt_of(CallPlace& place) const {
  return place.operation != nullptr ? place.operation->attempts[place.index]
                                    : place.turn->unplanned[place.index].attempt;
}

WorldEvent RunCalls::event_of(const CallPlace& place, EventKind kind, Time at) const {
  WorldEvent event{.kind = kind, .at = at, .turn = place.turn->number};
  if (place.operation == nullptr) {
    const UnplannedRecord& call = place.turn->unplanned[place.index];
    event.text = scenario_.model.services[call.service].name;
    event.unplanned = true;
    event.token = call.attempt.generated;
    return event;
  }
  const Attempt& attempt = place.operation->attempts[place.index];
  event.operation = place.operation->planned->path;
  event.attempt = attempt.number;
  event.token = attempt.generated;
  if (kind == EventKind::operation_failed) event.text = place.error;
  return event;
}

}  // namespace caesura
