#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "actors/context.hpp"
#include "sim/time.hpp"

#include <caf/actor_clock.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/execution_unit.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

namespace caesura {

/// A CAF message on its way, in virtual time.
struct ScheduledElement {
  Time due;
  Order order = 0;
  std::uint64_t insertion = 0;
  caf::strong_actor_ptr receiver;  ///< null: who takes the element knows whom it is for
  caf::mailbox_element_ptr element;
};

class CafCoordinator;

/// CAF's clock in virtual time: its epoch is the start of the run, its time the due time of the element taken last.
class VirtualClock final : public caf::actor_clock {
 public:
  explicit VirtualClock(CafCoordinator& coordinator) : coordinator_(coordinator) {}

  time_point now() const noexcept override;
  /// What CAF's delayed_send comes down to: due with, and after, the messages that have an order.
  void schedule_message(time_point due, caf::strong_actor_ptr receiver, caf::mailbox_element_ptr element) override;
  void cancel_all() override;

  /// Timeouts and groups do not exist in virtual time; setting one throws std::logic_error.
  void set_ordinary_timeout(time_point, caf::abstract_actor*, caf::atom_value, std::uint64_t) override;
  void set_multi_timeout(time_point, caf::abstract_actor*, caf::atom_value, std::uint64_t) override;
  void set_request_timeout(time_point, caf::abstract_actor*, caf::message_id) override;
  void schedule_message(time_point, caf::group, caf::strong_actor_ptr, caf::message) override;
  void cancel_ordinary_timeout(caf::abstract_actor*, caf::atom_value) override {}
  void cancel_request_timeout(caf::abstract_actor*, caf::message_id) override {}
  void cancel_timeouts(caf::abstract_actor*) override {}

 private:
  CafCoordinator& coordinator_;
};

/// CAF's scheduler in virtual time: hands out elements strictly by (due time, order, insertion), in the thread of its caller. It has no
/// threads, never sleeps, and starts none of CAF's utility actors, so nothing may print by way of CAF's aout().
class CafCoordinator final : public caf::scheduler::abstract_coordinator, public caf::execution_unit {
 public:
  explicit CafCoordinator(caf::actor_system& system);
  ~CafCoordinator() override;

  /// Makes every actor_system of this configuration use a coordinator of this class.
  static void install(caf::actor_system_config& config);
  /// The coordinator of a system that has one.
  static CafCoordinator& of(caf::actor_system& system);

  void schedule(Time due, Order order, caf::mailbox_element_ptr element, caf::strong_actor_ptr receiver = nullptr);
  /// Whether an element is scheduled, once every actor that CAF itself wants to run has run.
  bool pending();
  /// Takes the next element, and moves the time to its due time; undefined unless pending().
  ScheduledElement take();
  /// Has `receiver` handle the element at once. False if it has ended, by this or before: then nothing of it is left but its references.
  bool deliver(caf::scheduled_actor& receiver, caf::mailbox_element& element);

  Time now() const { return now_; }
  /// Sets the time, forwards or back; nothing may be pending.
  void restart(Time now) { now_ = now; }
  /// Forgets what is scheduled, undelivered.
  void clear() { queue_.clear(); }

  caf::actor_clock& clock() noexcept override { return clock_; }
  void enqueue(caf::resumable* job) override { jobs_.push_back(job); }
  void exec_later(caf::resumable* job) override { jobs_.push_back(job); }
  bool detaches_utility_actors() const override { return false; }
  void start() override {}
  void stop() override;

  caf::actor_system& system() { return abstract_coordinator::system(); }

 private:
  void run_jobs();

  VirtualClock clock_{*this};
  Time now_{};
  std::uint64_t insertions_ = 0;
  std::vector<ScheduledElement> queue_;  ///< a heap, the next on top
  std::deque<caf::resumable*> jobs_;     ///< each holds a reference to its actor
};

}  // namespace caesura
