#include "doors/world/world_totals.hpp"

#include "scenarios/results/json_numbers.hpp"
#include "scenarios/report/figures.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstddef>

namespace caesura {

using Json = nlohmann::ordered_json;

void WorldTotals::add(const TurnLedger& ledger) {
  if (ledger.settle_latency) settle_latency_.add(*ledger.settle_latency);
  for (const TurnLedger::Told& told : ledger.told)
    told_latency_[index_of(told.kind)].add(told.latency);
  started_after_cancel_ += ledger.started_after_cancel.size();
  committed_after_cancel_ += ledger.committed_after_cancel.size();
  never_told_ += ledger.never_told.size();
  never_asked_ += ledger.never_asked.size();
  stray_signals_ += ledger.stray_signals;
  refused_calls_ += ledger.refused_calls;
  added_.add(ledger.added);
  unplanned_calls_ += ledger.unplanned.calls;
  unplanned_tokens_ += ledger.unplanned.tokens.value;
  unplanned_cost_picos_ += ledger.unplanned.cost.picos;
}

Json WorldTotals::json() const {
  Json told = Json::object();
  Json busy = Json::object();
  for (std::size_t k = 0; k < operation_kinds; ++k) {
    const char* kind = name_of(static_cast<OperationKind>(k));
    told[kind] = summary_json(told_latency_[k]);
    busy[kind] = seconds_json(added_.busy_ns[k]);
  }
  return {{"settle_latency_s", summary_json(settle_latency_)},
          {"told_latency_s", std::move(told)},
          {"operations_started_after_cancel", started_after_cancel_},
          {"effects_committed_after_cancel", committed_after_cancel_},
          {"operations_never_told", never_told_},
          {"operations_never_asked", never_asked_},
          {"stray_signals", stray_signals_},
          {"refused_calls", refused_calls_},
          {"added",
           {{"tokens", whole_json(added_.tokens.sum())},
            {"cost_usd", usd_json(added_.cost_picos)},
            {"busy_s", std::move(busy)}}},
          {"unplanned",
           {{"calls", unplanned_calls_},
            {"tokens", whole_json(unplanned_tokens_)},
            {"cost_usd", usd_json(unplanned_cost_picos_)}}}};
}

std::vector<std::string> WorldTotals::sentences(const std::string& subject) const {
  std::vector<std::string> sentences;
  const auto say = [&](std::uint64_t n, const char* one, const char* several) {
    if (n == 0) return;
    const std::string number = count_figure(static_cast<std::int64_t>(n));
    sentences.push_back(fmt::format("{}: {} {}", subject, number, n == 1 ? one : several));
  };
  for (std::size_t k = 0; k < operation_kinds; ++k) {
    const Summary told = told_latency_[k].summary();
    if (told.count == 0) continue;
    sentences.push_back(fmt::format(
        "{}: {} in progress was told of its cancel after {} at the median, {} at p99 ({} told).",
        subject, name_of(static_cast<OperationKind>(k)), duration_figure(*told.p50),
        duration_figure(*told.p99), count_figure(static_cast<std::int64_t>(told.count))));
  }
  say(never_told_, "operation in progress at a cancel was never told, and ran on to its end.",
      "operations in progress at a cancel were never told, and ran on to their ends.");
  say(started_after_cancel_, "operation was started after a cancel.",
      "operations were started after a cancel.");
  say(committed_after_cancel_, "effect was committed after a cancel.",
      "effects were committed after a cancel.");
  say(stray_signals_, "stray signal: a cancel for a call that was over, or that nobody had begun.",
      "stray signals: cancels for calls that were over, or that nobody had begun.");
  say(refused_calls_, "call of a model was refused for what it said (events.jsonl says why).",
      "calls of models were refused for what they said (events.jsonl says why).");
  say(never_asked_, "operation of the plan was never asked for, though it went on past it.",
      "operations of the plan were never asked for, though it went on past them.");
  if (unplanned_calls_ > 0) {
    sentences.push_back(
        fmt::format("{}: {} outside the plan, of {} tokens, counted apart.", subject,
                    unplanned_calls_ == 1
                        ? std::string("1 call")
                        : count_figure(static_cast<std::int64_t>(unplanned_calls_)) + " calls",
                    count_figure(static_cast<std::int64_t>(unplanned_tokens_))));
  }
  return sentences;
}

}  // namespace caesura
