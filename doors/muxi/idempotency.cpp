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
  const Entry& entry = found->second;
  if (!entry.answered) return InFlight{.call = entry.call, .sent = &entry.sent};
  return Answered{.answer = &entry.answer, .sent = &entry.sent};
}

void IdempotencyMemory::begin(const std::string& key, std::uint64_t call, Sent sent) {
  const auto before = entries_.find(key);
  if (before != entries_.end() && before->second.answered) {
    std::erase(answered_, &before->first);
    drop(before);
  }
  Entry& entry = entries_[key];
  entry.call = call;
  entry.sent = std::move(sent);
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
  drop(entries_.find(*answered_.front()));
  answered_.pop_front();
}

void IdempotencyMemory::drop(std::unordered_map<std::string, Entry>::iterator answered) {
  bytes_ -= bytes_of(answered->first, answered->second.answer);
  entries_.erase(answered);
}

}  // namespace caesura
