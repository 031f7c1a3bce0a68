#include "doors/muxi/idempotency.hpp"

#include <utility>

namespace caesura {
namespace {

std::size_t bytes_of(const std::string& key, const HttpAnswer& answer) {
  std::size_t bytes = key.size() + answer.body.size();
  for (const HttpHeader& header : answer.headers) bytes += header.name.size() + header.value.size();
  return bytes;
}

}  // namespace

IdempotencyMemory::Found IdempotencyMemory::find(const std::string& key, Time now) {
  while (!answered_.empty() && now - entries_.at(*answered_.front()).since > limits_.kept)
    drop_oldest();
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
  bytes_ += bytes_of(key, answer);
  entry.answered = true;
  entry.answer = std::move(answer);
  entry.since = now;
  answered_.push_back(&found->first);
  while (answered_.size() > limits_.answers || bytes_ > limits_.bytes) drop_oldest();
}

void IdempotencyMemory::forget(const std::string& key) {
  const auto found = entries_.find(key);
  if (found != entries_.end() && !found->second.answered) entries_.erase(found);
}

void IdempotencyMemory::drop_oldest() {
  const auto oldest = entries_.find(*answered_.front());
  bytes_ -= bytes_of(oldest->first, oldest->second.answer);
  entries_.erase(oldest);
  answered_.pop_front();
}

}  // namespace caesura
