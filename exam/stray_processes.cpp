#include "exam/stray_processes.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace caesura {
namespace {

struct Stat {
  LivingProcess process;
  pid_t parent = 0;
  bool is_zombie = false;
};

/// One line of /proc/PID/stat: "PID (NAME) STATE PARENT GROUP …"; the name may have anything in it.
bool read_stat(const std::filesystem::path& folder, Stat& stat) {
  std::ifstream file(folder / "stat");
  std::string text;
  if (!std::getline(file, text)) return false;
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return false;
  stat.process.name = text.substr(open + 1, close - open - 1);
  std::istringstream rest(text.substr(close + 1));
  char state = ' ';
  rest >> state >> stat.parent >> stat.process.group;
  stat.is_zombie = state == 'Z' || state == 'X';
  const char* end = text.data() + open;
  return std::from_chars(text.data(), end, stat.process.pid).ec == std::errc();
}

std::vector<LivingProcess> all_that(const std::function<bool(const Stat&)>& fits) {
  std::vector<LivingProcess> found;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", none)) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    Stat stat;
    if (read_stat(entry.path(), stat) && !stat.is_zombie && fits(stat))
      found.push_back(stat.process);
  }
  std::sort(found.begin(), found.end(),
            [](const LivingProcess& a, const LivingProcess& b) { return a.pid < b.pid; });
  return found;
}

}  // namespace

void adopt_strays() { prctl(PR_SET_CHILD_SUBREAPER, 1); }

std::vector<LivingProcess> children_outside(const std::vector<pid_t>& groups) {
  return all_that([&, self = getpid()](const Stat& stat) {
    return stat.parent == self &&
           std::find(groups.begin(), groups.end(), stat.process.group) == groups.end();
  });
}

std::vector<LivingProcess> members_of(pid_t group) {
  return all_that([group](const Stat& stat) { return stat.process.group == group; });
}

void reap_group(pid_t group) {
  while (waitpid(-group, nullptr, WNOHANG) > 0) {
  }
}

}  // namespace caesura
