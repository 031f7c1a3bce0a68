#include "doors/world/world_views.hpp"

#include "actors/books.hpp"
#include "scenarios/results/json_numbers.hpp"
#include "scenarios/results/json_text.hpp"
#include "doors/control/plain_json.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

Json time_json(Time at) { return seconds(at); }
Json time_json(const std::optional<Time>& at) { return at ? Json(seconds(*at)) : Json(); }

Json tokens_json(const TokenCounts& tokens) {
  return {{"input", tokens.input.value},
          {"cached_input", tokens.cached_input.value},
          {"output", tokens.output.value}};
}

Json amounts_json(const Amounts& amounts) {
  Json json = tokens_json(amounts.tokens);
  json["tokens"] = amounts.tokens.sum().value;
  json["cost_usd"] = usd_json(amounts.cost.picos);
  Json busy = Json::object();
  for (std::size_t k = 0; k < operation_kinds; ++k) {
    if (amounts.busy[k] != zero_duration)
      busy[name_of(static_cast<OperationKind>(k))] = seconds_json(amounts.busy[k].count());
  }
  json["busy_s"] = std::move(busy);
  return json;
}

Json paths_json(const std::vector<OperationPath>& paths) {
  Json json = Json::array();
  for (const OperationPath& path : paths) json.push_back(path.text());
  return json;
}

Json attempt_json(const Attempt& attempt) {
  Json signals = Json::array();
  for (const NotedSignal& signal : attempt.signals) {
    signals.push_back({{"signal", name_of(signal.kind)},
                       {"counts", signal.counts},
                       {"at_s", time_json(signal.at)}});
  }
  return {{"attempt", attempt.number},
          {"added", attempt.is_added},
          {"end", name_of(attempt.end)},
          {"asked_s", time_json(attempt.asked)},
          {"started_s", time_json(attempt.started)},
          {"first_token_s", time_json(attempt.first_token)},
          {"ended_s", time_json(attempt.ended)},
          {"given_s", time_json(attempt.given)},
          {"told_s", time_json(attempt.told)},
          {"committed_s", time_json(attempt.committed)},
          {"tokens_generated", attempt.generated},
          {"tokens_delivered", attempt.delivered},
          {"tokens_delivered_at_cancel", attempt.delivered_at_cancel},
          {"signals", std::move(signals)}};
}

Json planned_json(const Model& model, const PlannedOperation& operation) {
  const PlanStep& step = operation.step;
  return {{"operation", operation.path.text()},
          {"kind", name_of(step.kind)},
          {"service", model.services[step.service].name},
          {"duration_s", seconds_json(operation.sample.duration.count())},
          {"tokens", tokens_json(operation.sample.tokens)},
          {"fails", operation.sample.fails}};
}

Json ledger_json(const TurnLedger& ledger) {
  const RequestReport& report = ledger.request;
  const auto seconds_or_null = [](const std::optional<Duration>& d) {
    return d ? seconds_json(d->count()) : Json();
  };
  const bool is_cancelled = report.outcome == Outcome::cancelled;
  return {
      {"outcome", name_of(report.outcome)},
      {"stopped_s", time_json(report.stopped)},
      {"cancel_latency_s",
       is_cancelled ? seconds_json((report.stopped - *ledger.client.cancel_sent).count()) : Json()},
      {"settle_latency_s", seconds_or_null(ledger.settle_latency)},
      {"planned", amounts_json(report.planned)},
      {"added", amounts_json(ledger.added)},
      {"used", amounts_json(report.used)},
      {"saved", amounts_json(report.saved)},
      {"forgone", amounts_json(report.forgone)},
      {"used_after_cancel", amounts_json(report.used_after_cancel)},
      {"billed", tokens_json(report.billed)},
      {"unplanned",
       {{"calls", ledger.unplanned.calls},
        {"tokens", ledger.unplanned.tokens.value},
        {"cost_usd", usd_json(ledger.unplanned.cost.picos)}}},
      {"started_after_cancel", paths_json(ledger.started_after_cancel)},
      {"committed_after_cancel", paths_json(ledger.committed_after_cancel)},
      {"never_told", paths_json(ledger.never_told)},
      {"never_asked", paths_json(ledger.never_asked)},
      {"stray_signals", ledger.stray_signals},
      {"refused_calls", ledger.refused_calls}};
}

Json turn_json(const TurnRecord& turn, Time now) {
  Json operations = Json::array();
  for (const OperationRecord& operation : turn.operations) {
    Json json = planned_json(turn.plan.model(), *operation.planned);
    json["completed"] = operation.completed;
    json["repeats"] = operation.repeats;
    Json attempts = Json::array();
    for (const Attempt& attempt : operation.attempts) attempts.push_back(attempt_json(attempt));
    json["attempts"] = std::move(attempts);
    operations.push_back(std::move(json));
  }
  Json unplanned = Json::array();
  for (const UnplannedRecord& call : turn.unplanned) {
    Json json{{"service", turn.plan.model().services[call.service].name}};
    json.update(attempt_json(call.attempt));
    unplanned.push_back(std::move(json));
  }
  Json settled;
  if (turn.settlement) {
    settled = {{"outcome", name_of(turn.settlement->outcome)},
               {"at_s", time_json(turn.settlement->at)}};
    if (turn.settlement->input_tokens || turn.settlement->output_tokens) {
      Json& usage = settled["usage"] = Json::object();
      if (const auto tokens = turn.settlement->input_tokens) usage["input_tokens"] = *tokens;
      if (const auto tokens = turn.settlement->output_tokens) usage["output_tokens"] = *tokens;
    }
  }
  return {{"turn", turn.number},
          {"began_s", time_json(turn.began)},
          {"cancelled_s", time_json(turn.cancelled)},
          {"settled", std::move(settled)},
          {"played", turn.is_played()},
          {"operations", std::move(operations)},
          {"unplanned", std::move(unplanned)},
          {"ledger", ledger_json(ledger_of(turn, now))}};
}

}  // namespace

Json event_json(const RunRecord& run, const WorldEvent& event) {
  Json json{{"at_s", time_json(event.at)}, {"run", run.name}, {"event", name_of(event.kind)}};
  if (event.turn != 0) json["turn"] = event.turn;
  if (!event.operation.empty()) json["operation"] = event.operation.text();
  if (event.attempt != 0) json["attempt"] = event.attempt;
  if (event.token != 0) json["token"] = event.token;
  if (event.signal) {
    json["signal"] = name_of(*event.signal);
    json["counts"] = event.counts;
  }
  if (event.unplanned) json["unplanned"] = true;
  if (!event.text.empty()) json["text"] = event.text;
  return json;
}

std::string event_line(const RunRecord& run, const WorldEvent& event) {
  return compact(event_json(run, event)) + '\n';
}

Json plan_json(const TurnPlan& plan) {
  Json operations = Json::array();
  Amounts sum;
  for (const PlannedOperation& operation : plan.operations()) {
    operations.push_back(planned_json(plan.model(), operation));
    add_usage(plan.model(), operation.step, whole_usage(operation.sample), sum);
  }
  return {{"operations", std::move(operations)}, {"planned", amounts_json(sum)}};
}

Json run_summary_json(const RunRecord& run) {
  return {{"run", run.name},
          {"request", run.request},
          {"made_s", time_json(run.made)},
          {"ended_s", time_json(run.ended)},
          {"turns", run.turns.size()},
          {"calls_in_progress", run.open_calls}};
}

Json run_json(const RunRecord& run, Time now) {
  Json json = run_summary_json(run);
  if (run.seed) json["seed"] = *run.seed;
  Json turns = Json::array();
  for (const auto& [number, turn] : run.turns)
    turns.push_back(turn_json(turn, run.ended.value_or(now)));
  json["turns"] = std::move(turns);
  json["events"] = run.events.kept().size();
  json["events_left_out"] = run.events.left_out();
  return json;
}

}  // namespace caesura
