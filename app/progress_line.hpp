#pragma once

#include "scenarios/run/runner.hpp"
#include "scenarios/study/batch.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace caesura {

/// What a progress line counts. The counters must outlive it.
struct Meter {
  const std::atomic<std::uint64_t>& done;
  const std::atomic<std::uint64_t>& total;
  const char* unit;  ///< "requests"
};
inline Meter meter_of(const Progress& progress) {
  return {progress.requests_done, progress.requests_total, "requests"};
}
inline Meter meter_of(const BatchProgress& progress) {
  return {progress.runs_done, progress.runs_total, "runs"};
}

/// Shows on stderr, in one line that is written over and over, how far a run is: requests done,
/// rate, time left. Shows nothing in a run's first second, and has gone when it is destroyed.
class ProgressLine {
 public:
  /// `shown`: whether to show anything at all.
  ProgressLine(std::string title, const Meter& meter, bool shown);
  ProgressLine(std::string title, const Progress& progress, bool shown)
      : ProgressLine(std::move(title), meter_of(progress), shown) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();

 private:
  void show_until_done();

  std::string title_;
  Meter meter_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::thread thread_;
};

/// The line's text, in as many parts as fit into `width` columns: "title: 4,200 of 10,000 requests
/// (42 %), 201,000/s, 3 s left".
std::string progress_text(const std::string& title, const Meter& meter, double elapsed_s,
                          std::size_t width);

}  // namespace caesura
