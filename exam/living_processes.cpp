#include "exam/living_processes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace caesura {
namespace {

constexpr int fields_between_group_and_start = 16;

/// One line of /proc/PID/stat: "PID (NAME) STATE PARENT GROUP …"; the name may have anything in it.
bool read_stat(const std::filesystem::path& folder, ListedProcess& process) {
  std::ifstream file(folder / "stat");
  std::ostringstream all;
  all << file.rdbuf();
  const std::string text = all.str();
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return false;
  process.name = text.substr(open + 1, close - open - 1);
  std::istringstream rest(text.substr(close + 1));
  char state = ' ';
  rest >> state >> process.parent >> process.group;
  std::string skipped;
  for (int i = 0; i < fields_between_group_and_start; ++i) rest >> skipped;
  rest >> process.started;
  process.is_ended = state == 'Z' || state == 'X';
  const char* end = text.data() + open;
  return rest && std::from_chars(text.data(), end, process.pid).ec == std::errc();
}

}  // namespace

std::vector<ListedProcess> listed_processes(const std::function<bool(const ListedProcess&)>& fits) {
  std::vector<ListedProcess> found;
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc", error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    ListedProcess process;
    if (read_stat(at->path(), process) && fits(process)) found.push_back(process);
  }
  std::sort(found.begin(), found.end(),
            [](const ListedProcess& a, const ListedProcess& b) { return a.pid < b.pid; });
  return found;
}

std::optional<std::string> started_with(pid_t pid, std::string_view variable) {
  std::ifstream file(fmt::format("/proc/{}/environ", pid), std::ios::binary);
  std::string entry;
  while (std::getline(file, entry, '\0')) {
    if (entry.size() > variable.size() && entry[variable.size()] == '=' &&
        entry.starts_with(variable))
      return entry.substr(variable.size() + 1);
  }
  return std::nullopt;
}

}  // namespace caesura
