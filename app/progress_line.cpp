#include "app/progress_line.hpp"

#include "scenarios/report/figures.hpp"
#include "app/commands.hpp"
#include "app/terminal.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <unistd.h>
#include <utility>

namespace caesura {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

std::string time_left(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::ceil(seconds));
  if (whole < 120) return fmt::format("{} s left", whole);
  if (whole < 7200) return fmt::format("{} min left", (whole + 30) / 60);
  return fmt::format("{} h left", (whole + 1800) / 3600);
}

}  // namespace

std::string progress_text(const std::string& title, const Meter& meter, double elapsed_s,
                          std::size_t width) {
  const std::uint64_t done = meter.done;
  const std::uint64_t total = meter.total;
  const double rate = elapsed_s > 0 ? static_cast<double>(done) / elapsed_s : 0;
  const double share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0;
  const std::string counts = fmt::format(
      "{} of {} {} ({} %)", count_figure(static_cast<std::int64_t>(done)),
      count_figure(static_cast<std::int64_t>(total)), meter.unit, static_cast<int>(share * 100));
  const std::string speed = rate > 0 ? fmt::format(", {}/s", rough_figure(rate)) : "";
  const std::string left =
      rate > 0 ? ", " + time_left(static_cast<double>(total - done) / rate) : "";
  // The most that fits, whole parts only.
  for (const std::string& text :
       {title + ": " + counts + speed + left, counts + speed + left, counts + left, counts}) {
    if (text.size() <= width) return text;
  }
  return {};
}

ProgressLine::ProgressLine(std::string title, const Meter& meter, bool shown)
    : title_(std::move(title)), meter_(meter) {
  if (shown) thread_ = std::thread([this] { show_until_done(); });
}

ProgressLine::~ProgressLine() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void ProgressLine::show_until_done() {
  constexpr const char* erase_line = "\r\x1b[K";
  const Clock::time_point start = Clock::now();
  std::unique_lock lock(mutex_);
  bool is_shown = false;
  auto next = start + 1s;
  while (!changed_.wait_until(lock, next, [this] { return done_; })) {
    next += 200ms;
    const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    const std::string text =
        progress_text(title_, meter_, elapsed, terminal_width(STDERR_FILENO, 80) - 1);
    print_error(std::string(erase_line) + text);
    std::fflush(stderr);
    is_shown = true;
  }
  if (is_shown) {
    print_error(erase_line);
    std::fflush(stderr);
  }
}

}  // namespace caesura
