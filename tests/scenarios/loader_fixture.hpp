#pragma once

#include "scenarios/format/scenario.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace caesura {

/// A folder of its own for one test, gone afterwards.
class ScenarioFolder {
 public:
  ScenarioFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "caesura-loader-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ScenarioFolder(const ScenarioFolder&) = delete;
  ScenarioFolder& operator=(const ScenarioFolder&) = delete;
  ~ScenarioFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string file(const std::string& name) const { return (path_ / name).string(); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name), std::ios::binary) << text;
    return file(name);
  }

  Scenario load(const std::string& yaml, const ScenarioOptions& options = {}) const {
    return load_scenario(write("s.yaml", yaml), options);
  }

  /// What the loader says of `yaml`, without this folder's path; "" if it accepts it.
  std::string error(const std::string& yaml, const ScenarioOptions& options = {}) const {
    write("s.yaml", yaml);
    return error_of_file("s.yaml", options);
  }

  std::string error_of_file(const std::string& name, const ScenarioOptions& options = {}) const {
    try {
      load_scenario(file(name), options);
      return "";
    } catch (const ScenarioError& problem) {
      std::string what = problem.what();
      const std::string prefix = path_.string() + "/";
      for (auto at = what.find(prefix); at != what.npos; at = what.find(prefix))
        what.erase(at, prefix.size());
      return what;
    }
  }

 private:
  std::filesystem::path path_;
};

/// The smallest scenario, some of its lines replaced by ones with the same key, others added at the
/// end; a key alone takes its line away.
inline std::string scenario_with(const std::vector<std::string>& lines) {
  std::vector<std::string> text{"scenario: s", "load: {requests: 10, arrivals: at_once}",
                                "services: {llm: {m: {latency: 1s}}, tool: {t: {latency: 1s}}}",
                                "workflow: [{llm: m}]"};
  const auto key = [](const std::string& line) { return line.substr(0, line.find(':')); };
  for (const auto& line : lines) {
    const auto same = std::find_if(text.begin(), text.end(), [&](const std::string& other) {
      return key(other) == key(line);
    });
    if (same == text.end() || line.find(":: ") != line.npos) {
      text.push_back(line.find(":: ") == line.npos
                         ? line
                         : line.substr(0, line.find(":: ")) + line.substr(line.find(":: ") + 1));
    } else if (line.find(':') == line.npos) {
      text.erase(same);
    } else {
      *same = line;
    }
  }
  std::string all;
  for (const auto& line : text) all += line + "\n";
  return all;
}

inline ScenarioOptions sets(std::vector<std::string> values) {
  ScenarioOptions options;
  options.sets = std::move(values);
  return options;
}

/// Runs a table of bad input: for each case a line "# what it is", lines for scenario_with(), and a
/// line "= expected message".
inline void expect_errors(const std::string& table) {
  const ScenarioFolder folder;
  std::istringstream stream(table);
  std::string line, name;
  std::vector<std::string> lines;
  int cases = 0;
  while (std::getline(stream, line)) {
    if (line.rfind("# ", 0) == 0) {
      name = line.substr(2);
      lines.clear();
    } else if (line.rfind("= ", 0) == 0) {
      EXPECT_EQ(folder.error(scenario_with(lines)), "s.yaml:" + line.substr(2)) << name;
      ++cases;
    } else if (!line.empty()) {
      lines.push_back(line);
    }
  }
  EXPECT_GT(cases, 0);
}

}  // namespace caesura
