#include "exam/exam_folder.hpp"

#include "scenarios/results/json_text.hpp"
#include "scenarios/results/output_folder.hpp"
#include "exam/exam_json.hpp"
#include "exam/exam_page.hpp"
#include "exam/exam_report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {
namespace {

namespace fs = std::filesystem;

constexpr const char* json_name = "exam.json";

/// A file's name that means nothing else anywhere: not hidden, no folder, no option.
std::string safe_name(std::string_view text) {
  constexpr std::string_view safe =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.@";
  constexpr std::size_t longest = 100;
  std::string name(text.substr(0, longest));
  std::replace_if(
      name.begin(), name.end(), [&](char c) { return safe.find(c) == std::string_view::npos; },
      '_');
  if (name.empty()) return "_";
  if (name.front() == '.' || name.front() == '-') name.front() = '_';
  return name;
}

/// The cases' folders: their names; two people's cases of one name are told apart by a number.
std::vector<std::string> names_of_folders(const ExamResults& results) {
  // What else stands in the folder.
  std::set<std::string> taken{json_name, "exam.md", "exam.html"};
  std::vector<std::string> names;
  for (const CaseResult& result : results.cases) {
    const std::string wanted = safe_name(result.name);
    std::string name = wanted;
    for (int n = 2; !taken.insert(name).second; ++n) name = wanted + "." + std::to_string(n);
    names.push_back(std::move(name));
  }
  return names;
}

/// Files that are written whole before the first of them gets its name.
class WholeFiles {
 public:
  void add(const fs::path& folder, const std::string& name, std::string_view text) {
    files_.push_back(std::unique_ptr<OutputFile>(new OutputFile(open_output(folder, name))));
    files_.back()->append(text);
    files_.back()->close();
  }
  /// One after another: the whole can be long.
  void add_lines(const fs::path& folder, const std::string& name, const SpokenLines& lines) {
    files_.push_back(std::unique_ptr<OutputFile>(new OutputFile(open_output(folder, name))));
    for (const SpokenLine& line : lines) files_.back()->append(line_jsonl(line));
    files_.back()->close();
  }
  void give_names() {
    for (const auto& file : files_) file->rename();
  }

 private:
  std::vector<std::unique_ptr<OutputFile>> files_;
};

}  // namespace

void make_exam_folder(const std::string& folder) {
  make_output_folder(folder);
  open_output(folder, json_name);
}

void write_exam(const std::string& folder, const ExamResults& results) {
  make_output_folder(folder);
  WholeFiles files;
  const auto names = names_of_folders(results);
  for (std::size_t i = 0; i < results.cases.size(); ++i) {
    const std::vector<PlayResult>& plays = results.cases[i].plays;
    for (std::size_t n = 0; n < plays.size(); ++n) {
      fs::path of_play = fs::path(folder) / names[i];
      if (plays.size() > 1) of_play /= std::to_string(n + 1);
      make_output_folder(of_play);
      files.add(of_play, "events.jsonl", plays[n].events);
      files.add_lines(of_play, "lines.jsonl", plays[n].lines);
      files.add(of_play, "stderr.txt", plays[n].stderr_text);
    }
  }
  files.add(folder, json_name, json_text(exam_json(results)));
  files.add(folder, "exam.md", exam_markdown(results));
  files.add(folder, "exam.html", exam_page(results));
  files.give_names();
}

}  // namespace caesura
