#include "scenarios/results/output_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
using testing::HasSubstr;
using testing::IsEmpty;

class OutputFolderTest : public testing::Test {
 protected:
  OutputFolderTest() {
    std::string name = (fs::temp_directory_path() / "caesura-output-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~OutputFolderTest() override { fs::remove_all(folder_); }

  static std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static std::set<std::string> names_in(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder))
      names.insert(entry.path().filename().string());
    return names;
  }
  template <typename Action>
  static std::string error_of(Action action) {
    try {
      action();
    } catch (const OutputError& error) {
      return error.what();
    }
    return "no error";
  }

  fs::path folder_;
};

TEST_F(OutputFolderTest, HoldsAllFourFilesOnceFinishedAndNoneBefore) {
  const fs::path deep = folder_ / "a" / "b";
  {
    OutputFolder folder(deep);
    folder.append_requests("1\n");
    folder.append_requests("2\n");
    EXPECT_FALSE(fs::exists(deep / "requests.csv"));
    folder.finish({.results_json = "{}\n", .report_md = "# r\n", .scenario_yaml = "scenario: x\n"});
  }
  EXPECT_EQ(names_in(deep),
            (std::set<std::string>{"report.md", "requests.csv", "results.json", "scenario.yaml"}));
  EXPECT_EQ(content(deep / "results.json"), "{}\n");
  EXPECT_EQ(content(deep / "report.md"), "# r\n");
  EXPECT_EQ(content(deep / "scenario.yaml"), "scenario: x\n");
  const std::string csv = content(deep / "requests.csv");
  EXPECT_TRUE(csv.starts_with("policy,request,user,"));
  EXPECT_TRUE(csv.ends_with(",orphan_s\n1\n2\n"));
}

TEST_F(OutputFolderTest, ReplacesWhatAnEarlierRunLeft) {
  std::ofstream(folder_ / "results.json") << "old";
  std::ofstream(folder_ / "notes.txt") << "mine";
  OutputFolder folder(folder_);
  EXPECT_EQ(content(folder_ / "results.json"), "old");
  folder.finish({.results_json = "new", .report_md = "", .scenario_yaml = ""});
  EXPECT_EQ(content(folder_ / "results.json"), "new");
  EXPECT_EQ(content(folder_ / "notes.txt"), "mine");
}

TEST_F(OutputFolderTest, LeavesNothingBehindIfNeverFinished) {
  { OutputFolder folder(folder_); }
  EXPECT_THAT(names_in(folder_), IsEmpty());
}

TEST_F(OutputFolderTest, LeavesNothingBehindIfAFileMayNotGrow) {
  // The closest that a test gets to a disk that fills up half-way.
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  ::getrlimit(RLIMIT_FSIZE, &old_limit);
  const rlimit limit{10'000, old_limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const std::string in_requests = error_of([&] {
    OutputFolder folder(folder_);
    for (int i = 0; i < 100; ++i) folder.append_requests(std::string(1000, 'x'));
    folder.finish({});
  });
  const std::string in_results = error_of([&] {
    OutputFolder folder(folder_);
    folder.finish({.results_json = std::string(20'000, ' '), .report_md = "", .scenario_yaml = ""});
  });
  ::setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(in_requests,
            "cannot write " + (folder_ / "requests.csv").string() + ": File too large");
  EXPECT_EQ(in_results, "cannot write " + (folder_ / "results.json").string() + ": File too large");
  EXPECT_THAT(names_in(folder_), IsEmpty());
}

TEST_F(OutputFolderTest, FullDiskIsReportedAtTheLatestOnClosing) {
  // Only the link is removed in the end, not the device.
  const fs::path target = folder_ / "results.json";
  const fs::path temporary = folder_ / "full";
  fs::create_symlink("/dev/full", temporary);
  EXPECT_EQ(error_of([&] {
              OutputFile file(temporary, target);
              file.append("a few bytes wait in the buffer");
              file.close();
            }),
            "cannot write " + target.string() + ": No space left on device");
  EXPECT_FALSE(fs::is_symlink(temporary));
  EXPECT_TRUE(fs::exists("/dev/full"));

  fs::create_symlink("/dev/full", temporary);
  EXPECT_THAT(error_of([&] {
                OutputFile file(temporary, target);
                for (int i = 0; i < 1000; ++i) file.append(std::string(1000, 'x'));
              }),
              HasSubstr("No space left on device"));
}

TEST_F(OutputFolderTest, ThatIsAFileIsRefused) {
  const fs::path file = folder_ / "file";
  std::ofstream(file) << "mine";
  EXPECT_THAT(error_of([&] { OutputFolder folder(file); }),
              HasSubstr("cannot write " + file.string()));
  EXPECT_THAT(error_of([&] { OutputFolder folder(file / "below"); }),
              HasSubstr("cannot write " + (file / "below").string()));
  EXPECT_EQ(content(file), "mine");
}

TEST_F(OutputFolderTest, ThatMayNotBeWrittenToIsRefusedBeforeTheRun) {
  EXPECT_THAT(error_of([] { OutputFolder folder("/proc/self"); }),
              HasSubstr("cannot write /proc/self/requests.csv: "));
}

/// The superuser may write everywhere: not as such for as long as this lives.
class AsNobody {
 public:
  AsNobody() {
    if (user_ == 0 && ::seteuid(65534) != 0) ADD_FAILURE() << "cannot become another user";
  }
  ~AsNobody() {
    if (::seteuid(user_) != 0) ADD_FAILURE() << "cannot become the user again";
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  uid_t user_ = ::geteuid();
};

TEST_F(OutputFolderTest, WithoutPermissionIsRefusedBeforeTheRun) {
  fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
  const AsNobody nobody;
  EXPECT_THAT(error_of([&] { OutputFolder folder(folder_); }), HasSubstr("Permission denied"));
  EXPECT_THAT(error_of([&] { OutputFolder folder(folder_ / "sub"); }),
              HasSubstr("Permission denied"));
}

TEST_F(OutputFolderTest, WhoseFileCannotBeReplacedSaysWhich) {
  fs::create_directories(folder_ / "results.json" / "sub");
  EXPECT_THAT(error_of([&] {
                OutputFolder folder(folder_);
                folder.finish({});
              }),
              HasSubstr("cannot write " + (folder_ / "results.json").string() + ": "));
}

}  // namespace
}  // namespace caesura
