#include "actors/caf_coordinator.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/group.hpp>
#include <caf/resumable.hpp>

namespace caesura {

namespace {

/// For std::push_heap and its kind, which put the greatest on top.
struct Later {
  bool operator()(const ScheduledElement& a, const ScheduledElement& b) const {
    if (a.due != b.due) return a.due > b.due;
    if (a.order != b.order) return a.order > b.order;
    return a.insertion > b.insertion;
  }
};

/// Elements that an actor may take from its mailbox before the next actor's turn. In virtual time it changes nothing.
constexpr std::size_t throughput = 1000;

[[noreturn]] void refuse(const char* what) { throw std::logic_error(what); }

}  // namespace

VirtualClock::time_point VirtualClock::now() const noexcept { return time_point{coordinator_.now().time_since_epoch()}; }

void VirtualClock::schedule_message(time_point due, caf::strong_actor_ptr receiver, caf::mailbox_element_ptr element) {
  coordinator_.schedule(Time{due.time_since_epoch()}, last_of_instant, std::move(element), std::move(receiver));
}

void VirtualClock::cancel_all() { coordinator_.clear(); }

void VirtualClock::set_ordinary_timeout(time_point, caf::abstract_actor*, caf::atom_value, std::uint64_t) {
  refuse("no receive timeouts in virtual time");
}

void VirtualClock::set_multi_timeout(time_point, caf::abstract_actor*, caf::atom_value, std::uint64_t) {
  refuse("no stream timeouts in virtual time");
}

void VirtualClock::set_request_timeout(time_point, caf::abstract_actor*, caf::message_id) { refuse("no request timeouts in virtual time"); }

void VirtualClock::schedule_message(time_point, caf::group, caf::strong_actor_ptr, caf::message) { refuse("no groups in virtual time"); }

CafCoordinator::CafCoordinator(caf::actor_system& system) : abstract_coordinator(system), execution_unit(&system) {}

CafCoordinator::~CafCoordinator() = default;

void CafCoordinator::install(caf::actor_system_config& config) {
  config.module_factories.push_back([](caf::actor_system& system) -> caf::actor_system::module* { return new CafCoordinator(system); });
}

CafCoordinator& CafCoordinator::of(caf::actor_system& system) { return static_cast<CafCoordinator&>(system.scheduler()); }

void CafCoordinator::schedule(Time due, Order order, caf::mailbox_element_ptr element, caf::strong_actor_ptr receiver) {
  queue_.push_back({due, order, insertions_++, std::move(receiver), std::move(element)});
  std::push_heap(queue_.begin(), queue_.end(), Later{});
}

bool CafCoordinator::pending() {
  if (!jobs_.empty()) run_jobs();
  return !queue_.empty();
}

ScheduledElement CafCoordinator::take() {
  std::pop_heap(queue_.begin(), queue_.end(), Later{});
  ScheduledElement next = std::move(queue_.back());
  queue_.pop_back();
  now_ = next.due;
  return next;
}

bool CafCoordinator::deliver(caf::scheduled_actor& receiver, caf::mailbox_element& element) {
  return receiver.activate(this, element) != caf::scheduled_actor::activation_result::terminated;
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
