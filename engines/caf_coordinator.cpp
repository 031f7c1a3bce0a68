#include "engines/caf_coordinator.hpp"

#include <caf/actor_system.hpp>
#include <caf/resumable.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace caesura {

namespace {

/// Elements that an actor may take from its mailbox before the next actor's turn. In virtual time
/// it changes nothing.
constexpr std::size_t throughput = 1000;

}  // namespace

VirtualClock::time_point VirtualClock::now() const noexcept {
  return time_point{coordinator_.now().time_since_epoch()};
}

void VirtualClock::schedule_message(time_point due, caf::strong_actor_ptr receiver,
                                    caf::mailbox_element_ptr element) {
  coordinator_.post_delayed(Time{due.time_since_epoch()}, std::move(receiver), std::move(element));
}

void VirtualClock::cancel_all() { coordinator_.clear(); }

CafCoordinator::CafCoordinator(caf::actor_system& system)
    : abstract_coordinator(system), execution_unit(&system) {}

CafCoordinator::~CafCoordinator() { clear(); }

void CafCoordinator::install(caf::actor_system_config& config) {
  config.module_factories.push_back([](caf::actor_system& system) -> caf::actor_system::module* {
    return new CafCoordinator(system);
  });
}

CafCoordinator& CafCoordinator::of(caf::actor_system& system) {
  return static_cast<CafCoordinator&>(system.scheduler());
}

bool CafCoordinator::pending() {
  if (!jobs_.empty()) run_jobs();
  return !queue_.is_idle();
}

void CafCoordinator::clear() {
  const auto dispose = [this](Address to, caf::mailbox_element* element) {
    const caf::mailbox_element_ptr owned(element);
    if (to.index != delayed_index) return;
    delayed_[to.generation] = nullptr;
    free_delayed_.push_back(to.generation);
  };
  while (queue_.step(dispose)) {
  }
}

void CafCoordinator::post_delayed(Time due, caf::strong_actor_ptr receiver,
                                  caf::mailbox_element_ptr element) {
  if (free_delayed_.empty()) {
    free_delayed_.push_back(static_cast<std::uint32_t>(delayed_.size()));
    delayed_.emplace_back();
  }
  const std::uint32_t place = free_delayed_.back();
  free_delayed_.pop_back();
  delayed_[place] = std::move(receiver);
  const Duration delay = std::max(due - now(), zero_duration);
  queue_.post({delayed_index, place}, element.release(), delay, reserve(1) | last_of_instant);
}

/// Its receiver, which is not a world's host, runs with the other jobs before the next step.
void CafCoordinator::deliver_delayed(Address to, caf::mailbox_element_ptr element) {
  const caf::strong_actor_ptr receiver = std::exchange(delayed_[to.generation], nullptr);
  free_delayed_.push_back(to.generation);
  receiver->enqueue(std::move(element), this);
}

void CafCoordinator::run_jobs() {
  while (!jobs_.empty()) {
    caf::resumable* job = jobs_.front();
    jobs_.pop_front();
    if (job->resume(this, throughput) == caf::resumable::resume_later)
      jobs_.push_back(job);
    else
      caf::intrusive_ptr_release(job);
  }
}

void CafCoordinator::stop() {
  clear();
  while (!jobs_.empty()) {
    caf::resumable* job = jobs_.front();
    jobs_.pop_front();
    cleanup_and_release(job);
  }
}

}  // namespace caesura
