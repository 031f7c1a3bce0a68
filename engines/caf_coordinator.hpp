#pragma once

#include "sim/direct_engine.hpp"
#include "sim/time.hpp"
#include "actors/context.hpp"
#include "engines/caf_envelope.hpp"
#include "engines/caf_message_clock.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/execution_unit.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace caesura {

class CafCoordinator;

/// CAF's clock in virtual time: its epoch is the start of the run, its time the due time of the
/// message delivered last.
class VirtualClock final : public CafMessageClock {
 public:
  explicit VirtualClock(CafCoordinator& coordinator) : coordinator_(coordinator) {}

  using CafMessageClock::schedule_message;
  time_point now() const noexcept override;
  /// What CAF's delayed_send comes down to: due with, and after, the messages that have an order.
  void schedule_message(time_point due, caf::strong_actor_ptr receiver,
                        caf::mailbox_element_ptr element) override;
  void cancel_all() override;

 private:
  CafCoordinator& coordinator_;
};

/// CAF's scheduler in virtual time: its messages are in the direct engine's queue, so they are
/// handed out in that engine's order, in the thread of its caller. It has no threads, never sleeps,
/// and starts none of CAF's utility actors, so nothing may print by way of CAF's aout().
class CafCoordinator final : public caf::scheduler::abstract_coordinator,
                             public caf::execution_unit {
 public:
  explicit CafCoordinator(caf::actor_system& system);
  ~CafCoordinator() override;

  /// Makes every actor_system of this configuration use a coordinator of this class.
  static void install(caf::actor_system_config& config);
  /// The coordinator of a system that has one.
  static CafCoordinator& of(caf::actor_system& system);

  Time now() const { return queue_.now(); }
  /// Of the message being delivered. Orders mean what they mean to the direct engine.
  Order order() const { return queue_.order(); }
  Order reserve(std::uint32_t count) { return queue_.reserve(count); }
  /// Queues an element, of an envelope, to be delivered `delay` (>= 0) from now to the host that is
  /// at `to` then.
  void post(Address to, EnvelopeElement& element, Duration delay, Order order) {
    queue_.post(to, &element, delay, order);
  }
  /// The same for time `at`. If nothing is queued, time starts anew there. Throws std::logic_error
  /// if it is in the past.
  void post_at(Address to, EnvelopeElement& element, Time at) { queue_.post_at(to, &element, at); }

  /// Takes the next element, moves the time to its due time, and hands it to `deliver(Address,
  /// caf::mailbox_element_ptr)`; false if there is none. What CAF's own ways bring is for the
  /// coordinator to deliver, and any actor that CAF itself wants to run runs before.
  template <class Deliver>
  bool step(Deliver&& deliver) {
    if (!jobs_.empty()) run_jobs();
    return queue_.step([&](Address to, caf::mailbox_element* element) {
      caf::mailbox_element_ptr owned(element);
      if (to.index == delayed_index)
        deliver_delayed(to, std::move(owned));
      else
        deliver(to, std::move(owned));
    });
  }
  /// Whether an element is queued, once every actor that CAF itself wants to run has run.
  bool pending();
  /// Forgets what is queued, undelivered.
  void clear();

  caf::actor_clock& clock() noexcept override { return clock_; }
  void enqueue(caf::resumable* job) override { jobs_.push_back(job); }
  void exec_later(caf::resumable* job) override { jobs_.push_back(job); }
  bool detaches_utility_actors() const override { return false; }
  void start() override {}
  void stop() override;

  caf::actor_system& system() { return abstract_coordinator::system(); }

 private:
  friend VirtualClock;

  /// No host's: what CAF's delayed_send has sent, the generation being its place in delayed_.
  static constexpr std::uint32_t delayed_index = 0xffff'ffff;

  void post_delayed(Time due, caf::strong_actor_ptr receiver, caf::mailbox_element_ptr element);
  void deliver_delayed(Address to, caf::mailbox_element_ptr element);
  void run_jobs();

  VirtualClock clock_{*this};
  DirectEngine<Address, caf::mailbox_element*> queue_;  ///< owns its elements
  std::vector<caf::strong_actor_ptr> delayed_;          ///< receivers; null where free
  std::vector<std::uint32_t> free_delayed_;
  std::deque<caf::resumable*> jobs_;  ///< each holds a reference to its actor
};

}  // namespace caesura
