#include "exam/subject_process.hpp"

#include "exam/stray_processes.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <set>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr Duration look_every = 10ms;
constexpr Duration after_term = 2s;

/// The groups of all subjects of this program that live: what is in one of them is no stray.
std::set<pid_t>& living_groups() {
  static std::set<pid_t> groups;
  return groups;
}

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

void TextEnds::add(std::string_view text) {
  const std::size_t to_first = std::min(text.size(), each_max - first_.size());
  first_ += text.substr(0, to_first);
  text.remove_prefix(to_first);
  last_ += text;
  if (last_.size() <= 2 * each_max) return;
  const std::size_t surplus = last_.size() - each_max;
  last_.erase(0, surplus);
  left_out_ += surplus;
}

std::string TextEnds::text() const {
  const std::size_t surplus = last_.size() > each_max ? last_.size() - each_max : 0;
  if (left_out_ + surplus == 0) return first_ + last_;
  return fmt::format("{}\n[{} bytes left out]\n{}", first_, left_out_ + surplus,
                     last_.substr(surplus));
}

SubjectProcess::SubjectProcess(boost::asio::io_context& io, const Options& options,
                               Audience audience)
    : io_(io),
      audience_(std::move(audience)),
      patience_(options.patience),
      input_(io),
      output_(io),
      error_output_(io),
      timer_(io),
      end_timer_(io) {
  adopt_strays();
  start(options);
  living_groups().insert(pid_);
  read_output();
  read_errors();
  watch_process();
}

SubjectProcess::~SubjectProcess() {
  ::kill(-pid_, SIGKILL);
  if (!is_reaped_) waitpid(pid_, nullptr, 0);
  reap_group(pid_);
  living_groups().erase(pid_);
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
  std::vector<std::string> environment = environment_with(options.env);
  const int failed = posix_spawnp(&pid_, words.front().c_str(), &plan.actions, &plan.attributes,
                                  pointers_to(words).data(), pointers_to(environment).data());
  if (failed != 0) {
    throw CannotStart(fmt::format(
        "cannot start {} in {}: {}; see that `command` is right, and what it needs is installed",
        words.front(), options.folder, std::strerror(failed)));
  }
  input_.assign(std::exchange(in.write, -1));
  output_.assign(std::exchange(out.read, -1));
  error_output_.assign(std::exchange(err.read, -1));
  input_.non_blocking(true);
  output_.non_blocking(true);
  error_output_.non_blocking(true);
}

// ---- What it says

void SubjectProcess::read_output() {
  output_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this, alive = std::weak_ptr<bool>(alive_)](const error_code& error) {
                       if (error || alive.expired()) return;
                       take_output();
                       if (!alive.expired() && output_.is_open()) read_output();
                     });
}

/// What is there now.
void SubjectProcess::take_output() {
  const std::weak_ptr<bool> alive = alive_;
  while (!alive.expired() && output_.is_open() && !has_told_end_) {
    error_code error;
    const std::size_t count = output_.read_some(boost::asio::buffer(output_buffer_), error);
    if (error == boost::asio::error::would_block) return;
    if (error) {
      output_.close(error);
      if (!line_.empty()) take_line(std::exchange(line_, {}));
      return;
    }
    output_bytes_ += count;
    std::string_view text(output_buffer_.data(), count);
    while (!alive.expired() && !text.empty()) {
      const std::size_t end = text.find('\n');
      line_ += text.substr(0, end);
      if (line_.size() > line_max)
        return tell_end(false, "said a line of more than 1 MiB, and was ended");
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
      take_line(std::exchange(line_, {}));
    }
    if (!alive.expired() && output_bytes_ > output_max)
      return tell_end(false, "said more than 64 MiB, and was ended");
  }
}

void SubjectProcess::take_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (audience_.line) audience_.line(line);
}

void SubjectProcess::read_errors() {
  error_output_.async_read_some(
      boost::asio::buffer(error_buffer_),
      [this, alive = std::weak_ptr<bool>(alive_)](const error_code& error, std::size_t count) {
        if (alive.expired()) return;
        errors_.add({error_buffer_.data(), count});
        if (!error) read_errors();
      });
}

// ---- What it is told

void SubjectProcess::write(std::string line, std::function<void()> handed) {
  constexpr std::size_t waiting_max = 1000;
  if (closes_input_ || !input_.is_open() || outgoing_.size() >= waiting_max) return;
  outgoing_.push_back({std::move(line) + "\n", std::move(handed)});
  if (outgoing_.size() == 1) write_next();
}

void SubjectProcess::write_next() {
  if (outgoing_.empty()) {
    error_code ignored;
    if (closes_input_) input_.close(ignored);
    return;
  }
  boost::asio::async_write(
      input_, boost::asio::buffer(outgoing_.front().text),
      [this, alive = std::weak_ptr<bool>(alive_)](const error_code& error, std::size_t) {
        if (alive.expired()) return;
        error_code ignored;
        if (error) return static_cast<void>(input_.close(ignored));
        const auto handed = std::move(outgoing_.front().handed);
        outgoing_.pop_front();
        if (handed) handed();
        if (!alive.expired()) write_next();
      });
}

// ---- Its end

void SubjectProcess::watch_process() {
  timer_.expires_after(look_every);
  timer_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](const error_code& error) {
    if (error || alive.expired() || is_reaped_) return;
    note_exit();
    if (!alive.expired() && !is_reaped_) watch_process();
  });
}

void SubjectProcess::note_exit() {
  int status = 0;
  if (is_reaped_ || waitpid(pid_, &status, WNOHANG) != pid_) return;
  is_reaped_ = true;
  const std::weak_ptr<bool> alive = alive_;
  take_output();  // what it said before
  if (alive.expired() || has_told_end_) return;
  tell_end(WIFEXITED(status) && WEXITSTATUS(status) == 0, how_it_ended(status));
}

void SubjectProcess::tell_end(bool exited_with_0, const std::string& how) {
  if (!is_reaped_) ::kill(-pid_, SIGKILL);
  if (std::exchange(has_told_end_, true) || gone_) return;
  if (audience_.ended) audience_.ended(exited_with_0, how);
}

void SubjectProcess::finish(Gone gone, bool by_force) {
  if (gone_) return;
  gone_ = std::move(gone);
  closes_input_ = true;
  if (outgoing_.empty()) write_next();
  term_at_ = steady_clock::now() + (by_force ? Duration{0} : patience_);
  kill_at_ = by_force ? term_at_ : term_at_ + after_term;
  has_had_term_ = by_force;
  boost::asio::post(io_, [this, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) look_whether_gone();
  });
}

bool SubjectProcess::is_group_gone() {
  note_exit();
  // Not before: it would take the leader's own end away from note_exit.
  if (is_reaped_) reap_group(pid_);
  return is_reaped_ && ::kill(-pid_, 0) != 0;
}

void SubjectProcess::look_whether_gone() {
  const auto now = steady_clock::now();
  const bool group_gone = is_group_gone();
  // What it has started elsewhere cannot be told from what another subject has.
  std::vector<LivingProcess> strays;
  if (group_gone && living_groups().size() == 1)
    strays = children_outside({living_groups().begin(), living_groups().end()});
  if (group_gone && strays.empty()) {
    std::exchange(gone_, [](std::vector<std::string>) {})(std::move(left_));
    return;
  }
  const bool is_time_to_kill = now >= kill_at_ && !has_had_kill_;
  const bool is_time_to_ask = now >= term_at_ && !has_had_term_;
  if (is_time_to_kill || is_time_to_ask) {
    const int signal = is_time_to_kill ? SIGKILL : SIGTERM;
    has_had_term_ = true;
    has_had_kill_ = is_time_to_kill;
    if (!group_gone) strays = members_of(pid_);
    for (const LivingProcess& one : strays) {
      left_.push_back(fmt::format("process {} ({}) was still there, and was sent {}", one.pid,
                                  one.name, is_time_to_kill ? "SIGKILL" : "SIGTERM"));
      ::kill(one.pid, signal);
    }
    if (!group_gone) ::kill(-pid_, signal);
  } else if (has_had_kill_) {
    for (const LivingProcess& one : strays) ::kill(one.pid, SIGKILL);
  }
  for (const LivingProcess& one : strays) {
    if (one.pid != pid_) waitpid(one.pid, nullptr, WNOHANG);  // the leader's end is note_exit's
  }
  end_timer_.expires_after(look_every);
  end_timer_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](const error_code& error) {
    if (!error && !alive.expired()) look_whether_gone();
  });
}

}  // namespace caesura
