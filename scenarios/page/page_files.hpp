#pragma once

#include "scenarios/page/page_scenario.hpp"

#include <string>
#include <vector>

namespace caesura {

/// The results documents that `path` names: a results.json, a file of what `caesura run --json`
/// printed (an array for several scenarios), a folder that `caesura run --out` wrote, or the folder
/// above several such. Each comes with the requests.csv and scenario.yaml that lie beside its
/// results.json. Throws ScenarioError, naming the file and what is wrong with it: unreadable, not
/// JSON, not the results of this version, or files side by side that are not of one run.
std::vector<PageScenario> read_page_scenarios(const std::string& path);

}  // namespace caesura
