#pragma once

#include "exam/living_processes.hpp"

#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace caesura {

/// All processes of one subject: its process group, and what it has started outside of that. What
/// else this process has for children is never in it: neither what was there before, and what that
/// leaves behind (a shell's `server & exec caesura …`), nor what another subject has started.
///
/// What leaves the group comes to this process when its parent ends. It is known by a variable of
/// its environment, which a program hands on to what it starts. What has none is taken for the
/// subject's only if it can be nobody else's: this process had no child before it, and has no other
/// subject. All families are made, asked and ended in one thread.
class ProcessFamily {
 public:
  /// What is a child of this process now was there before.
  ProcessFamily();
  ProcessFamily(const ProcessFamily&) = delete;
  ProcessFamily& operator=(const ProcessFamily&) = delete;
  /// Kills all of it, and waits until it is gone; for no more than 2 s, as what the system does not
  /// let go cannot be killed.
  ~ProcessFamily();

  /// Name and value of the variable with which its leader is to be started.
  std::pair<std::string, std::string> mark() const;
  /// A child of this process, at the head of a group of its own.
  void is_led_by(pid_t leader) { leader_ = leader; }
  pid_t leader() const { return leader_; }  ///< 0: none yet

  /// How its leader has ended, as waitpid has it. None: it has not.
  std::optional<int> leader_status();
  /// Those that have not ended, in order of their pids. None before it is led.
  std::vector<ListedProcess> living() const;
  /// To these, which are living(), and to what their group has got since.
  void signal(const std::vector<ListedProcess>& living, int number) const;
  /// Collects those that have ended.
  void collect();

 private:
  bool is_stray(const ListedProcess& process) const;
  bool is_foreign(const ListedProcess& child) const;
  void kill_all();

  const std::string mark_;
  const std::vector<ListedProcess> earlier_;
  pid_t leader_ = 0;
  std::optional<int> leader_status_;
};

}  // namespace caesura
