#include "app/idempotency.hpp"

#include <utility>

namespace caesura {

IdempotencyMemory::Found IdempotencyMemory::find(const std::string& key, Time now) {
  while (!answered_.empty() && now - entries_.at(answered_.front()).since > limits_.kept) drop_oldest();
  const auto found = entries_.find(key);
  if (found == entries_.end()) return Unknown{};
  if (!found->second.answered) return InFlight{found->second.call};
  return &found->second.answer;
}

void IdempotencyMemory::begin(const std::string& key, std::uint64_t call) {
  Entry& entry = entries_[key];
  entry.call = call;
}

void IdempotencyMemory::answer(const std::string& key, HttpAnswer answer, Time now) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.answered) return;
  if (answer.status < 200 || answer.status > 299) {
    entries_.erase(found);
    return;
  }
  Entry& entry = found->second;
  bytes_ += answer.body.size();
  entry.answered = true;
  entry.answer = std::move(answer);
  entry.since = now;
  entry.place = answered_.insert(answered_.end(), key);
  while (answered_.size() > limits_.answers || bytes_ > limits_.bytes) drop_oldest();
}

void IdempotencyMemory::forget(const std::string& key) {
  const auto found = entries_.find(key);
  if (found != entries_.end() && !found->second.answered) entries_.erase(found);
}

void IdempotencyMemory::drop_oldest() {
  const auto oldest = entries_.find(answered_.front());
  bytes_ -= oldest->second.answer.body.size();
  entries_.erase(oldest);
  answered_.pop_front();
}

}  // namespace caesura
