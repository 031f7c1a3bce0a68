#include "scenarios/page/page_elements.hpp"

#include <cstddef>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t colour_count = 8;

}  // namespace

PolicyColours::PolicyColours(const std::vector<PageScenario>& scenarios) {
  std::size_t next = 0;
  for (const PageScenario& scenario : scenarios) {
    for (const Json& policy : scenario.results.at("policies")) {
      const auto [entry, is_new] = colours_.emplace(name_in(policy), "never");
      if (!is_new || entry->first == "never") continue;
      entry->second = "policy-" + std::to_string(1 + next++ % colour_count);
    }
  }
}

std::string name_in(const Json& policy) { return policy.at("policy").get<std::string>(); }

Json table_json(const std::string& caption, const Grid& grid) {
  return {
      {"caption", caption}, {"titles", grid.titles}, {"header", grid.header}, {"rows", grid.rows}};
}

Json axis_json(const std::string& title, const char* unit, bool logarithmic) {
  return {{"title", title}, {"unit", unit}, {"scale", logarithmic ? "logarithmic" : "linear"}};
}

}  // namespace caesura
