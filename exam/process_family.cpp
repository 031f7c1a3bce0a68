#include "exam/process_family.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace caesura {
namespace {

constexpr const char* mark_variable = "CAESURA_SUBJECT_PROCESS";

/// Those of this program, which is one process with one set of children.
std::vector<const ProcessFamily*>& all_families() {
  static std::vector<const ProcessFamily*> families;
  return families;
}

/// A subject may be an exam itself: what it starts has a mark that begins with its own.
std::string new_mark() {
  static unsigned made = 0;
  const char* outer = std::getenv(mark_variable);
  return fmt::format("{}{}.{}/", outer == nullptr ? "" : outer, getpid(), ++made);
}

/// The children that are of no subject, or cannot be told to be of one.
std::vector<ListedProcess> foreign_children() {
  const auto& families = all_families();
  return listed_processes([&, self = getpid()](const ListedProcess& one) {
    if (one.parent != self || one.is_ended) return false;
    const auto mark = started_with(one.pid, mark_variable);
    return std::none_of(families.begin(), families.end(), [&](const ProcessFamily* family) {
      return one.group == family->leader() || (mark && mark->starts_with(family->mark().second));
    });
  });
}

}  // namespace

ProcessFamily::ProcessFamily() : mark_(new_mark()), earlier_(foreign_children()) {
  // From now on what a program of this process leaves behind becomes this process's child.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  all_families().push_back(this);
}

ProcessFamily::~ProcessFamily() {
  kill_all();
  std::erase(all_families(), this);
}

void ProcessFamily::kill_all() {
  using namespace std::chrono_literals;
  if (leader_ == 0) return;
  const auto late = std::chrono::steady_clock::now() + 2s;
  while (std::chrono::steady_clock::now() < late) {
    const auto left = living();
    collect();
    if (left.empty() && leader_status_) return;
    signal(left, SIGKILL);
    std::this_thread::sleep_for(1ms);
  }
}

std::pair<std::string, std::string> ProcessFamily::mark() const { return {mark_variable, mark_}; }

std::vector<ListedProcess> ProcessFamily::living() const {
  if (leader_ == 0) return {};
  return listed_processes([this](const ListedProcess& one) {
    return !one.is_ended && (one.group == leader_ || is_stray(one));
  });
}

bool ProcessFamily::is_stray(const ListedProcess& process) const {
  if (process.parent != getpid() || is_foreign(process)) return false;
  const auto mark = started_with(process.pid, mark_variable);
  if (mark && mark->starts_with(mark_)) return true;
  const char* outer = std::getenv(mark_variable);
  const bool has_none = !mark || (outer != nullptr && *mark == outer);
  return has_none && earlier_.empty() && all_families().size() == 1;
}

/// It was there before, or is in another subject's group.
bool ProcessFamily::is_foreign(const ListedProcess& child) const {
  const auto is_it = [&](const ListedProcess& one) {
    return one.pid == child.pid && one.started == child.started;
  };
  const auto is_its_group = [&](const ProcessFamily* family) {
    return family != this && family->leader_ == child.group;
  };
  const auto& families = all_families();
  return std::any_of(earlier_.begin(), earlier_.end(), is_it) ||
         std::any_of(families.begin(), families.end(), is_its_group);
}

std::optional<int> ProcessFamily::leader_status() {
  int status = 0;
  if (leader_ != 0 && !leader_status_ && waitpid(leader_, &status, WNOHANG) == leader_)
    leader_status_ = status;
  return leader_status_;
}

void ProcessFamily::signal(const std::vector<ListedProcess>& living, int number) const {
  const auto is_in_group = [this](const ListedProcess& one) { return one.group == leader_; };
  // An empty group's number may be somebody else's by now.
  if (std::any_of(living.begin(), living.end(), is_in_group)) kill(-leader_, number);
  for (const ListedProcess& one : living) {
    if (!is_in_group(one)) kill(one.pid, number);
  }
}

void ProcessFamily::collect() {
  leader_status();
  // Whose it was cannot be seen any more of one that has ended: a mark goes with the program. But
  // to collect it takes nothing from anybody.
  for (const ListedProcess& one : listed_processes([this](const ListedProcess& listed) {
         return listed.is_ended && listed.parent == getpid() && listed.pid != leader_ &&
                !is_foreign(listed);
       }))
    waitpid(one.pid, nullptr, WNOHANG);
}

}  // namespace caesura
