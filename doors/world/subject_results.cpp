#include "doors/world/subject_results.hpp"

#include "scenarios/results/csv.hpp"
#include "scenarios/results/threshold_reader.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace caesura {
namespace {

/// Those of the scenario that are about the subject.
std::vector<Threshold> thresholds_of(const Scenario& scenario, const std::string& subject) {
  Scenario of_subject = scenario;
  for (const Policy& policy : scenario.policies) {
    if (policy.name != subject) of_subject.policies_left_out.push_back(policy.name);
  }
  of_subject.policies = {Policy{.name = subject}};
  return parse_thresholds(of_subject);
}

}  // namespace

SubjectResults::SubjectResults(const Scenario& scenario, std::string subject,
                               std::function<void(std::string_view)> requests_csv)
    : scenario_(scenario),
      subject_(std::move(subject)),
      requests_csv_(std::move(requests_csv)),
      thresholds_(thresholds_of(scenario, subject_)) {}

void SubjectResults::close(const RunRecord& run, TurnRecord& turn, Time now) {
  if (turn.is_closed) return;
  TurnLedger ledger = ledger_of(turn, now);
  turn.is_closed = true;
  world_totals_.add(ledger);
  if (!turn.is_real()) return;
  ++closed_;
  totals_.add(ledger.request, ledger.client);
  if (!requests_csv_) return;
  const bool is_of_load = turn.number == 1 && !run.seed && !rows_.contains(run.request);
  const RequestNumber number = is_of_load ? run.request : scenario_.model.load.requests + beyond_++;
  ledger.request.number = ledger.client.number = number;
  append_csv_row(rows_[number], subject_, ledger.request, ledger.client, 0);
}

void SubjectResults::give_rows() {
  for (const auto& [number, row] : rows_) requests_csv_(row);
  rows_.clear();
}

Results SubjectResults::results(std::uint64_t open) const {
  Results results;
  results.scenario = scenario_.name;
  results.file = scenario_.file;
  results.seed = scenario_.model.seed.value;
  results.requests = closed_ + open;
  results.run.partial = open > 0;
  results.run.served = true;
  results.thresholds = thresholds_;
  results.background.description = scenario_.description;
  results.background.cancel_rule = "its users cancelled as they liked";
  results.background.explanations = world_totals_.sentences(subject_);
  results.policies.push_back({.policy = Policy{.name = subject_}, .totals = totals_});
  return results;
}

nlohmann::ordered_json SubjectResults::json_of(const Results& results) const {
  nlohmann::ordered_json document = to_json(results);
  document["policies"][0]["world"] = world_totals_.json();
  return document;
}

}  // namespace caesura
