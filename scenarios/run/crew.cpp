#include "scenarios/run/crew.hpp"

#include <system_error>
#include <thread>
#include <vector>

namespace caesura {

void Crew::run(unsigned threads, const std::function<void()>& job) {
  std::vector<std::jthread> helpers;
  try {
    for (unsigned t = 1; t < threads; ++t) helpers.emplace_back([&] { guarded(job); });
  } catch (const std::system_error&) {
    // No more threads to be had: those there are do it all, to the same result.
  }
  guarded(job);
  helpers.clear();
  if (error_) std::rethrow_exception(error_);
}

void Crew::guarded(const std::function<void()>& job) {
  try {
    job();
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::current_exception();
    failed_ = true;
  }
}

}  // namespace caesura
