#include "engines/caf_realtime_coordinator.hpp"

#include "engines/caf_timer_queue.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/execution_unit.hpp>
#include <caf/group.hpp>
#include <caf/intrusive_ptr.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/make_counted.hpp>
#include <caf/message.hpp>
#include <caf/message_id.hpp>
#include <caf/ref_counted.hpp>
#include <caf/resumable.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using WallClock = caf::actor_clock::clock_type;

caf::mailbox_element_ptr element_of(std::int64_t sender, std::int64_t number) {
  return caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, sender, number);
}

using Handle = std::function<void(std::int64_t sender, std::int64_t number)>;

class Handler final : public caf::event_based_actor {
 public:
  Handler(caf::actor_config& config, Handle handle)
      : event_based_actor(config), handle_(std::move(handle)) {}
  caf::behavior make_behavior() override {
    return {[this](std::int64_t from, std::int64_t number) { handle_(from, number); }};
  }

 private:
  Handle handle_;
};

/// An actor system on the coordinator.
struct System {
  struct Config : caf::actor_system_config {
    explicit Config(int workers) {
      RealtimeCoordinator::install(*this);
      set("scheduler.max-threads", static_cast<std::size_t>(workers));
      set("scheduler.max-throughput", std::size_t{4});
    }
  };

  explicit System(int workers) : config(workers) { actors.await_actors_before_shutdown(false); }
  ~System() {
    coordinator.halt();
    coordinator.clear_timers();
  }
  System(const System&) = delete;
  System& operator=(const System&) = delete;

  caf::strong_actor_ptr spawn(Handle handle) {
    return caf::actor_cast<caf::strong_actor_ptr>(actors.spawn<Handler>(std::move(handle)));
  }

  Config config;
  caf::actor_system actors{config};
  RealtimeCoordinator& coordinator{RealtimeCoordinator::of(actors)};
};

/// Returns once `count` has reached `enough`.
void wait_for(const std::atomic<std::int64_t>& count, std::int64_t enough) {
  for (std::int64_t now = count; now < enough; now = count) count.wait(now);
}

void count_up(std::atomic<std::int64_t>& count) {
  ++count;
  count.notify_all();
}

TEST(CafTimerQueue, HandsOutTimersByDueTimeAndThoseDueTogetherAsTheyWereAdded) {
  std::mt19937 random(1);
  CafTimerQueue queue;
  std::vector<std::pair<std::int64_t, std::uint64_t>> expected;
  std::vector<std::pair<std::int64_t, std::uint64_t>> taken;
  std::uint64_t added = 0;
  const auto take = [&] {
    const auto next = std::min_element(expected.begin(), expected.end());
    EXPECT_EQ(queue.next_due().time_since_epoch().count(), next->first);
    const CafTimer timer = queue.take();
    EXPECT_EQ(std::pair(timer.due.time_since_epoch().count(), timer.sequence), *next);
    expected.erase(next);
  };
  for (int round = 0; round < 2000; ++round) {
    if (random() % 3 != 0 || expected.empty()) {
      const auto due = static_cast<std::int64_t>(random() % 50);
      queue.add(WallClock::time_point{std::chrono::nanoseconds{due}}, nullptr, nullptr);
      expected.emplace_back(due, added++);
    } else {
      take();
    }
    EXPECT_EQ(queue.size(), expected.size());
  }
  while (!expected.empty()) take();
  EXPECT_TRUE(queue.is_empty());
}

TEST(CafTimerQueue, GivesAllTimersUpAtOnce) {
  CafTimerQueue queue;
  for (int i = 0; i < 10; ++i) queue.add(WallClock::time_point{}, nullptr, element_of(0, i));
  EXPECT_EQ(queue.take_all().size(), 10U);
  EXPECT_TRUE(queue.is_empty());
}

/// Runs so many turns. What it counts is guarded by nothing but that a job has one turn at a time.
class Job final : public caf::resumable, public caf::ref_counted {
 public:
  Job(std::int64_t turns, std::atomic<std::int64_t>& over) : turns_(turns), over_(over) {}
  resume_result resume(caf::execution_unit*, std::size_t) override {
    if (++turns_had < turns_) return resume_later;
    count_up(over_);
    return done;
  }
  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

  std::int64_t turns_had = 0;

 private:
  std::int64_t turns_;
  std::atomic<std::int64_t>& over_;
};

/// Has no actors, so ThreadSanitizer, which does not see into CAF's mailboxes, can judge it.
TEST(CafWorkers, GiveEveryJobItsTurnsOneAtATimeWhicheverThreadBringsIt) {
  constexpr std::int64_t jobs_of_each = 200;
  std::atomic<std::int64_t> over{0};
  std::vector<caf::intrusive_ptr<Job>> jobs;
  for (std::int64_t i = 0; i < 3 * jobs_of_each; ++i)
    jobs.push_back(caf::make_counted<Job>(1 + i % 7, over));
  System system(3);
  std::vector<std::thread> threads;
  for (std::int64_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (std::int64_t i = 0; i < jobs_of_each; ++i) {
        Job& job = *jobs[static_cast<std::size_t>(t * jobs_of_each + i)];
        job.ref();  // the queue's
        system.coordinator.enqueue(&job);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  wait_for(over, 3 * jobs_of_each);
  system.coordinator.halt();
  for (std::int64_t i = 0; i < 3 * jobs_of_each; ++i)
    EXPECT_EQ(jobs[static_cast<std::size_t>(i)]->turns_had, 1 + i % 7);
}

TEST(RealtimeCoordinator, DeliversEveryMessageOnceAndThoseOfOneThreadInTheOrderSent) {
  for (const int workers : {1, 2, 4}) {
    constexpr std::int64_t senders = 4;
    constexpr std::int64_t messages = 2000;
    std::atomic<std::int64_t> handled{0};
    std::atomic<bool> in_order{true};
    std::array<std::int64_t, senders> next{};
    System system(workers);
    const caf::strong_actor_ptr actor = system.spawn([&](std::int64_t sender, std::int64_t number) {
      if (next[static_cast<std::size_t>(sender)]++ != number) in_order = false;
      count_up(handled);
    });
    RealtimeCoordinator::leave_system();
    std::vector<std::thread> threads;
    for (std::int64_t sender = 0; sender < senders; ++sender) {
      threads.emplace_back([&, sender] {
        for (std::int64_t n = 0; n < messages; ++n)
          system.coordinator.deliver(actor, element_of(sender, n));
      });
    }
    for (std::thread& thread : threads) thread.join();
    wait_for(handled, senders * messages);
    EXPECT_EQ(handled, senders * messages);
    EXPECT_TRUE(in_order);
  }
}

TEST(RealtimeCoordinator, HandlesAMessageInTheCallersThreadOnceAllWorkersSleep) {
  std::atomic<std::int64_t> handled{0};
  std::atomic<std::thread::id> handler;
  System system(2);
  const caf::strong_actor_ptr actor = system.spawn([&](std::int64_t, std::int64_t) {
    handler = std::this_thread::get_id();
    count_up(handled);
  });
  for (std::int64_t n = 1; handler.load() != std::this_thread::get_id(); ++n) {
    system.coordinator.deliver(actor, element_of(0, n));
    wait_for(handled, n);
  }
}

TEST(RealtimeCoordinator, LeavesToAWorkerWhatACallerWouldTakeTooLongFor) {
  std::atomic<std::int64_t> handled{0};
  System system(1);
  caf::strong_actor_ptr actor;
  // Each message brings the next: there is always one more to handle.
  actor = system.spawn([&](std::int64_t, std::int64_t number) {
    if (number < 100'000) actor->enqueue(element_of(0, number + 1), nullptr);
    count_up(handled);
  });
  system.coordinator.deliver(actor, element_of(0, 1));
  wait_for(handled, 100'000);
  EXPECT_EQ(handled, 100'000);
}

TEST(RealtimeCoordinator, HandsOutTimersInTheirOrderAndNeverEarly) {
  for (const int workers : {1, 2, 4}) {
    constexpr std::int64_t timers = 3000;
    std::mt19937 random(2);
    std::atomic<std::int64_t> handled{0};
    std::vector<std::pair<std::int64_t, std::int64_t>> order;
    bool early = false;
    System system(workers);
    const caf::strong_actor_ptr actor = system.spawn([&](std::int64_t due, std::int64_t number) {
      order.emplace_back(due, number);
      early = early || WallClock::now().time_since_epoch().count() < due;
      count_up(handled);
    });
    // Due times that never descend, whether they have passed or not: so none can be scheduled too
    // late for its place.
    WallClock::time_point due = WallClock::now();
    for (std::int64_t n = 0; n < timers; ++n) {
      due += std::chrono::microseconds(random() % 3);
      system.coordinator.schedule(due, actor, element_of(due.time_since_epoch().count(), n));
    }
    wait_for(handled, timers);
    EXPECT_FALSE(early);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  }
}

TEST(RealtimeCoordinator, WakesUpForATimerThatIsDueBeforeTheOneItSleepsFor) {
  for (const int workers : {1, 2}) {
    std::atomic<std::int64_t> handled{0};
    System system(workers);
    const caf::strong_actor_ptr actor =
        system.spawn([&](std::int64_t, std::int64_t) { count_up(handled); });
    const WallClock::time_point now = WallClock::now();
    for (std::int64_t n = 0; n < 50; ++n) {
      // Were one of these waited for, the test would not end today.
      system.coordinator.schedule(now + 24h - std::chrono::hours(n % 24), actor, element_of(0, 0));
      system.coordinator.schedule(WallClock::now() + 100us, actor, element_of(0, 0));
      wait_for(handled, n + 1);
    }
    EXPECT_EQ(handled, 50);
  }
}

TEST(RealtimeCoordinator, RunsNoActorOnceHaltedAndForgetsItsTimers) {
  std::atomic<std::int64_t> handled{0};
  System system(2);
  caf::strong_actor_ptr actor;
  actor = system.spawn([&](std::int64_t, std::int64_t) {
    actor->enqueue(element_of(0, 0), nullptr);  // for ever
    count_up(handled);
  });
  system.coordinator.schedule(WallClock::now() + 24h, actor, element_of(0, 0));
  system.coordinator.deliver(actor, element_of(0, 0));
  wait_for(handled, 1000);
  system.coordinator.halt();
  const std::int64_t until_halted = handled;
  actor->enqueue(element_of(0, 0), nullptr);
  system.coordinator.clear_timers();
  EXPECT_EQ(handled, until_halted);
}

TEST(RealtimeCoordinator, RefusesTimeoutsAndGroups) {
  System system(1);
  caf::actor_clock& clock = system.coordinator.clock();
  EXPECT_THROW(clock.set_ordinary_timeout({}, nullptr, caf::atom("t"), 0), std::logic_error);
  EXPECT_THROW(clock.set_multi_timeout({}, nullptr, caf::atom("t"), 0), std::logic_error);
  EXPECT_THROW(clock.set_request_timeout({}, nullptr, caf::make_message_id()), std::logic_error);
  EXPECT_THROW(clock.schedule_message({}, caf::group{}, nullptr, caf::message{}), std::logic_error);
}

}  // namespace
}  // namespace caesura
