#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace caesura {

/// A process as the system lists it.
struct ListedProcess {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  std::uint64_t started = 0;  ///< with the pid it names one process only, also after its end
  bool is_ended = false;      ///< and has not been collected by its parent
  std::string name;           ///< of its program, at most 15 characters
};

/// Those that fit, in order of their pids. Empty where the system has no /proc.
std::vector<ListedProcess> listed_processes(const std::function<bool(const ListedProcess&)>& fits);

/// A variable of the environment with which a process's program was started. None: it has no such,
/// or may not be looked at, or has ended.
std::optional<std::string> started_with(pid_t pid, std::string_view variable);

}  // namespace caesura
