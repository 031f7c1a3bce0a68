#include "exam/subject_process.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

constexpr Duration look_every = 10ms;

/// Two ends of a pipe, which no child gets by itself.
struct Pipe {
  int read = -1;
  int write = -1;
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
      throw CannotStart(fmt::format("no pipe can be had: {}", std::strerror(errno)));
    read = ends[0];
    write = ends[1];
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    for (const int end : {read, write}) {
      if (end >= 0) close(end);
    }
  }
};

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& added) {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos)
      all[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  for (const auto& [name, value] : added) all[name] = value;
  std::vector<std::string> list;
  for (const auto& [name, value] : all) list.push_back(name + "=" + value);
  return list;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Actions and attributes of posix_spawn, freed at the end.
struct SpawnPlan {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

std::string how_it_ended(int status) {
  if (WIFEXITED(status)) return fmt::format("exited with status {}", WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  const char* name = sigabbrev_np(signal);
  return fmt::format("was ended by signal {}{}", signal,
                     name == nullptr ? "" : fmt::format(" (SIG{})", name));
}

}  // namespace

SubjectProcess::SubjectProcess(boost::asio::io_context& io, const Options& options,
                               Audience audience)
    : audience_(std::move(audience)),
      patience_(options.patience),
      input_(io),
      output_(
          io, [this](std::string_view bytes) { take_output(bytes); }, [this] { take_rest(); }),
      error_output_(
          io, [this](std::string_view bytes) { errors_.add(bytes); }, [] {}),
      end_(io, family_),
      timer_(io) {
  start(options);
  watch_process();
}

void SubjectProcess::start(const Options& options) {
  Pipe in;
  Pipe out;
  Pipe err;
  SpawnPlan plan;
  posix_spawn_file_actions_addchdir_np(&plan.actions, options.folder.c_str());
  posix_spawn_file_actions_adddup2(&plan.actions, in.read, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&plan.actions, out.write, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&plan.actions, err.write, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&plan.actions, STDERR_FILENO + 1);
  sigset_t signals;
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&plan.attributes, &signals);
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&plan.attributes, &signals);
  posix_spawnattr_setpgroup(&plan.attributes, 0);
  posix_spawnattr_setflags(&plan.attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  std::vector<std::string> words = options.command;
  auto added = options.env;
  added.push_back(family_.mark());
  std::vector<std::string> environment = environment_with(added);
  pid_t leader = 0;
  const int failed = posix_spawnp(&leader, words.front().c_str(), &plan.actions, &plan.attributes,
                                  pointers_to(words).data(), pointers_to(environment).data());
  if (failed != 0) {
    throw CannotStart(fmt::format(
        "cannot start {} in {}: {}; see that `command` is right, and what it needs is installed",
        words.front(), options.folder, std::strerror(failed)));
  }
  family_.is_led_by(leader);
  input_.open(std::exchange(in.write, -1));
  output_.open(std::exchange(out.read, -1));
  error_output_.open(std::exchange(err.read, -1));
}

// ---- What it says

void SubjectProcess::take_output(std::string_view bytes) {
  if (has_told_end_) return;
  const auto too_much = lines_.add(
      bytes,
      [this](std::string_view line) {
        if (audience_.line) audience_.line(line);
      },
      [this, alive = std::weak_ptr<bool>(alive_)] { return !alive.expired() && !has_told_end_; });
  if (!too_much) return;
  family_.signal(family_.living(), SIGKILL);
  tell_end(false, fmt::format("said {}, and was ended", *too_much));
}

void SubjectProcess::take_rest() {
  if (has_told_end_) return;
  if (const auto line = lines_.rest(); line && audience_.line) audience_.line(*line);
}

// ---- Its end

void SubjectProcess::watch_process() {
  timer_.expires_after(look_every);
  timer_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](const error_code& error) {
    if (error || alive.expired() || has_told_end_ || end_.has_begun()) return;
    note_exit();
    if (!alive.expired()) watch_process();
  });
}

void SubjectProcess::note_exit() {
  const auto status = family_.leader_status();
  if (!status) return;
  const std::weak_ptr<bool> alive = alive_;
  output_.drain();  // what it said before
  if (!alive.expired())
    tell_end(WIFEXITED(*status) && WEXITSTATUS(*status) == 0, how_it_ended(*status));
}

void SubjectProcess::tell_end(bool exited_with_0, const std::string& how) {
  if (std::exchange(has_told_end_, true) || end_.has_begun()) return;
  error_output_.drain();
  if (audience_.ended) audience_.ended(exited_with_0, how);
}

void SubjectProcess::end(Gone gone) {
  input_.close_behind();
  end_.begin(patience_, after_last_words(std::move(gone)));
}

void SubjectProcess::kill(Gone gone) {
  input_.close_behind();
  end_.begin_by_force(after_last_words(std::move(gone)));
}

SubjectProcess::Gone SubjectProcess::after_last_words(Gone gone) {
  return [this, gone = std::move(gone)](std::vector<std::string> left) {
    error_output_.drain();
    output_.drain();
    gone(std::move(left));
  };
}

}  // namespace caesura
