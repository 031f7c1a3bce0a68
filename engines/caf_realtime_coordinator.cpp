#include "engines/caf_realtime_coordinator.hpp"

#include <caf/actor_system.hpp>
#include <caf/detail/set_thread_name.hpp>
#include <caf/logger.hpp>
#include <caf/resumable.hpp>

#include <utility>

namespace caesura {

namespace {

/// Timers that are handed out before actors run again: what they bring must not wait for all that
/// are due.
constexpr std::size_t timers_at_once = 64;

/// Actors that may wait for the thread that made them ready before another one is woken up: a turn
/// is over sooner than a thread is awake.
constexpr std::size_t jobs_kept = 4;

/// Rounds of jobs and timers for which a thread from outside lends itself.
constexpr int guest_rounds = 64;

}  // namespace

void RealtimeClock::schedule_message(time_point due, caf::strong_actor_ptr receiver,
                                     caf::mailbox_element_ptr element) {
  coordinator_.schedule(due, std::move(receiver), std::move(element));
}

void RealtimeClock::cancel_all() { coordinator_.clear_timers(); }

RealtimeCoordinator::Server::Server(RealtimeCoordinator& coordinator)
    : execution_unit(&coordinator.system()), coordinator_(coordinator) {}

RealtimeCoordinator::RealtimeCoordinator(caf::actor_system& system)
    : abstract_coordinator(system) {}

RealtimeCoordinator::~RealtimeCoordinator() = default;

void RealtimeCoordinator::install(caf::actor_system_config& config) {
  config.module_factories.push_back([](caf::actor_system& system) -> caf::actor_system::module* {
    return new RealtimeCoordinator(system);
  });
}

RealtimeCoordinator& RealtimeCoordinator::of(caf::actor_system& system) {
  return static_cast<RealtimeCoordinator&>(system.scheduler());
}

void RealtimeCoordinator::leave_system() { caf::logger::set_current_actor_system(nullptr); }

void RealtimeCoordinator::start() {
  workers_.reserve(num_workers());
  awake_ = num_workers();
  for (std::size_t i = 0; i < num_workers(); ++i) {
    workers_.push_back(std::make_unique<Server>(*this));
    Server& worker = *workers_.back();
    worker.thread = std::thread([this, &worker] { work(worker); });
  }
}

void RealtimeCoordinator::halt() {
  {
    const std::lock_guard lock(mutex_);
    is_halting_ = true;
    for (const auto& worker : workers_) worker->is_called = true;
  }
  for (const auto& worker : workers_) {
    worker->wake_up.notify_one();
    worker->thread.join();
  }
  workers_.clear();
  sleeping_.clear();
  timekeeper_ = nullptr;
}

void RealtimeCoordinator::stop() {
  halt();
  clear_timers();
  while (!jobs_.empty()) {
    caf::resumable* job = jobs_.front();
    jobs_.pop_front();
    cleanup_and_release(job);
  }
}

void RealtimeCoordinator::deliver(const caf::strong_actor_ptr& receiver,
                                  caf::mailbox_element_ptr element) {
  Lock lock(mutex_);
  if (awake_ > 0) {
    lock.unlock();
    receiver->enqueue(std::move(element), nullptr);
    return;
  }
  ++awake_;
  lock.unlock();
  receiver->enqueue(std::move(element), &guest_);
  lock.lock();
  for (int n = 0; n < guest_rounds && serve_once(guest_, lock);) ++n;
  --awake_;
  notify(jobs_.empty() ? next_timekeeper() : call_one(), lock);
  leave_system();
}

void RealtimeCoordinator::schedule(caf::actor_clock::time_point due, caf::strong_actor_ptr receiver,
                                   caf::mailbox_element_ptr element) {
  Lock lock(mutex_);
  timers_.add(due, std::move(receiver), std::move(element));
  if (awake_ == 0) notify(next_timekeeper(), lock);
}

/// What actors may do when they are released must not happen under the lock.
void RealtimeCoordinator::clear_timers() {
  Lock lock(mutex_);
  const std::vector<CafTimer> forgotten = timers_.take_all();
  lock.unlock();
}

void RealtimeCoordinator::enqueue(caf::resumable* job) {
  Lock lock(mutex_);
  jobs_.push_back(job);
  notify(call_one(), lock);
}

void RealtimeCoordinator::add_job(caf::resumable* job) {
  Lock lock(mutex_);
  jobs_.push_back(job);
  if (jobs_.size() > jobs_kept) notify(call_one(), lock);
}

void RealtimeCoordinator::work(Server& self) {
  caf::detail::set_thread_name("caesura.worker");
  system().thread_started();
  Lock lock(mutex_);
  while (!is_halting_) {
    if (!serve_once(self, lock)) sleep(self, lock);
  }
  lock.unlock();
  system().thread_terminates();
}

/// Hands out what is due and gives one actor its turn; false if there was nothing to do.
bool RealtimeCoordinator::serve_once(Server& self, Lock& lock) {
  fire_due(self, lock);
  if (jobs_.empty()) return false;
  caf::resumable* job = jobs_.front();
  jobs_.pop_front();
  run(job, self, lock);
  return true;
}

void RealtimeCoordinator::fire_due(Server& self, Lock& lock) {
  if (is_firing_ || timers_.is_empty()) return;
  const auto now = clock_.now();
  while (firing_.size() < timers_at_once && !timers_.is_empty() && timers_.next_due() <= now)
    firing_.push_back(timers_.take());
  if (firing_.empty()) return;
  is_firing_ = true;
  lock.unlock();
  for (CafTimer& timer : firing_) timer.receiver->enqueue(std::move(timer.element), &self);
  firing_.clear();
  lock.lock();
  is_firing_ = false;
}

void RealtimeCoordinator::run(caf::resumable* job, Server& self, Lock& lock) {
  lock.unlock();
  const bool again = job->resume(&self, max_throughput()) == caf::resumable::resume_later;
  if (!again) caf::intrusive_ptr_release(job);
  lock.lock();
  if (again) jobs_.push_back(job);
}

void RealtimeCoordinator::sleep(Server& self, Lock& lock) {
  --awake_;
  sleeping_.push_back(&self);
  while (!self.is_called) {
    // Whoever falls asleep looks after what others do not know of.
    if (!timers_.is_empty() && !is_firing_ &&
        (timekeeper_ == nullptr || timekeeper_ == &self || timers_.next_due() < alarm_)) {
      timekeeper_ = &self;
      alarm_ = timers_.next_due();
    }
    if (timekeeper_ != &self) {
      self.wake_up.wait(lock);
      continue;
    }
    const auto alarm = alarm_;
    if (self.wake_up.wait_until(lock, alarm) == std::cv_status::timeout && timekeeper_ == &self &&
        !self.is_called) {
      std::erase(sleeping_, &self);
      timekeeper_ = nullptr;
      ++awake_;
      return;
    }
  }
  self.is_called = false;
}

/// Of those asleep, one that is to wake up for jobs: not the one that looks after the timers, if
/// there is another.
RealtimeCoordinator::Server* RealtimeCoordinator::call_one() {
  if (sleeping_.empty()) return nullptr;
  auto chosen = sleeping_.end() - 1;
  if (*chosen == timekeeper_ && sleeping_.size() > 1) --chosen;
  Server* server = *chosen;
  sleeping_.erase(chosen);
  if (server == timekeeper_) timekeeper_ = nullptr;
  server->is_called = true;
  ++awake_;
  return server;
}

/// Of those asleep, one that has to learn of a new next timer; null if all is known.
RealtimeCoordinator::Server* RealtimeCoordinator::next_timekeeper() {
  if (awake_ > 0 || sleeping_.empty() || timers_.is_empty()) return nullptr;
  if (timekeeper_ != nullptr && timers_.next_due() >= alarm_) return nullptr;
  if (timekeeper_ == nullptr) timekeeper_ = sleeping_.back();
  alarm_ = timers_.next_due();
  return timekeeper_;
}

/// Not under the lock: who wakes up needs it.
void RealtimeCoordinator::notify(Server* server, Lock& lock) {
  lock.unlock();
  if (server != nullptr) server->wake_up.notify_one();
}

}  // namespace caesura
