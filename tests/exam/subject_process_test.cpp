#include "exam/subject_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <optional>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// A program of this test's that was there before any subject; ended with this.
class EarlierChild {
 public:
  explicit EarlierChild(std::vector<std::string> words) {
    int in[2];
    int out[2];
    EXPECT_EQ(pipe2(in, O_CLOEXEC) + pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    EXPECT_EQ(posix_spawnp(&pid_, pointers[0], &actions, nullptr, pointers.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    input_ = in[1];
    output_ = out[0];
  }
  EarlierChild(const EarlierChild&) = delete;
  EarlierChild& operator=(const EarlierChild&) = delete;
  ~EarlierChild() {
    close(input_);
    close(output_);
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  /// Writes a line to it, and reads its answer, a number.
  pid_t asked() const {
    EXPECT_EQ(write(input_, "\n", 1), 1);
    std::string answer(32, '\0');
    answer.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read(output_, answer.data(), 32))));
    return std::atoi(answer.c_str());
  }
  bool lives() const { return waitpid(pid_, nullptr, WNOHANG) == 0; }

 private:
  pid_t pid_ = 0;
  int input_ = -1;
  int output_ = -1;
};

bool exists(pid_t pid) { return kill(pid, 0) == 0; }

/// A process, and what was heard of it.
class Heard {
 public:
  explicit Heard(boost::asio::io_context& io, std::vector<std::string> command,
                 Duration patience = 10s)
      : io_(io) {
    process.emplace(
        io_,
        SubjectProcess::Options{
            .command = std::move(command), .folder = "/", .env = {}, .patience = patience},
        SubjectProcess::Audience{
            .line = [this](std::string_view line) { lines.emplace_back(line); },
            .ended =
                [this](bool exited_with_0, std::string_view told) {
                  has_exited_with_0 = exited_with_0;
                  how = told;
                  errors_at_end = process->errors();
                }});
  }
  Heard(boost::asio::io_context& io, const std::string& script, Duration patience = 10s)
      : Heard(io, std::vector<std::string>{"sh", "-c", script}, patience) {}

  void run_until(const std::function<bool()>& is_done) {
    const auto late = std::chrono::steady_clock::now() + 30s;
    while (!is_done() && std::chrono::steady_clock::now() < late) {
      io_.restart();
      io_.run_one_until(late);
    }
    EXPECT_TRUE(is_done());
  }
  void run_until_lines(std::size_t count) {
    run_until([&] { return lines.size() >= count; });
  }
  void run_until_it_ended() {
    run_until([&] { return !how.empty(); });
  }
  void end() {
    bool is_gone = false;
    process->end([&](std::vector<std::string> ended) {
      left = std::move(ended);
      is_gone = true;
    });
    run_until([&] { return is_gone; });
  }
  pid_t number(std::size_t line) const { return std::atoi(lines.at(line).c_str()); }

  std::optional<SubjectProcess> process;
  std::vector<std::string> lines;
  std::vector<std::string> left;
  std::string how;
  std::string errors_at_end;
  bool has_exited_with_0 = false;

 private:
  boost::asio::io_context& io_;
};

class SubjectProcessTest : public testing::Test {
 protected:
  boost::asio::io_context io_;
};

/// Says what it has started outside its group, and goes with its input's end.
constexpr const char* with_a_stray = "setsid sleep 1000 >&- 2>&- & echo $!; read -r line";

TEST_F(SubjectProcessTest, IsHeardLineByLineAndThenHowItEnded) {
  Heard heard(io_, "printf 'one\\ntwo\\r\\n\\nlast'; exit 3");
  heard.run_until_it_ended();
  EXPECT_THAT(heard.lines, ElementsAre("one", "two", "", "last"));
  EXPECT_EQ(heard.how, "exited with status 3");
  EXPECT_FALSE(heard.has_exited_with_0);
}

TEST_F(SubjectProcessTest, SaysWhichSignalEndedIt) {
  Heard heard(io_, "kill -SEGV $$");
  heard.run_until_it_ended();
  EXPECT_EQ(heard.how, "was ended by signal 11 (SIGSEGV)");
}

TEST_F(SubjectProcessTest, IsToldLinesInTheirOrderAndHandsThemOver) {
  Heard heard(io_, "read -r a; read -r b; echo \"$b after $a\"; read -r c");
  std::vector<int> handed;
  heard.process->write("first", [&] { handed.push_back(1); });
  heard.process->write("second", [&] { handed.push_back(2); });
  EXPECT_THAT(handed, IsEmpty());
  heard.run_until_lines(1);
  EXPECT_THAT(heard.lines, ElementsAre("second after first"));
  EXPECT_THAT(handed, ElementsAre(1, 2));
  heard.end();
  EXPECT_THAT(heard.left, IsEmpty());
  EXPECT_EQ(heard.how, "");
}

TEST_F(SubjectProcessTest, IsHeardToItsLastWordAfterItWasToldToEnd) {
  Heard heard(io_, "read -r line; head -c 60000 /dev/zero; echo; echo bye");
  heard.end();
  ASSERT_THAT(heard.lines, SizeIs(2));
  EXPECT_EQ(heard.lines[1], "bye");
}

TEST_F(SubjectProcessTest, CannotStartWhatThereIsNot) {
  EXPECT_THROW(Heard(io_, std::vector<std::string>{"/no/such/program"}), CannotStart);
}

TEST_F(SubjectProcessTest, EndsWhatIsLeftOfItsGroupAndSaysSo) {
  Heard heard(io_, "sleep 1000 & echo $!; read -r line", 1ms);
  heard.run_until_lines(1);
  heard.end();
  EXPECT_FALSE(exists(heard.number(0)));
  ASSERT_THAT(heard.left, SizeIs(1));
  EXPECT_THAT(heard.left[0], HasSubstr("(sleep) was still there, and was sent SIGTERM"));
}

TEST_F(SubjectProcessTest, KillsWhatDoesNotGoWhenAsked) {
  Heard heard(io_, "trap '' TERM; echo ready; while true; do sleep 1000; done", 1ms);
  heard.run_until_lines(1);
  heard.end();
  EXPECT_THAT(heard.left.back(), HasSubstr("was sent SIGKILL"));
}

TEST_F(SubjectProcessTest, EndsWhatItStartedOutsideItsGroup) {
  Heard heard(io_, with_a_stray, 1ms);
  heard.run_until_lines(1);
  ASSERT_TRUE(exists(heard.number(0)));
  heard.end();
  EXPECT_FALSE(exists(heard.number(0)));
  EXPECT_THAT(heard.left, testing::Contains(HasSubstr("(sleep) was still there")));
}

TEST_F(SubjectProcessTest, EndsWhatItStartedOutsideItsGroupAlsoWithoutAWordOfItsEnd) {
  Heard heard(io_, with_a_stray);
  heard.run_until_lines(1);
  heard.process.reset();
  EXPECT_FALSE(exists(heard.number(0)));
}

TEST_F(SubjectProcessTest, EndsAlsoWhatHasAnEmptyEnvironmentIfItCanBeNobodyElses) {
  Heard heard(io_, "env -i setsid sleep 1000 >&- 2>&- & echo $!; read -r line", 1ms);
  heard.run_until_lines(1);
  heard.end();
  EXPECT_FALSE(exists(heard.number(0)));
}

TEST_F(SubjectProcessTest, LeavesAloneTheChildrenThatThereWereBefore) {
  const EarlierChild earlier({"sleep", "1000"});
  Heard heard(io_, with_a_stray, 1ms);
  heard.run_until_lines(1);
  heard.end();
  EXPECT_FALSE(exists(heard.number(0)));
  EXPECT_TRUE(earlier.lives());
}

TEST_F(SubjectProcessTest, LeavesAloneWhatAChildFromBeforeLeavesBehindLater) {
  const EarlierChild earlier({"sh", "-c", "read -r line; setsid sleep 1000 >&- 2>&- & echo $!"});
  Heard heard(io_, with_a_stray, 1ms);
  heard.run_until_lines(1);
  const pid_t daemon = earlier.asked();
  ASSERT_GT(daemon, 0);
  heard.run_until([&] { return getpgid(daemon) == daemon && !earlier.lives(); });
  heard.end();
  EXPECT_FALSE(exists(heard.number(0)));
  EXPECT_TRUE(exists(daemon));
  kill(daemon, SIGKILL);
  waitpid(daemon, nullptr, 0);
}

TEST_F(SubjectProcessTest, LeavesAloneWhatAnotherSubjectStarted) {
  Heard one(io_, with_a_stray, 1ms);
  Heard other(io_, with_a_stray, 1ms);
  one.run_until_lines(1);
  other.run_until_lines(1);
  one.end();
  EXPECT_FALSE(exists(one.number(0)));
  EXPECT_TRUE(exists(other.number(0)));
  one.process.reset();
  EXPECT_TRUE(exists(other.number(0)));
  other.end();
  EXPECT_FALSE(exists(other.number(0)));
}

TEST_F(SubjectProcessTest, DoesNotWaitForAnEndedMemberOfItsGroupThatNobodyCollects) {
  // One that has left the group, and keeps an ended child in it.
  const std::string keeper =
      "import os,time\n"
      "if os.fork() == 0:\n"
      "    if os.fork() == 0: os._exit(0)\n"
      "    os.setsid()\n"
      "    print(os.getpid(), flush=True)\n"
      "    time.sleep(1000)\n"
      "input()\n";
  Heard heard(io_, std::vector<std::string>{"python3", "-c", keeper}, 1ms);
  heard.run_until_lines(1);
  heard.end();
  EXPECT_FALSE(exists(heard.number(0)));
}

TEST_F(SubjectProcessTest, HasItsWholeStandardErrorWhenItIsToldThatItEnded) {
  const std::string writer =
      "import fcntl,os\n"
      "fcntl.fcntl(2, 1031, 1 << 20)\n"  // a pipe that takes all of it at once
      "os.write(2, b'x' * 900000)\n"
      "os._exit(3)\n";
  Heard heard(io_, std::vector<std::string>{"python3", "-c", writer});
  siginfo_t info{};
  // It has ended, and nothing of it has been read.
  ASSERT_EQ(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
  heard.run_until_it_ended();
  EXPECT_EQ(heard.errors_at_end.size(), 900000U);
}

TEST_F(SubjectProcessTest, LetsOthersHaveTheirTurnWhileItFloods) {
  std::size_t lines = 0;
  std::string how;
  SubjectProcess process(io_, {.command = {"yes", std::string(60, 'y')}, .folder = "/", .env = {}},
                         {.line = [&](std::string_view) { ++lines; },
                          .ended = [&](bool, std::string_view told) { how = told; }});
  std::size_t most_at_once = 0;
  while (how.empty()) {
    const std::size_t before = lines;
    io_.run_one();
    most_at_once = std::max(most_at_once, lines - before);
  }
  EXPECT_THAT(how, HasSubstr("said more than 64 MiB, and was ended"));
  EXPECT_LE(most_at_once, 10000U);
  EXPECT_GE(lines, LineCutter::all_max / 61 - 1);
  EXPECT_LE(lines, LineCutter::all_max / 61 + 10000U);
}

TEST_F(SubjectProcessTest, IsEndedByALineOfMoreThanAMebibyte) {
  Heard fits(io_, "head -c 1048576 /dev/zero; echo; read -r line");
  fits.run_until_lines(1);
  EXPECT_THAT(fits.lines[0], SizeIs(LineCutter::line_max));
  Heard heard(io_, "head -c 1048577 /dev/zero; echo; sleep 1000");
  heard.run_until_it_ended();
  EXPECT_EQ(heard.how, "said a line of more than 1 MiB, and was ended");
  EXPECT_FALSE(heard.has_exited_with_0);
  EXPECT_THAT(heard.lines, IsEmpty());
}

TEST(TextEnds, AreTheFirstAndTheLastOfALongText) {
  TextEnds ends;
  ends.add("begin");
  for (int i = 0; i < 50; ++i) ends.add(std::string(100'000, 'x'));
  ends.add("end");
  const std::string text = ends.text();
  EXPECT_TRUE(text.starts_with("begin"));
  EXPECT_TRUE(text.ends_with("end"));
  EXPECT_THAT(text, HasSubstr(" bytes left out]"));
  EXPECT_LT(text.size(), 2 * TextEnds::each_max + 100);
}

}  // namespace
}  // namespace caesura
