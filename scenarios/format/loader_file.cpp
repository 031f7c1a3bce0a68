#include "scenarios/format/loader_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace caesura {
namespace {

class OpenFile {
 public:
  /// O_NONBLOCK: a pipe that takes the file's place after we looked must not make us wait.
  explicit OpenFile(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

void require_regular(const struct stat& status, const std::string& path, const Place& blame) {
  if (S_ISDIR(status.st_mode)) fail(blame, cited(path) + " is a directory; name a file in it");
  if (!S_ISREG(status.st_mode))
    fail(blame, cited(path) + " is a pipe or a device; name a regular file");
}

[[noreturn]] void fail_to_read(const std::string& path, int error, const Place& blame) {
  const char* advice = error == ENOENT || error == ENOTDIR ? "; check the path"
                       : error == EACCES                   ? "; check its permissions"
                                                           : "";
  fail(blame, "cannot read " + cited(path) + ": " + std::strerror(error) + advice);
}

}  // namespace

std::string read_file(const std::string& path, std::size_t most_bytes, const Place& blame) {
  if (path.find('\0') != std::string::npos) fail(blame, "a path with a NUL byte; check the path");
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) fail_to_read(path, errno, blame);
  require_regular(status, path, blame);
  const OpenFile file(path);
  if (file.fd() < 0 || ::fstat(file.fd(), &status) != 0) fail_to_read(path, errno, blame);
  require_regular(status, path, blame);

  std::string text;
  const auto too_large = [&] {
    fail(blame,
         cited(path) + " is larger than " + std::to_string(most_bytes >> 20) + " MiB; shorten it");
  };
  if (status.st_size > 0 && static_cast<std::size_t>(status.st_size) > most_bytes) too_large();
  if (status.st_size > 0) text.reserve(static_cast<std::size_t>(status.st_size));
  char block[1 << 16];
  for (;;) {
    const auto got = ::read(file.fd(), block, sizeof block);
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_to_read(path, errno, blame);
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > most_bytes) too_large();
  }
}

std::string beside(const std::string& scenario_file, const std::string& path) {
  return (std::filesystem::path(scenario_file).parent_path() / path).string();
}

DataLines::DataLines(const std::string& text, const Source& source) : rest_(text), source_(source) {
  if (rest_.substr(0, 3) == "\xEF\xBB\xBF") rest_.remove_prefix(3);
}

std::optional<DataLine> DataLines::next() {
  while (!rest_.empty()) {
    const auto end = rest_.find('\n');
    const auto line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++number_;
    const auto first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos || line[first] == '#') continue;
    const auto last = line.find_last_not_of(" \t\r");
    return DataLine{line.substr(first, last - first + 1),
                    {&source_, number_, static_cast<int>(first) + 1}};
  }
  return std::nullopt;
}

}  // namespace caesura
