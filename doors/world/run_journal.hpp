#pragma once

#include "doors/live/loop.hpp"
#include "doors/world/event_waits.hpp"
#include "doors/world/run_record.hpp"
#include "doors/world/world_event.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace caesura {

/// Takes down what happens to runs, and tells those who wait for it or watch.
class RunJournal {
 public:
  using Watcher = std::function<void(const RunRecord&, const WorldEvent&)>;

  /// The loop outlives it. `lines` gets every event, a line of JSON each; it may be empty.
  RunJournal(Loop& loop, std::function<void(std::string_view)> lines)
      : loop_(loop), lines_(std::move(lines)) {}
  RunJournal(const RunJournal&) = delete;
  RunJournal& operator=(const RunJournal&) = delete;

  /// Of an attempt's tokens the first is kept; the others are told to those who follow the run.
  void add(RunRecord& run, WorldEvent event);
  bool is_followed(const RunRecord& run) const;

  /// Waits for an event of a run: `told` is called once, perhaps at once. `timeout` by the wall
  /// clock. Returns the wait's number, never the same twice.
  EventWaits::Number await(RunRecord& run, const EventPattern& pattern,
                           std::chrono::nanoseconds timeout, EventWaits::Told told);
  /// `told` is dropped, if it has not been called.
  void await_no_more(const std::string& run, EventWaits::Number wait);
  /// The run has ended: everyone who waited has been told.
  void close(const RunRecord& run) { waits_.erase(run.name); }

  /// Hears every event of the run from now on, until removed.
  std::uint64_t watch(const RunRecord& run, Watcher watcher);
  void watch_no_more(const std::string& run, std::uint64_t watcher);

 private:
  Loop& loop_;
  const std::function<void(std::string_view)> lines_;
  std::unordered_map<std::string, EventWaits> waits_;  ///< by run; never walked through
  std::unordered_map<std::string, std::map<std::uint64_t, Watcher>> watchers_;  ///< likewise
  std::uint64_t last_watcher_ = 0;
  EventWaits::Number last_wait_ = 0;
};

}  // namespace caesura
