#include "scenarios/report/comparison_words.hpp"
#include "scenarios/report/figures.hpp"
#include "scenarios/page/page_sections.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

/// One column of a policy's ledger, as it is drawn: planned = before + after + saved + forgone.
struct Column {
  double planned = 0;
  double before = 0;  ///< used up to the cancel, if there was one
  double after = 0;   ///< used after it
  double saved = 0;
  double forgone = 0;
  void add(const Json& column) {
    planned += column.at("planned").get<double>();
    before += column.at("used").get<double>() - column.at("used_after_cancel").get<double>();
    after += column.at("used_after_cancel").get<double>();
    saved += column.at("saved").get<double>();
    forgone += column.at("forgone").get<double>();
  }
};

/// Tokens, cost or busy seconds.
struct Ledger {
  const char* title;
  const char* unit;  ///< of an axis
  std::string (*figure)(double);
  Column (*column)(const Json& policy);
};

Column one_column(const Json& column) {
  Column sum;
  sum.add(column);
  return sum;
}

std::string tokens_figure(double tokens) { return count_figure(std::llround(tokens)); }

const std::array<Ledger, 3> ledgers{
    {{"Tokens", "count", tokens_figure,
      [](const Json& policy) { return one_column(policy.at("tokens")); }},
     {"Cost", "usd", money_figure,
      [](const Json& policy) { return one_column(policy.at("cost_usd")); }},
     {"Busy time", "duration", duration_figure, [](const Json& policy) {
        Column sum;
        for (const Json& kind : policy.at("busy_s")) sum.add(kind);
        return sum;
      }}}};

struct Part {
  const char* colour;
  const char* name;
  double Column::*value;
};
constexpr std::array<Part, 4> parts{{{"used", "used up to the cancel", &Column::before},
                                     {"after", "used after the cancel", &Column::after},
                                     {"saved", "saved", &Column::saved},
                                     {"forgone", "forgone", &Column::forgone}}};

/// Null where nothing was planned.
Json ledger_figure(const PageContext& page, const Ledger& ledger) {
  Json categories = Json::array();
  Json category_colours = Json::array();
  std::vector<Column> columns;
  Grid grid{.titles = 1, .header = {"policy", "planned"}, .rows = {}};
  for (const Part& part : parts) grid.header.emplace_back(part.name);
  double planned = 0;
  for (const Json& policy : page.policies()) {
    const Column column = ledger.column(policy);
    planned += column.planned;
    std::vector<std::string> row{name_in(policy), ledger.figure(column.planned)};
    for (const Part& part : parts) row.push_back(ledger.figure(column.*part.value));
    grid.rows.push_back(std::move(row));
    categories.push_back(name_in(policy));
    category_colours.push_back(page.colours.of(name_in(policy)));
    columns.push_back(column);
  }
  if (planned == 0) return nullptr;
  Json series = Json::array();
  for (const Part& part : parts) {
    Json values = Json::array();
    Json texts = Json::array();
    for (const Column& column : columns) {
      values.push_back(column.*part.value);
      texts.push_back(ledger.figure(column.*part.value) + ", " +
                      share_figure(column.planned == 0 ? 0 : column.*part.value / column.planned) +
                      " of planned");
    }
    series.push_back({{"name", part.name},
                      {"colour", part.colour},
                      {"values", std::move(values)},
                      {"texts", std::move(texts)}});
  }
  return {{"title", ledger.title},
          {"chart",
           {{"type", "bars"},
            {"stacked", true},
            {"label", std::string(ledger.title) +
                          ": what became of all that was planned, a stacked bar per policy"},
            {"x", axis_json(ledger.title, ledger.unit)},
            {"categories", std::move(categories)},
            {"category_colours", std::move(category_colours)},
            {"series", std::move(series)}}},
          {"table", table_json(std::string("Ledger: ") + ledger.title, grid)}};
}

/// A figure of a difference, with its sign; nothing known: a dash.
std::string signed_figure(const Json& comparison, const char* quantity, const char* field,
                          std::string (*figure)(double)) {
  const Json value =
      comparison.value(Json::json_pointer(std::string("/") + quantity + '/' + field), Json());
  if (!value.is_number()) return no_figure;
  const double x = value.get<double>();
  return (x > 0 ? "+" : "") + figure(x);
}

std::string interval_figure(const Json& comparison, const char* quantity,
                            std::string (*figure)(double)) {
  const std::string low = signed_figure(comparison, quantity, "ci95/0", figure);
  const std::string high = signed_figure(comparison, quantity, "ci95/1", figure);
  return low == no_figure || high == no_figure ? no_figure : low + " to " + high;
}

std::string plain_name(const Json& comparison, const char* field) {
  const auto found = comparison.find(field);
  return found != comparison.end() && found->is_string() ? found->get<std::string>() : no_figure;
}

/// The section comparisons of results.json; nothing if it is empty.
std::optional<Grid> comparison_grid(const Json& results) {
  const bool with_money = has_money(results);
  Grid grid{.titles = 2,
            .header = {"policy", "against", "stop after, difference", "95 % interval"},
            .rows = {}};
  if (with_money) grid.header.insert(grid.header.end(), {"$ saved, difference", "95 % interval"});
  for (const Json& comparison : results.at("comparisons")) {
    std::vector<std::string> row{
        plain_name(comparison, "policy"), plain_name(comparison, "against"),
        signed_figure(comparison, "cancel_latency_s", "mean_difference", duration_figure),
        interval_figure(comparison, "cancel_latency_s", duration_figure)};
    if (with_money) {
      row.push_back(signed_figure(comparison, "cost_usd", "saved_difference", money_figure));
      row.push_back(interval_figure(comparison, "cost_usd", money_figure));
    }
    grid.rows.push_back(std::move(row));
  }
  if (grid.rows.empty()) return std::nullopt;
  return grid;
}

/// What a policy is judged by.
struct Judged {
  std::string policy;
  double latency_s = 0;
  double used = 0;
  std::int64_t cut_off = 0;
  std::int64_t unsafe = 0;
};

std::string cut_off_words(const Judged& judged) {
  std::string words = count_figure(judged.cut_off) + " cut off";
  if (judged.unsafe > 0) words += ", " + count_figure(judged.unsafe) + " unsafe";
  return words;
}

std::vector<Judged> judged_policies(const PageContext& page, const char* ledger) {
  std::vector<Judged> all;
  for (const Json& policy : page.policies()) {
    if (policy.at("requests").at("cancelled") == 0) continue;
    Judged judged{.policy = name_in(policy),
                  .latency_s = policy.at("cancel_latency_s").at("mean"),
                  .used = policy.at(ledger).at("used"),
                  .unsafe = policy.at("interrupted").at("unsafe")};
    for (const char* const kind : {"llm", "decompose", "tool", "agent"}) {
      judged.cut_off += policy.at("interrupted").at(kind).get<std::int64_t>();
    }
    all.push_back(std::move(judged));
  }
  return all;
}

}  // namespace

Json policies_section(const PageContext& page) {
  Json items = Json::array();
  for (const Json& policy : page.policies()) {
    const std::string name = name_in(policy);
    items.push_back({{"colour", page.colours.of(name)},
                     {"name", name},
                     {"text", headline(policy).substr(name.size())}});
  }
  Json tables = Json::array({table_json("All policies", policy_grid(page.scenario.results))});
  if (const auto grid = comparison_grid(page.scenario.results)) {
    tables.push_back(table_json("Differences between policies, on the same requests", *grid));
  }
  Json section{{"id", "policies"},
               {"title", "The policies"},
               {"items", std::move(items)},
               {"tables", std::move(tables)}};
  for (const auto& line : side_by_side_lines(page.scenario.results))
    section["remarks"].push_back(line);
  return section;
}

Json ledger_section(const PageContext& page) {
  Json figures = Json::array();
  for (const Ledger& ledger : ledgers) {
    if (Json figure = ledger_figure(page, ledger); !figure.is_null())
      figures.push_back(std::move(figure));
  }
  if (figures.empty()) return nullptr;
  return {{"id", "ledger"},
          {"title", "Where it went"},
          {"lines",
           Json::array({"All that was planned was used before the cancel or without one, used "
                        "after the cancel (what a quicker stop could "
                        "still save), saved, or forgone to failures, timeouts and rejections."})},
          {"figures", std::move(figures)}};
}

Json pareto_section(const PageContext& page) {
  const bool has_cost = has_money(page.scenario.results);
  const Ledger& ledger = ledgers[has_cost ? 1 : 0];
  const auto all = judged_policies(page, has_cost ? "cost_usd" : "tokens");
  if (all.size() < 2) return nullptr;
  const auto undominated = undominated_policies(page.scenario.results);
  Json points = Json::array();
  Grid grid{.titles = 1,
            .header = {"policy", "mean stop after", has_cost ? "cost used" : "tokens used",
                       "cut off", "unsafe", "in the Pareto set"},
            .rows = {}};
  for (const Judged& judged : all) {
    const bool is_member =
        std::find(undominated.begin(), undominated.end(), judged.policy) != undominated.end();
    points.push_back({{"name", judged.policy},
                      {"colour", page.colours.of(judged.policy)},
                      {"x", judged.latency_s},
                      {"y", judged.used},
                      {"size", judged.cut_off},
                      {"member", is_member},
                      {"text", cut_off_words(judged)}});
    grid.rows.push_back({judged.policy, duration_figure(judged.latency_s),
                         ledger.figure(judged.used), count_figure(judged.cut_off),
                         count_figure(judged.unsafe), is_member ? "yes" : "no"});
  }
  return {{"id", "pareto"},
          {"title", "Which policies are worth choosing"},
          {"lines", Json::array({"Further left stops sooner, further down uses less; a larger "
                                 "bubble cuts off more operations. Solid bubbles are the "
                                 "Pareto set: no other policy is better in latency, " +
                                 std::string(has_cost ? "dollars" : "tokens") +
                                 " used or operations cut off without being worse in another."})},
          {"figures",
           Json::array({{{"title", "Cancellation latency against what is used"},
                         {"chart",
                          {{"type", "bubbles"},
                           {"label",
                            "A bubble per policy: mean cancellation latency across, what was used "
                            "upwards, operations cut off as size"},
                           {"x", axis_json("mean cancellation latency", "duration")},
                           {"y", axis_json(has_cost ? "cost used" : "tokens used", ledger.unit)},
                           {"points", std::move(points)}}},
                         {"table", table_json("Latency, use and operations cut off", grid)}}})}};
}

}  // namespace caesura
