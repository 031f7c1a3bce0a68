#include "exam/run_facts.hpp"

#include "doors/world/attempt_usage.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace caesura {
namespace {

/// An attempt's facts, and where it stood among all calls.
struct Ordered {
  std::uint64_t call = 0;
  AttemptFacts facts;
};

class FactsOfTurn {
 public:
  FactsOfTurn(const PlayFacts& play, const TurnRecord& turn, const Model& model, Time now)
      : play_(play), turn_(turn), model_(model), now_(now) {}

  void add_to(std::vector<Ordered>& all) const {
    for (const OperationRecord& operation : turn_.operations) {
      const PlannedOperation& planned = *operation.planned;
      for (const Attempt& attempt : operation.attempts) {
        AttemptFacts facts = facts_of(planned.step.service, planned.step.kind, attempt);
        facts.operation = planned.path.text();
        facts.attempt = attempt.number;
        facts.is_sub_agents = planned.path.numbers.size() > 1;
        all.push_back({attempt.call, std::move(facts)});
      }
    }
    for (const UnplannedRecord& call : turn_.unplanned) {
      AttemptFacts facts = facts_of(call.service, call.kind, call.attempt);
      facts.is_sub_agents = call.repeats.empty() ? is_sub_agents_model(call.service)
                                                 : call.repeats.numbers.size() > 1;
      if (const OperationRecord* again = find(call.repeats)) {
        facts.operation = call.repeats.text();
        facts.attempt = static_cast<std::uint32_t>(again->attempts.size()) + 1;
      }
      all.push_back({call.attempt.call, std::move(facts)});
    }
  }

 private:
  const OperationRecord* find(const OperationPath& path) const {
    const auto found =
        std::find_if(turn_.operations.begin(), turn_.operations.end(),
                     [&](const OperationRecord& other) { return other.planned->path == path; });
    return found == turn_.operations.end() ? nullptr : &*found;
  }

  bool is_sub_agents_model(std::uint16_t service) const {
    const auto& loops = turn_.plan.loops();
    return loops.front().model != service &&
           std::any_of(loops.begin(), loops.end(),
                       [&](const AgentLoop& loop) { return loop.model == service; });
  }

  AttemptFacts facts_of(std::uint16_t service, OperationKind kind, const Attempt& attempt) const {
    const ServiceProfile& profile = model_.services[service];
    AttemptFacts facts;
    facts.kind = kind;
    facts.service = profile.name;
    facts.turn = turn_.number;
    facts.asked = attempt.asked;
    facts.started = attempt.started;
    facts.ends_by_itself = attempt.ends_by_itself;
    facts.given = attempt.given;
    facts.ended = attempt.ended;
    facts.end = attempt.end;
    facts.signals = attempt.signals;
    facts.told = attempt.told;
    const TokenCounts& tokens = attempt.sample.tokens;
    facts.input_tokens = (tokens.input + tokens.cached_input).value;
    facts.output_tokens = tokens.output.value;
    facts.says_usage = attempt.says_usage;
    facts.generated_by_settled =
        turn_.settlement ? attempt.generated_at_settled : attempt.generated;
    facts.is_unsafe =
        profile.kind == ServiceKind::tool && profile.side_effects == SideEffects::unsafe;
    facts.committed = attempt.committed;
    if (!play_.cancel) return facts;
    const LaterUsage later = usage_after(profile, attempt, *play_.cancel, now_);
    facts.busy_after_cancel = later.busy;
    facts.tokens_after_cancel = later.tokens.value;
    facts.cost_after_cancel = later.cost;
    return facts;
  }

  const PlayFacts& play_;
  const TurnRecord& turn_;
  const Model& model_;
  const Time now_;
};

/// The end of the last operation that the user's answer is of; none while it has not been given.
std::optional<Time> end_of_plan(const TurnRecord& turn) {
  if (!turn.is_played()) return std::nullopt;
  std::optional<Time> end;
  for (const Attempt& attempt : turn.operations.back().attempts) {
    if (attempt.end == AttemptEnd::ok && attempt.given && !end) end = attempt.given;
  }
  return end;
}

}  // namespace

void add_run_facts(PlayFacts& facts, const RunRecord& run, const Model& model, Time now) {
  std::vector<Ordered> all;
  for (const auto& [number, turn] : run.turns) FactsOfTurn(facts, turn, model, now).add_to(all);
  std::stable_sort(all.begin(), all.end(), [](const Ordered& a, const Ordered& b) {
    return a.facts.asked != b.facts.asked ? a.facts.asked < b.facts.asked : a.call < b.call;
  });
  for (Ordered& one : all) facts.attempts.push_back(std::move(one.facts));
  if (const auto first = run.turns.find(1); first != run.turns.end())
    facts.plan_ends = end_of_plan(first->second);
  for (const WorldEvent& event : run.events.kept()) {
    if (event.kind == EventKind::call_refused)
      facts.refused_calls.push_back({.at = event.at, .turn = event.turn, .text = event.text});
    const bool is_unknown = event.kind == EventKind::stray_signal && event.operation.empty() &&
                            !event.unplanned && event.signal == SignalKind::cancel;
    if (is_unknown) facts.unknown_cancels.push_back(event.at);
  }
}

}  // namespace caesura
