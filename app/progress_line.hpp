#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "scenarios/runner.hpp"

namespace caesura {

/// Shows on stderr, in one line that is written over and over, how far a run is: requests done, rate, time left. Shows nothing in a run's
/// first second, and has gone when it is destroyed.
class ProgressLine {
 public:
  /// `shown`: whether to show anything at all.
  ProgressLine(std::string title, const Progress& progress, bool shown);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();

 private:
  void show_until_done();

  std::string title_;
  const Progress& progress_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::thread thread_;
};

/// The line's text, in as many parts as fit into `width` columns: "title: 4,200 of 10,000 requests (42 %), 201,000/s, 3 s left".
std::string progress_text(const std::string& title, std::uint64_t done, std::uint64_t total, double elapsed_s, std::size_t width);

}  // namespace caesura
