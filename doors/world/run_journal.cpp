#include "doors/world/run_journal.hpp"

#include "doors/world/world_views.hpp"

#include <chrono>
#include <utility>

namespace caesura {

void RunJournal::add(RunRecord& run, WorldEvent event) {
  const bool is_kept = event.kind != EventKind::operation_token || event.token == 1;
  if (is_kept && lines_) lines_(event_line(run, event));
  if (const auto watched = watchers_.find(run.name); watched != watchers_.end()) {
    const auto watchers = watched->second;  // one that hears may leave
    for (const auto& [number, watcher] : watchers) watcher(run, event);
  }
  if (const auto waits = waits_.find(run.name); waits != waits_.end()) waits->second.come(event);
  // Looked for again: whoever was told may have begun another wait.
  if (const auto waits = waits_.find(run.name);
      waits != waits_.end() && event.kind != EventKind::operation_token)
    waits->second.give_up(run);
  if (is_kept) run.events.add(std::move(event));
}

bool RunJournal::is_followed(const RunRecord& run) const {
  const auto waits = waits_.find(run.name);
  return watchers_.contains(run.name) || (waits != waits_.end() && !waits->second.empty());
}

EventWaits::Number RunJournal::await(RunRecord& run, const EventPattern& pattern,
                                     std::chrono::nanoseconds timeout, EventWaits::Told told) {
  const EventWaits::Number number = ++last_wait_;
  if (const auto event = event_that_came(run, pattern)) {
    told(WaitEnd::come, &*event);
  } else if (is_hopeless(run, pattern)) {
    told(WaitEnd::hopeless, nullptr);
  } else {
    waits_[run.name].add(number, pattern, std::move(told));
    loop_.at(std::chrono::steady_clock::now() + timeout, [this, name = run.name, number] {
      if (const auto waits = waits_.find(name); waits != waits_.end()) waits->second.expire(number);
    });
  }
  return number;
}

void RunJournal::await_no_more(const std::string& run, EventWaits::Number wait) {
  if (const auto waits = waits_.find(run); waits != waits_.end()) waits->second.remove(wait);
}

std::uint64_t RunJournal::watch(const RunRecord& run, Watcher watcher) {
  watchers_[run.name].emplace(++last_watcher_, std::move(watcher));
  return last_watcher_;
}

void RunJournal::watch_no_more(const std::string& run, std::uint64_t watcher) {
  const auto found = watchers_.find(run);
  if (found == watchers_.end()) return;
  found->second.erase(watcher);
  if (found->second.empty()) watchers_.erase(found);
}

}  // namespace caesura
