#include "scenarios/run/live_run.hpp"
#include "tests/scenarios/run/live_runs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

namespace caesura {
namespace {

using namespace testing;

/// In real time, as fast as the machine can: what is told is the same, whatever the moments.
class RealTimeLiveRun : public ::testing::Test {
 protected:
  /// Waits for events until `done` holds of those so far.
  template <class Done>
  void collect(LiveRun& run, const Done& done) {
    while (!done()) {
      std::unique_lock lock(mutex_);
      if (!told_.wait_for(lock, 60s, [this] { return is_told_; }))
        throw std::runtime_error("nothing more happens");
      is_told_ = false;
      lock.unlock();
      for (LiveEvent& event : run.take_events()) events_.push_back(std::move(event));
    }
  }
  LiveOptions options() {
    LiveOptions options;
    options.time_scale = 1e4;
    options.on_events = [this] {
      const std::lock_guard lock(mutex_);
      is_told_ = true;
      told_.notify_one();
    };
    return options;
  }
  bool has(RequestNumber request, What what) const {
    return std::any_of(events_.begin(), events_.end(),
                       [&](const LiveEvent& e) { return e.request == request && e.what == what; });
  }

  std::mutex mutex_;
  std::condition_variable told_;
  bool is_told_ = false;
  std::vector<LiveEvent> events_;
};

TEST_F(RealTimeLiveRun, ARequestRunsToItsEnd) {
  const Scenario scenario = served(two_services());
  LiveRun run(scenario, options());
  const RequestNumber request = run.start({});
  collect(run, [&] { return has(request, What::settled); });
  EXPECT_EQ(records(events_).at(0).request.outcome, Outcome::completed);
  EXPECT_EQ(run.results().engine, "caf-realtime");
}

TEST_F(RealTimeLiveRun, ACancelDuringAHeldOperationIsAnsweredWhileItIsHeld) {
  const Scenario scenario = served(two_services());
  LiveRun run(scenario, options());
  RequestWishes wishes;
  wishes.held_operation = 2;
  const RequestNumber request = run.start(wishes);
  const auto second_started = [&] {
    return std::any_of(events_.begin(), events_.end(), [](const LiveEvent& e) {
      return e.what == What::operation_started && e.operation == 2;
    });
  };
  collect(run, second_started);
  run.cancel(request);
  collect(run, [&] { return has(request, What::cancel_answered); });
  EXPECT_FALSE(has(request, What::stopped));
  run.release(request);
  collect(run, [&] { return has(request, What::settled); });
  EXPECT_EQ(records(events_).at(0).request.outcome, Outcome::cancelled);
}

/// Cancels race the end: whatever wins, answers and outcome agree.
TEST_F(RealTimeLiveRun, ManyCancelsThatCrossTheEndAreEachAnsweredInAgreementWithTheOutcome) {
  Model model = two_services(1, 1);
  model.services[0].latency = WholeLatency{fixed(1ms)};
  model.services[1].latency = WholeLatency{fixed(1ms)};
  const Scenario scenario = served(std::move(model));
  LiveOptions fast = options();
  fast.time_scale = 1;
  LiveRun run(scenario, fast);
  for (int round = 0; round < 100; ++round) {
    events_.clear();
    const RequestNumber request = run.start({});
    const std::size_t events_before = static_cast<std::size_t>(round % 5);
    collect(run, [&] { return events_.size() >= events_before; });
    bool is_sent = true;
    try {
      run.cancel(request);
    } catch (const std::out_of_range&) {
      is_sent = false;  // it has settled
    }
    collect(run, [&] {
      return has(request, What::settled) && (!is_sent || has(request, What::cancel_answered));
    });
    const Outcome outcome = records(events_).at(0).request.outcome;
    for (const LiveEvent& event : events_) {
      if (event.what != What::cancel_answered) continue;
      EXPECT_EQ(event.verdict == CancelVerdict::accepted, outcome == Outcome::cancelled);
    }
  }
}

}  // namespace
}  // namespace caesura
