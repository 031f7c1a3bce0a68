#pragma once

#include "engines/caf_message_clock.hpp"
#include "engines/caf_timer_queue.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/execution_unit.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace caesura {

class RealtimeCoordinator;

/// CAF's clock in real time, without a thread of its own: the workers keep the time.
class RealtimeClock final : public CafMessageClock {
 public:
  explicit RealtimeClock(RealtimeCoordinator& coordinator) : coordinator_(coordinator) {}

  using CafMessageClock::schedule_message;
  /// Delivers no earlier than `due`, and what is due together as it was scheduled. From any thread.
  void schedule_message(time_point due, caf::strong_actor_ptr receiver,
                        caf::mailbox_element_ptr element) override;
  void cancel_all() override;

 private:
  RealtimeCoordinator& coordinator_;
};

/// CAF's scheduler in real time. Its workers serve one queue of actors and one queue of timers, in
/// one loop; a worker with nothing to do sleeps, until the next timer if nobody else looks after
/// it. So a message from outside costs one wake-up, a timer no thread more, and being idle nothing.
///
/// While all workers sleep, a thread from outside that delivers a message lends itself: it is a
/// worker until there is nothing left to do, or for a bounded number of turns. Then a message from
/// outside costs no wake-up at all.
///
/// It starts none of CAF's utility actors, so nothing may print by way of CAF's aout().
class RealtimeCoordinator final : public caf::scheduler::abstract_coordinator {
 public:
  explicit RealtimeCoordinator(caf::actor_system& system);
  ~RealtimeCoordinator() override;

  /// Makes every actor_system of this configuration use a coordinator of this class, with
  /// `scheduler.max-threads` workers.
  static void install(caf::actor_system_config& config);
  /// The coordinator of a system that has one.
  static RealtimeCoordinator& of(caf::actor_system& system);

  /// To be called by a thread from outside that has made an actor_system or spawned actors. CAF has
  /// it keep the system's logger, for whose end the system's end waits: for good, if it is another
  /// thread that ends the system.
  static void leave_system();

  /// Delivers from a thread from outside, or while an actor handles a message; not during or after
  /// halt(). If all workers sleep, actors handle messages, this one and what follows from it,
  /// before it returns: so the caller must hold no lock that they need.
  void deliver(const caf::strong_actor_ptr& receiver, caf::mailbox_element_ptr element);
  void schedule(caf::actor_clock::time_point due, caf::strong_actor_ptr receiver,
                caf::mailbox_element_ptr element);
  /// Forgets all timers.
  void clear_timers();
  /// Ends the workers, each after its turn: when it returns no actor runs, and none will again. Not
  /// from a worker.
  void halt();

  caf::actor_clock& clock() noexcept override { return clock_; }
  void enqueue(caf::resumable* job) override;
  bool detaches_utility_actors() const override { return false; }
  void start() override;
  void stop() override;

 private:
  using Lock = std::unique_lock<std::mutex>;

  /// A thread that runs actors: a worker, or a guest from outside.
  class Server final : public caf::execution_unit {
   public:
    explicit Server(RealtimeCoordinator& coordinator);
    void exec_later(caf::resumable* job) override { coordinator_.add_job(job); }

    std::condition_variable wake_up;
    bool is_called = false;
    std::thread thread;

   private:
    RealtimeCoordinator& coordinator_;
  };

  void work(Server& self);
  void add_job(caf::resumable* job);
  bool serve_once(Server& self, Lock& lock);
  void fire_due(Server& self, Lock& lock);
  void run(caf::resumable* job, Server& self, Lock& lock);
  void sleep(Server& self, Lock& lock);
  Server* call_one();
  Server* next_timekeeper();
  static void notify(Server* server, Lock& lock);

  RealtimeClock clock_{*this};
  std::vector<std::unique_ptr<Server>> workers_;
  Server guest_{*this};  ///< one at a time

  std::mutex mutex_;                  ///< guards what follows, and the servers' is_called
  std::deque<caf::resumable*> jobs_;  ///< each holds a reference to its actor
  CafTimerQueue timers_;
  /// One thread at a time hands out timers, or they might overtake each other.
  bool is_firing_ = false;
  std::vector<CafTimer> firing_;
  std::size_t awake_ = 0;  ///< threads that will look at jobs and timers before they sleep or leave
  std::vector<Server*> sleeping_;  ///< not called yet, the last to fall asleep last
  Server* timekeeper_ = nullptr;   ///< of those asleep, who wakes up at `alarm_`
  caf::actor_clock::time_point alarm_ = caf::actor_clock::time_point::max();
  bool is_halting_ = false;
};

}  // namespace caesura
