#include "app/terminal.hpp"

#include "scenarios/format/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/ioctl.h>
#include <unistd.h>

namespace caesura {

std::size_t terminal_width(int descriptor, std::size_t otherwise) {
  constexpr std::size_t narrowest = 20;
  winsize size{};
  if (isatty(descriptor) == 0 || ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return otherwise;
  return std::max<std::size_t>(size.ws_col, narrowest);
}

bool wants_progress(bool no_progress) { return !no_progress && isatty(STDERR_FILENO) != 0; }

bool wants_colour(int descriptor) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  if (no_colour != nullptr && *no_colour != '\0') return false;
  return isatty(descriptor) != 0 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

void print_out(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return;
  const std::string fault = fmt::format("cannot write to standard output: {}",
                                        errno == EBADF ? "it is closed" : std::strerror(errno));
  if (errno == EPIPE) throw ReaderGone(fault);
  throw OutputError(fault);
}

void print_error(const std::string& text) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
}

void print_complaint(std::string_view what) {
  print_error("caesura: " + escaped_line(what) + '\n');
}

void print_warnings(const std::vector<std::string>& warnings) {
  for (const auto& warning : warnings) print_error(escaped_line(warning) + '\n');
}

}  // namespace caesura
