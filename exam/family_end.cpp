#include "exam/family_end.hpp"

#include <fmt/format.h>

#include <csignal>
#include <utility>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr Duration look_every = 10ms;
constexpr Duration after_term = 2s;
constexpr Duration after_kill = 3s;

}  // namespace

void FamilyEnd::begin(Duration patience, Gone gone) {
  if (has_begun()) return;
  gone_ = std::move(gone);
  term_at_ = steady_clock::now() + patience;
  kill_at_ = term_at_ + after_term;
  look_soon(0ms);
}

void FamilyEnd::begin_by_force(Gone gone) {
  if (has_begun()) return;
  gone_ = std::move(gone);
  kill_at_ = steady_clock::now();
  has_had_term_ = true;
  look_soon(0ms);
}

void FamilyEnd::look_soon(Duration after) {
  timer_.expires_after(after);
  timer_.async_wait(
      [this, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
        if (!error && !alive.expired()) look();
      });
}

void FamilyEnd::look() {
  const auto now = steady_clock::now();
  family_.collect();
  const auto living = family_.living();
  const bool is_lost = now >= kill_at_ + after_kill;
  if ((living.empty() && family_.leader_status()) || is_lost) {
    for (const ListedProcess& one : living)
      left_.push_back(fmt::format("process {} ({}) could not be ended", one.pid, one.name));
    family_.collect();
    return std::exchange(gone_, [](std::vector<std::string>) {})(std::move(left_));
  }
  if (has_had_kill_) {
    family_.signal(living, SIGKILL);  // what they have started since, or left behind
  } else if (now >= kill_at_) {
    has_had_kill_ = true;
    note_and_signal(living, SIGKILL);
  } else if (now >= term_at_ && !std::exchange(has_had_term_, true)) {
    note_and_signal(living, SIGTERM);
  }
  look_soon(look_every);
}

void FamilyEnd::note_and_signal(const std::vector<ListedProcess>& living, int signal) {
  for (const ListedProcess& one : living) {
    left_.push_back(fmt::format("process {} ({}) was still there, and was sent {}", one.pid,
                                one.name, signal == SIGKILL ? "SIGKILL" : "SIGTERM"));
  }
  family_.signal(living, signal);
}

}  // namespace caesura
