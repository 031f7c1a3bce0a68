#include "exam/exam_folder.hpp"

#include "scenarios/results/json_text.hpp"
#include "scenarios/results/output_folder.hpp"
#include "exam/exam_json.hpp"
#include "exam/exam_page.hpp"
#include "exam/exam_report.hpp"
#include "tests/exam/sample_exam.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace caesura {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class ExamFolderTest : public testing::Test {
 protected:
  ExamFolderTest() {
    std::string name = (fs::temp_directory_path() / "caesura-exam-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~ExamFolderTest() override { fs::remove_all(folder_); }

  static std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// Every file in it, at any depth.
  std::set<std::string> files() const {
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      if (entry.is_regular_file()) found.insert(fs::relative(entry.path(), folder_).string());
    }
    return found;
  }

  fs::path folder_;
};

TEST_F(ExamFolderTest, HasEveryFormAndWhatWasSeenOfEachCase) {
  const ExamResults results = small_exam();
  const fs::path deep = folder_ / "a" / "b";
  write_exam(deep.string(), results);
  EXPECT_THAT(files(),
              ElementsAre("a/b/backing-off/events.jsonl", "a/b/backing-off/lines.jsonl",
                          "a/b/backing-off/stderr.txt", "a/b/exam.html", "a/b/exam.json",
                          "a/b/exam.md", "a/b/mid-text/events.jsonl", "a/b/mid-text/lines.jsonl",
                          "a/b/mid-text/stderr.txt", "a/b/tool-in-progress/events.jsonl",
                          "a/b/tool-in-progress/lines.jsonl", "a/b/tool-in-progress/stderr.txt"));
  EXPECT_EQ(content(deep / "exam.json"), json_text(exam_json(results)));
  EXPECT_EQ(content(deep / "exam.md"), exam_markdown(results));
  EXPECT_EQ(content(deep / "exam.html"), exam_page(results));
  const PlayResult& play = results.cases[1].plays[0];
  EXPECT_EQ(content(deep / "tool-in-progress/events.jsonl"), play.events);
  EXPECT_EQ(content(deep / "tool-in-progress/lines.jsonl"), lines_jsonl(play));
  EXPECT_EQ(content(deep / "tool-in-progress/stderr.txt"), "warning: nothing\n");
}

TEST_F(ExamFolderTest, HasAFolderAPlayIfThereAreSeveral) {
  ExamResults results = small_exam();
  results.cases.erase(results.cases.begin());
  results.cases.pop_back();
  results.cases[0].plays.push_back(results.cases[0].plays[0]);
  results.cases[0].plays[1].stderr_text = "second\n";
  write_exam(folder_.string(), results);
  EXPECT_EQ(content(folder_ / "tool-in-progress/1/stderr.txt"), "warning: nothing\n");
  EXPECT_EQ(content(folder_ / "tool-in-progress/2/stderr.txt"), "second\n");
  EXPECT_EQ(files().size(), 9);
}

TEST_F(ExamFolderTest, NamesOfCasesAreNamesOfFoldersInItAndNoneTwice) {
  ExamResults results;
  for (const char* name : {"../up", "/etc", "..", "", "a/../../b", "-rf", ".hidden", "exam.json",
                           "same", "same", "one@2026-07-28", "new\nline"}) {
    results.cases.push_back(case_that_holds(name, {}));
    results.cases.back().plays[0].stderr_text = name;
  }
  write_exam((folder_ / "in").string(), results);
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder_ / "in")) {
    if (entry.is_directory()) names.insert(entry.path().filename().string());
  }
  EXPECT_THAT(names,
              UnorderedElementsAre("_", "_._up", "_.", "_etc", "_hidden", "_rf", "a_.._.._b",
                                   "exam.json.2", "new_line", "one@2026-07-28", "same", "same.2"));
  EXPECT_EQ(files().size(), 3 + 3 * results.cases.size());
  EXPECT_EQ(content(folder_ / "in/same.2/stderr.txt"), "same");
}

TEST_F(ExamFolderTest, NoFileIsThereIfOneCannotBeWritten) {
  ExamResults results = small_exam();
  results.cases[1].plays[0].events = std::string(1 << 20, 'x');
  const auto write_on_a_full_disk = [&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{100'000, 100'000};
    ::setrlimit(RLIMIT_FSIZE, &small);
    try {
      write_exam(folder_.string(), results);
    } catch (const OutputError& error) {
      const bool names_it =
          std::string(error.what()).find("tool-in-progress/events.jsonl") != std::string::npos;
      std::exit(names_it ? 7 : 8);
    }
    std::exit(0);
  };
  EXPECT_EXIT(write_on_a_full_disk(), testing::ExitedWithCode(7), "");
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(ExamFolderTest, ReplacesAnEarlierExamAndLeavesWhatIsNotItsOwn) {
  std::ofstream(folder_ / "notes.txt") << "mine";
  write_exam(folder_.string(), small_exam());
  ExamResults results = small_exam();
  results.version = "2";
  write_exam(folder_.string(), results);
  EXPECT_THAT(content(folder_ / "exam.json"), HasSubstr("\"version\": \"2\""));
  EXPECT_EQ(content(folder_ / "notes.txt"), "mine");
}

TEST_F(ExamFolderTest, OneThatCannotBeWrittenToIsKnownBefore) {
  make_exam_folder((folder_ / "new").string());
  EXPECT_TRUE(fs::is_directory(folder_ / "new"));
  EXPECT_THAT(files(), IsEmpty());
  std::ofstream(folder_ / "file") << "x";
  EXPECT_THROW(make_exam_folder((folder_ / "file").string()), OutputError);
  EXPECT_THROW(make_exam_folder((folder_ / "file/below").string()), OutputError);
}

}  // namespace
}  // namespace caesura
