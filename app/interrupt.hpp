#pragma once

#include <atomic>

namespace caesura {

/// From now on SIGINT and SIGTERM set the flag that stop_requested() returns, once; a second one
/// ends the program as if nobody had asked.
void catch_interrupts();
const std::atomic<bool>& stop_requested();

/// 130 after SIGINT, 143 after SIGTERM, 0 if neither has come.
int interrupt_status();

}  // namespace caesura
