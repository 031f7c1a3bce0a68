#include "scenarios/page/page_data.hpp"

#include "scenarios/report/figures.hpp"
#include "scenarios/page/page_elements.hpp"
#include "scenarios/page/page_sections.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

Json fact(const std::string& label, const std::string& value, const std::string& note) {
  return {{"label", label}, {"value", value}, {"note", note}};
}

/// The figures that people ask for first, of the first policy that cancelled anything.
Json facts_of(const PageContext& page) {
  Json facts = Json::array();
  const auto& policies = page.policies();
  const auto found = std::find_if(policies.begin(), policies.end(),
                                  [](const Json& p) { return p["requests"]["cancelled"] > 0; });
  if (found == policies.end()) return facts;
  const Json& policy = *found;
  const Json& tokens = policy["tokens"];
  const Json& cost = policy["cost_usd"];
  const Json& latency = policy["cancel_latency_s"];
  const std::string under = "under " + name_in(policy);
  if (tokens["planned"] > 0)
    facts.push_back(
        fact("Tokens saved", share_figure(tokens["saved_fraction"]), "of all planned, " + under));
  if (cost["planned"] > 0)
    facts.push_back(
        fact("Money saved", money_figure(cost["saved"]), "of " + money_figure(cost["planned"])));
  if (const auto avoidable = saved_of_avoidable(policy)) {
    facts.push_back(fact("Of what was avoidable", share_figure(*avoidable),
                         "saved, of what was still to come at the cancel"));
  }
  facts.push_back(fact("A cancel takes", duration_figure(latency["mean"]), "on average, " + under));
  facts.push_back(
      fact("At p99", duration_figure(latency["p99"]), "one cancel in a hundred takes longer"));
  return facts;
}

/// What a page cannot show for want of a file, in one line; null if there is nothing to say.
Json missing_line(const PageScenario& scenario) {
  std::string what;
  if (!scenario.rows)
    what =
        "latency over the moment of cancelling and the exact distribution of latency "
        "(requests.csv)";
  if (!scenario.rows || !scenario.scenario)
    what += (what.empty() ? "" : "; ") +
            std::string("the timeline of requests (requests.csv and scenario.yaml)");
  if (!scenario.scenario)
    what += "; the assumptions that matter most and the scenario itself (scenario.yaml)";
  if (what.empty()) return nullptr;
  return "Left out for want of files beside results.json: " + what +
         ". Run with --out DIR and report on that folder.";
}

Json run_section(const PageContext& page) {
  const Json& results = page.scenario.results;
  Json lines = Json::array();
  for (const auto& line : outcome_lines(results)) lines.push_back(line);
  lines.push_back(run_line(results));
  lines.push_back(measure_line(results, {}));
  Json section{
      {"id", "run"}, {"title", "The run"}, {"lines", std::move(lines)}, {"tables", Json::array()}};
  Grid grid{.titles = 1, .header = {"threshold", "value", "held"}, .rows = {}};
  for (const auto& line : threshold_lines(results)) {
    grid.rows.push_back({line.expression, line.value,
                         !line.ok   ? "not judged"
                         : *line.ok ? "yes"
                                    : "NO"});
  }
  if (!grid.rows.empty()) section["tables"].push_back(table_json("Thresholds", grid));
  return section;
}

Json scenario_section(const PageContext& page) {
  if (!page.scenario.scenario) return nullptr;
  return {{"id", "scenario"},
          {"title", "The scenario itself"},
          {"lines", Json::array({"As it ran, options applied."})},
          {"code", page.scenario.scenario->yaml}};
}

Json scenario_json(const PageContext& page) {
  const Json& results = page.scenario.results;
  const auto& part = page.scenario.scenario;
  Json lines = Json::array();
  if (const auto partial = partial_line(results)) lines.push_back(*partial + ".");
  if (part)
    lines.push_back(
        cancel_line({.description = {}, .cancel_rule = part->cancel_rule, .lateness_max = {}}));
  Json sections = Json::array();
  for (Json section :
       {policies_section(page), latency_section(page), wait_section(page), ledger_section(page),
        moment_section(page), pareto_section(page), timeline_section(page),
        sensitivity_section(page), run_section(page), scenario_section(page)}) {
    if (!section.is_null()) sections.push_back(std::move(section));
  }
  return {{"name", results.at("scenario").at("name")},
          {"description", part ? part->description : ""},
          {"lead", overall(results)},
          {"facts", facts_of(page)},
          {"lines", std::move(lines)},
          {"missing", missing_line(page.scenario)},
          {"sections", std::move(sections)}};
}

}  // namespace

std::vector<RequestNumber> requests_to_show(std::vector<CancelledRow> rows) {
  std::sort(rows.begin(), rows.end(), [](const CancelledRow& a, const CancelledRow& b) {
    return std::pair(a.stopped - a.cancel_sent, a.request) <
           std::pair(b.stopped - b.cancel_sent, b.request);
  });
  std::set<RequestNumber> chosen;
  for (std::size_t i = 0; i < shown_requests && !rows.empty(); ++i) {
    chosen.insert(rows[i * (rows.size() - 1) / (shown_requests - 1)].request);
  }
  return {chosen.begin(), chosen.end()};
}

Json page_data(const std::vector<PageScenario>& scenarios) {
  const PolicyColours colours(scenarios);
  Json all = Json::array();
  std::string title;
  for (const PageScenario& scenario : scenarios) {
    all.push_back(scenario_json({scenario, colours}));
    title += (title.empty() ? "" : ", ") + all.back()["name"].get<std::string>();
  }
  return {{"title", title}, {"scenarios", std::move(all)}};
}

}  // namespace caesura
