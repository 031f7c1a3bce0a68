#include "model/model.hpp"
#include "scenarios/format/format.hpp"
#include "scenarios/format/scenario.hpp"
#include "scenarios/results/csv.hpp"
#include "scenarios/results/results.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;
using Names = std::set<std::string>;
namespace fs = std::filesystem;

const fs::path source_folder = CAESURA_SOURCE_DIR;

std::string slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) ADD_FAILURE() << "cannot read " << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string page(const std::string& name) { return slurp(source_folder / "docs" / name); }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool is_fence(const std::string& line) {
  const std::size_t first = line.find_first_not_of(' ');
  return first != std::string::npos && line.compare(first, 3, "```") == 0;
}

/// What stands between backticks in one line.
std::vector<std::string> spans(const std::string& line) {
  std::vector<std::string> found;
  for (std::size_t begin = line.find('`'); begin != std::string::npos;
       begin = line.find('`', begin)) {
    const std::size_t end = line.find('`', begin + 1);
    if (end == std::string::npos) break;
    found.push_back(line.substr(begin + 1, end - begin - 1));
    begin = end + 1;
  }
  return found;
}

/// The words of a page's code, inline and in blocks: what is only prose does not document a name.
Names code_words(const std::string& text) {
  Names words;
  const auto add = [&](const std::string& code) {
    std::string word;
    for (const char c : code + ' ') {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
        word += c;
      } else if (!word.empty()) {
        words.insert(std::exchange(word, {}));
      }
    }
  };
  bool in_block = false;
  for (const auto& line : lines_of(text)) {
    if (is_fence(line)) {
      in_block = !in_block;
    } else if (in_block) {
      add(line);
    } else {
      for (const auto& span : spans(line)) add(span);
    }
  }
  return words;
}

/// The code in the first cells of all tables whose first header is `header`, in order; `.b` after
/// `a.x` means `a.b`.
std::vector<std::string> first_cells(const std::string& text, const std::string& header) {
  std::vector<std::string> cells;
  bool inside = false;
  for (const auto& line : lines_of(text)) {
    inside = inside && line.starts_with('|');
    if (!line.starts_with("| ")) continue;
    const std::string cell = line.substr(2, line.find(" |", 2) - 2);
    if (cell == header) {
      inside = true;
    } else if (inside) {
      std::string parent;
      for (const auto& name : spans(cell)) {
        if (!name.starts_with('.')) parent = name.substr(0, name.find('.'));
        cells.push_back(name.starts_with('.') ? parent + name : name);
      }
    }
  }
  return cells;
}

/// The part of a page under one heading.
std::string section(const std::string& text, const std::string& heading) {
  const std::size_t begin = text.find("\n## " + heading + "\n");
  if (begin == std::string::npos) {
    ADD_FAILURE() << "no section " << heading;
    return {};
  }
  return text.substr(begin + 1, text.find("\n## ", begin + 1) - begin - 1);
}

void add_keys(const Json& value, Names& keys) {
  if (value.is_object()) {
    for (const auto& member : value.items()) {
      keys.insert(member.key());
      add_keys(member.value(), keys);
    }
  } else if (value.is_array()) {
    for (const auto& item : value) add_keys(item, keys);
  }
}

/// With every field that there can be.
Json empty_results() {
  Results results;
  results.replications = 2;
  results.run.served = true;
  results.policies.push_back({});
  results.comparisons.push_back({});
  results.thresholds.push_back({.expression = "x.requests.total == 0",
                                .policy = "x",
                                .field = "requests.total",
                                .comparison = {},
                                .limit = 0});
  return to_json(results);
}

std::vector<std::string> csv_columns() {
  std::string header;
  append_csv_header(header);
  header.pop_back();
  std::vector<std::string> columns;
  std::istringstream stream(header);
  for (std::string column; std::getline(stream, column, ',');) columns.push_back(column);
  return columns;
}

void expect_all_in(const Names& needed, const std::string& page_name) {
  const Names words = code_words(page(page_name));
  for (const auto& name : needed)
    EXPECT_TRUE(words.contains(name))
        << "docs/" << page_name << " does not explain `" << name << "`";
}

std::vector<fs::path> pages() {
  std::vector<fs::path> all{source_folder / "README.md", source_folder / "scenarios/README.md"};
  for (const auto& entry : fs::recursive_directory_iterator(source_folder / "docs")) {
    if (entry.path().extension() == ".md") all.push_back(entry.path());
  }
  std::sort(all.begin(), all.end());
  return all;
}

/// As GitHub makes anchors of headings, as far as ASCII goes.
Names anchors_of(const std::string& text) {
  Names anchors;
  bool in_block = false;
  constexpr std::string_view named = "<a id=\"";
  for (const auto& line : lines_of(text)) {
    if (is_fence(line)) in_block = !in_block;
    if (!in_block && line.starts_with(named))
      anchors.insert(line.substr(named.size(), line.find('"', named.size()) - named.size()));
    const std::size_t level = line.find_first_not_of('#');
    if (in_block || level == 0 || level == std::string::npos || line[level] != ' ') continue;
    std::string anchor;
    for (const char c : line.substr(level + 1)) {
      if (c == ' ') anchor += '-';
      if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-')
        anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    anchors.insert(anchor);
  }
  return anchors;
}

Names shipped_scenarios() {
  Names names;
  for (const auto& entry : fs::recursive_directory_iterator(source_folder / "scenarios")) {
    if (entry.path().extension() == ".yaml")
      names.insert(fs::relative(entry.path(), source_folder).string());
  }
  return names;
}

TEST(Docs, TheScenarioFormatExplainsEveryKeyOfTheSchema) {
  Names keys;
  const std::function<void(const Json&)> walk = [&](const Json& node) {
    if (node.is_object() && node.contains("properties") && node.at("properties").is_object()) {
      for (const auto& property : node.at("properties").items()) keys.insert(property.key());
    }
    for (const auto& child : node) {
      if (child.is_structured()) walk(child);
    }
  };
  walk(Json::parse(scenario_schema()));
  ASSERT_TRUE(keys.contains("scenario") && keys.contains("even_if_finished"))
      << "the schema is not read as it should be";
  expect_all_in(keys, "scenario-format.md");
}

TEST(Docs, ResultsExplainEveryFieldOfResultsJson) {
  Names fields;
  add_keys(PolicyTotals().to_json("x"), fields);
  add_keys(empty_results(), fields);
  ASSERT_TRUE(fields.contains("saved_of_avoidable") && fields.contains("peak_in_flight") &&
              fields.contains("expression"));
  expect_all_in(fields, "results.md");
}

TEST(Docs, ResultsExplainNoFieldThatIsNotThere) {
  const Json results = empty_results();
  Names fields;
  add_keys(results, fields);
  const auto explained = first_cells(page("results.md"), "field");
  ASSERT_GT(explained.size(), 40U);
  for (const auto& path : explained) {
    std::string steps = "/" + path;
    std::replace(steps.begin(), steps.end(), '.', '/');
    const Json::json_pointer pointer(steps);
    const bool is_path =
        results.contains(pointer) || results.at("policies").at(0).contains(pointer);
    EXPECT_TRUE(is_path || fields.contains(path)) << "results.json has no `" << path << "`";
  }
}

TEST(Docs, ResultsExplainTheColumnsOfRequestsCsvInTheirOrder) {
  EXPECT_EQ(first_cells(page("results.md"), "column"), csv_columns());
}

TEST(Docs, PoliciesExplainsEveryPolicyAndItsOptions) {
  std::vector<std::string> policies;
  Names options;
  for (const auto& shape : scenario_format().shapes) {
    if (shape.id != "policy") continue;
    for (const auto& word : shape.scalar.at(0).words) policies.push_back(word.name);
    for (const auto& key : shape.mapping.at(0).keys) {
      if (key.shape->mapping.empty()) continue;
      for (const auto& option : key.shape->mapping.at(0).keys) options.insert(option.name);
    }
  }
  ASSERT_EQ(policies.size(), 5U);
  ASSERT_TRUE(options.contains("detect"));
  EXPECT_EQ(first_cells(section(page("policies.md"), "The policies"), "policy"), policies);
  expect_all_in(options, "policies.md");
}

TEST(Docs, TheReadmeNamesOnlyScenariosThatExist) {
  const std::string readme = slurp(source_folder / "README.md");
  const Names shipped = shipped_scenarios();
  const std::regex scenario("scenarios/[A-Za-z0-9_/-]+\\.yaml");
  std::size_t found = 0;
  for (std::sregex_iterator match(readme.begin(), readme.end(), scenario), end; match != end;
       ++match, ++found) {
    EXPECT_TRUE(shipped.contains(match->str())) << match->str();
  }
  EXPECT_GT(found, 0U);
}

TEST(Docs, TheReadmesTableHasEveryShippedScenario) {
  const std::string readme = slurp(source_folder / "README.md");
  const Names shipped = shipped_scenarios();
  ASSERT_FALSE(shipped.empty());
  for (const auto& path : shipped) {
    if (path.starts_with("scenarios/exam/")) continue;  // cases have a table of their own
    const std::string cell = "\n| [" + fs::path(path).filename().string() + "](" + path + ") | ";
    EXPECT_NE(readme.find(cell), std::string::npos) << "README.md has no row for " << path;
  }
}

TEST(Docs, EveryRelativeLinkLeadsSomewhere) {
  const std::regex link("\\]\\(([^)\\s]+)\\)");
  std::size_t found = 0;
  for (const auto& path : pages()) {
    std::string text;
    bool in_block = false;
    for (const auto& line : lines_of(slurp(path))) {
      if (is_fence(line)) in_block = !in_block;
      if (!in_block) text += line + '\n';
    }
    for (std::sregex_iterator match(text.begin(), text.end(), link), end; match != end; ++match) {
      const std::string target = (*match)[1];
      if (target.starts_with("http://") || target.starts_with("https://")) continue;
      ++found;
      const std::size_t hash = target.find('#');
      const fs::path file = hash == 0 ? path : path.parent_path() / target.substr(0, hash);
      ASSERT_TRUE(fs::exists(file)) << path << " links to " << target;
      if (hash == std::string::npos) continue;
      EXPECT_TRUE(anchors_of(slurp(file)).contains(target.substr(hash + 1)))
          << path << " links to " << target;
    }
  }
  EXPECT_GT(found, 20U);
}

TEST(Docs, EveryFileThatThePagesNameExists) {
  const std::regex path_of_source(
      "(sim|mocks|actors|scenarios|app|bench|tests|docs)/[A-Za-z0-9_./-]+\\.(cpp|hpp|yaml|md|py)");
  for (const auto& page_path : pages()) {
    const std::string text = slurp(page_path);
    for (std::sregex_iterator match(text.begin(), text.end(), path_of_source), end; match != end;
         ++match) {
      EXPECT_TRUE(fs::exists(source_folder / match->str()))
          << page_path << " names " << match->str();
    }
  }
}

}  // namespace
}  // namespace caesura
