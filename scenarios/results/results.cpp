#include "scenarios/results/results.hpp"

#include "scenarios/results/json_numbers.hpp"
#include "scenarios/results/version.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void broken(RequestNumber request, const char* what) {
  throw std::logic_error("request " + std::to_string(request) + ": " + what);
}

/// 0 where there is nothing to divide.
Json share_json(int128 part, int128 whole) {
  return whole == 0 ? Json(0) : Json(to_double(part) / to_double(whole));
}

/// One row of the ledger: whole tokens, picos or nanoseconds.
struct Entry {
  int128 planned = 0;
  int128 used = 0;
  int128 saved = 0;
  int128 forgone = 0;
  int128 used_after_cancel = 0;
};

Json shares_json(const Entry& entry, Json (*to_json)(int128)) {
  return {{"planned", to_json(entry.planned)},
          {"used", to_json(entry.used)},
          {"saved", to_json(entry.saved)},
          {"forgone", to_json(entry.forgone)},
          {"saved_fraction", share_json(entry.saved, entry.planned)},
          {"saved_of_avoidable", share_json(entry.saved, entry.saved + entry.used_after_cancel)},
          {"used_after_cancel", to_json(entry.used_after_cancel)}};
}

Json token_json(const Entry& entry, const std::optional<int128>& delivered, int128 billed) {
  Json json = shares_json(entry, whole_json);
  if (delivered) json["delivered"] = whole_json(*delivered);
  json["billed"] = whole_json(billed);
  return json;
}

}  // namespace

void TokenTotals::add(const TokenCounts& tokens) {
  input += tokens.input.value;
  cached_input += tokens.cached_input.value;
  output += tokens.output.value;
}

void TokenTotals::merge(const TokenTotals& other) {
  input += other.input;
  cached_input += other.cached_input;
  output += other.output;
}

void AmountTotals::add(const Amounts& amounts) {
  if (amounts == Amounts{}) return;  // most requests save nothing, which is told sooner than added
  tokens.add(amounts.tokens);
  cost_picos += amounts.cost.picos;
  for (std::size_t k = 0; k < operation_kinds; ++k) busy_ns[k] += amounts.busy[k].count();
}

void AmountTotals::merge(const AmountTotals& other) {
  tokens.merge(other.tokens);
  cost_picos += other.cost_picos;
  for (std::size_t k = 0; k < operation_kinds; ++k) busy_ns[k] += other.busy_ns[k];
}

void OrphanTotals::add(const Orphans& orphans) {
  merge({.count = orphans.count,
         .ran_on_ns = orphans.ran_on.count(),
         .tokens = orphans.tokens.value,
         .cost_picos = orphans.cost.picos});
}

void OrphanTotals::merge(const OrphanTotals& other) {
  count += other.count;
  ran_on_ns += other.ran_on_ns;
  tokens += other.tokens;
  cost_picos += other.cost_picos;
}

void PolicyTotals::add(const RequestReport& request, const ClientReport& client) {
  add_latencies(request, client);

  ++outcomes_[static_cast<std::size_t>(request.outcome)];
  cancels_.sent += client.cancels_sent;
  cancels_.effective += client.cancels_accepted;
  cancels_.too_late += client.cancels_too_late;
  cancels_.already_cancelled += client.cancels_already_cancelled;
  cancels_.ignored += client.cancels_ignored;
  if (request.answer_discarded) ++discarded_answers_;
  for (std::size_t k = 0; k < operation_kinds; ++k) interrupted_[k] += request.interrupted[k];
  interrupted_unsafe_ += request.interrupted_unsafe;
  orphans_.add(request.orphans);
  ledger_.planned.add(request.planned);
  ledger_.used.add(request.used);
  ledger_.saved.add(request.saved);
  ledger_.forgone.add(request.forgone);
  ledger_.used_after_cancel.add(request.used_after_cancel);
  ledger_.billed.add(request.billed);
  ledger_.delivered += request.delivered.value;
  latest_ = std::max({latest_, request.stopped, client.answered});
  cancel_waits_.add(request);
}

void PolicyTotals::add_latencies(const RequestReport& request, const ClientReport& client) {
  if (client.answered < client.arrived) broken(request.number, "it was answered before it arrived");
  if (request.outcome == Outcome::completed) request_latency_.add(client.answered - client.arrived);
  if (client.cancel_sent) {
    if (!client.acknowledged) broken(request.number, "its first cancel was never acknowledged");
    if (*client.acknowledged < *client.cancel_sent)
      broken(request.number, "its first cancel was acknowledged before it was sent");
    acknowledge_latency_.add(*client.acknowledged - *client.cancel_sent);
  }
  if (request.outcome == Outcome::cancelled) {
    if (!client.cancel_sent) broken(request.number, "it was cancelled, and no cancel was sent");
    if (request.stopped < *client.cancel_sent)
      broken(request.number, "it was cancelled before the cancel was sent");
    // The first cancel sent is the one that took effect: a link never reorders.
    cancel_latency_.at(request.cancelled_in).add(request.stopped - *client.cancel_sent);
  }
}

void PolicyTotals::merge(PolicyTotals&& other) {
  for (std::size_t i = 0; i < outcomes_.size(); ++i) outcomes_[i] += other.outcomes_[i];
  cancels_.sent += other.cancels_.sent;
  cancels_.effective += other.cancels_.effective;
  cancels_.too_late += other.cancels_.too_late;
  cancels_.already_cancelled += other.cancels_.already_cancelled;
  cancels_.ignored += other.cancels_.ignored;
  for (std::size_t k = 0; k < cancel_latency_.size(); ++k)
    cancel_latency_[k].merge(std::move(other.cancel_latency_[k]));
  acknowledge_latency_.merge(std::move(other.acknowledge_latency_));
  request_latency_.merge(std::move(other.request_latency_));
  discarded_answers_ += other.discarded_answers_;
  for (std::size_t k = 0; k < operation_kinds; ++k) interrupted_[k] += other.interrupted_[k];
  interrupted_unsafe_ += other.interrupted_unsafe_;
  orphans_.merge(other.orphans_);
  ledger_.planned.merge(other.ledger_.planned);
  ledger_.used.merge(other.ledger_.used);
  ledger_.saved.merge(other.ledger_.saved);
  ledger_.forgone.merge(other.ledger_.forgone);
  ledger_.used_after_cancel.merge(other.ledger_.used_after_cancel);
  ledger_.billed.merge(other.ledger_.billed);
  ledger_.delivered += other.ledger_.delivered;
  latest_ = std::max(latest_, other.latest_);
  cancel_waits_.merge(other.cancel_waits_);
  other = PolicyTotals();
}

std::uint64_t PolicyTotals::requests() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t n : outcomes_) sum += n;
  return sum;
}

Json PolicyTotals::latencies_json() const {
  Samples all;
  Json by_operation = Json::object();
  for (std::size_t k = 0; k < cancel_latency_.size(); ++k) {
    by_operation[k == nothing_in_progress ? "none" : name_of(all_operation_kinds[k])] =
        summary_json(cancel_latency_[k]);
    all.merge(Samples(cancel_latency_[k]));
  }
  return {{"cancel_latency_s", summary_json(all)},
          {"cancel_latency_by_operation_s", std::move(by_operation)},
          {"acknowledge_latency_s", summary_json(acknowledge_latency_)},
          {"request_latency_s", summary_json(request_latency_)}};
}

Json PolicyTotals::tokens_json() const {
  const auto entry = [this](int128 (*part)(const TokenTotals&)) {
    return Entry{part(ledger_.planned.tokens), part(ledger_.used.tokens),
                 part(ledger_.saved.tokens), part(ledger_.forgone.tokens),
                 part(ledger_.used_after_cancel.tokens)};
  };
  Json json = token_json(entry([](const TokenTotals& t) { return t.sum(); }), ledger_.delivered,
                         ledger_.billed.sum());
  json["input"] = token_json(entry([](const TokenTotals& t) { return t.input; }), std::nullopt,
                             ledger_.billed.input);
  json["cached_input"] = token_json(entry([](const TokenTotals& t) { return t.cached_input; }),
                                    std::nullopt, ledger_.billed.cached_input);
  json["output"] = token_json(entry([](const TokenTotals& t) { return t.output; }),
                              ledger_.delivered, ledger_.billed.output);
  return json;
}

Json PolicyTotals::cost_json() const {
  return shares_json(
      Entry{ledger_.planned.cost_picos, ledger_.used.cost_picos, ledger_.saved.cost_picos,
            ledger_.forgone.cost_picos, ledger_.used_after_cancel.cost_picos},
      usd_json);
}

Json PolicyTotals::busy_json() const {
  Json json = Json::object();
  for (std::size_t k = 0; k < operation_kinds; ++k) {
    json[name_of(all_operation_kinds[k])] = {
        {"planned", seconds_json(ledger_.planned.busy_ns[k])},
        {"used", seconds_json(ledger_.used.busy_ns[k])},
        {"saved", seconds_json(ledger_.saved.busy_ns[k])},
        {"forgone", seconds_json(ledger_.forgone.busy_ns[k])},
        {"used_after_cancel", seconds_json(ledger_.used_after_cancel.busy_ns[k])}};
  }
  return json;
}

Json PolicyTotals::to_json(const std::string& policy) const {
  Json json = Json::object();
  json["policy"] = policy;
  Json& outcomes = json["requests"] = Json::object();
  outcomes["total"] = requests();
  for (std::size_t i = 0; i < outcomes_.size(); ++i)
    outcomes[name_of(static_cast<Outcome>(i))] = outcomes_[i];
  json["cancels"] = {{"sent", cancels_.sent},
                     {"effective", cancels_.effective},
                     {"too_late", cancels_.too_late},
                     {"already_cancelled", cancels_.already_cancelled},
                     {"ignored", cancels_.ignored}};
  json.update(latencies_json());
  json["discarded_answers"] = discarded_answers_;
  Json& interrupted = json["interrupted"] = Json::object();
  for (const OperationKind kind : all_operation_kinds) {
    // A transaction is never cut off.
    if (kind != OperationKind::transaction)
      interrupted[name_of(kind)] = interrupted_[index_of(kind)];
  }
  interrupted["unsafe"] = interrupted_unsafe_;
  json["tokens"] = tokens_json();
  json["cost_usd"] = cost_json();
  json["busy_s"] = busy_json();
  json["orphans"] = {{"count", orphans_.count},
                     {"seconds", seconds_json(orphans_.ran_on_ns)},
                     {"tokens", whole_json(orphans_.tokens)},
                     {"cost_usd", usd_json(orphans_.cost_picos)}};
  return json;
}

Json comparisons_json(const std::vector<PolicyComparison>& comparisons) {
  const auto estimate_json = [](const char* name, const Estimate& estimate) -> Json {
    const auto& ci95 = estimate.ci95;
    return {{name, optional_json(estimate.difference)},
            {"ci95", ci95 ? Json::array({ci95->low, ci95->high}) : Json(nullptr)},
            {"pairs", estimate.pairs}};
  };
  Json json = Json::array();
  for (const PolicyComparison& comparison : comparisons) {
    json.push_back(
        {{"policy", comparison.policy},
         {"against", comparison.against},
         {"cancel_latency_s", estimate_json("mean_difference", comparison.cancel_latency_s)},
         {"cost_usd", estimate_json("saved_difference", comparison.saved_usd)}});
  }
  return json;
}

Json to_json(const Results& results) {
  Json policies = Json::array();
  for (const auto& [policy, totals] : results.policies)
    policies.push_back(totals.to_json(policy.name));
  Json thresholds = Json::array();
  for (const auto& threshold : results.thresholds) {
    Json line{{"expression", threshold.expression}, {"value", nullptr}, {"ok", nullptr}};
    if (!results.run.partial) {
      const Verdict verdict = judge(threshold, policies);
      line["value"] = optional_json(verdict.value);
      line["ok"] = verdict.ok;
    }
    thresholds.push_back(std::move(line));
  }
  const RunFigures& run = results.run;
  Json scenario{{"name", results.scenario},
                {"file", std::filesystem::path(results.file).filename().string()},
                {"seed", results.seed},
                {"requests", results.requests}};
  if (results.replications > 1) scenario["replications"] = results.replications;
  if (run.served) scenario["served"] = true;
  return {{"schema", "caesura.results/1"},
          {"scenario", std::move(scenario)},
          {"engine", results.engine},
          {"run",
           {{"wall_seconds", run.wall_seconds},
            {"simulated_seconds", run.simulated_seconds},
            {"messages", run.messages},
            {"requests_per_second", run.requests_per_second},
            {"peak_in_flight", run.peak_in_flight},
            {"peak_rss_bytes", run.peak_rss_bytes},
            {"threads", run.threads},
            {"partial", run.partial},
            {"version", version}}},
          {"policies", std::move(policies)},
          {"comparisons", comparisons_json(results.comparisons)},
          {"thresholds", std::move(thresholds)}};
}

}  // namespace caesura
