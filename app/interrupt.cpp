#include "app/interrupt.hpp"

#include <csignal>

namespace caesura {
namespace {

std::atomic<bool> stop{false};
std::atomic<int> signal_seen{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free, "set in a signal handler");

void on_signal(int number) {
  signal_seen = number;
  stop = true;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second one is not caught
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

const std::atomic<bool>& stop_requested() { return stop; }

int interrupt_status() { return signal_seen == 0 ? 0 : 128 + signal_seen; }

}  // namespace caesura
