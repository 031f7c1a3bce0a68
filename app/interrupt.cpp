#include "app/interrupt.hpp"

#include <csignal>

namespace caesura {
namespace {

std::atomic<bool> stop{false};
std::atomic<int> signal_seen{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "set in a signal handler");

void on_signal(int number) {
  // The second one, of whichever kind, is not caught.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  signal_seen = number;
  stop = true;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;  // what is being written gets written
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

const std::atomic<bool>& stop_requested() { return stop; }

int interrupt_status() { return signal_seen == 0 ? 0 : 128 + signal_seen; }

}  // namespace caesura
