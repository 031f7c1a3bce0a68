#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace caesura {

/// A process that lives.
struct LivingProcess {
  pid_t pid = 0;
  pid_t group = 0;
  std::string name;  ///< of its program, at most 15 characters
};

/// From now on what a program of this process leaves behind becomes this process's child.
void adopt_strays();
/// The children of this process, but those that are in one of these groups.
std::vector<LivingProcess> children_outside(const std::vector<pid_t>& groups);
/// The living members of a process group; zombies are none.
std::vector<LivingProcess> members_of(pid_t group);
/// Collects what has ended of a group.
void reap_group(pid_t group);

}  // namespace caesura
