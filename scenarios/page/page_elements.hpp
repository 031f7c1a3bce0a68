#pragma once

#include "scenarios/report/report.hpp"
#include "scenarios/page/page_scenario.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace caesura {

// What the sections of a page are made of.

/// The same colour for the same policy on the whole page: names of colours in page.css.
class PolicyColours {
 public:
  /// Policies in the order in which they first come; "never" has a colour of its own.
  explicit PolicyColours(const std::vector<PageScenario>& scenarios);
  const std::string& of(const std::string& policy) const { return colours_.at(policy); }

 private:
  std::map<std::string, std::string> colours_;
};

struct PageContext {
  const PageScenario& scenario;
  const PolicyColours& colours;

  const nlohmann::ordered_json& policies() const { return scenario.results.at("policies"); }
};

std::string name_in(const nlohmann::ordered_json& policy);
nlohmann::ordered_json table_json(const std::string& caption, const Grid& grid);
/// An axis of a chart. Units: duration (seconds), share (of 1), change (of 1, signed), usd, count.
nlohmann::ordered_json axis_json(const std::string& title, const char* unit,
                                 bool logarithmic = false);

}  // namespace caesura
