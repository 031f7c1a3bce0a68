#pragma once

#include <chrono>
#include <fstream>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace caesura {

/// Memory of this process that is resident now.
inline double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// User and system time of this process, all threads.
inline double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto in_seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime);
}

/// The share of a core that the process takes while this thread sleeps for so long; 0 if it is not
/// to sleep.
inline double idle_core_share(std::chrono::duration<double> idle) {
  using Clock = std::chrono::steady_clock;
  if (idle.count() <= 0) return 0;
  const double before = cpu_seconds();
  const auto began = Clock::now();
  std::this_thread::sleep_for(idle);
  return (cpu_seconds() - before) / std::chrono::duration<double>(Clock::now() - began).count();
}

}  // namespace caesura
