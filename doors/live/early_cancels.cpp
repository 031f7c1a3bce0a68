#include "doors/live/early_cancels.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace caesura {

std::optional<EarlyCancels::Number> EarlyCancels::add(const std::string& id, Moment until,
                                                      std::function<void()> over) {
  if (waiting_.size() >= most_) return std::nullopt;
  const Number number = ++last_;
  waiting_.emplace(number, Waiting{.id = id, .until = until, .over = std::move(over)});
  by_id_.emplace(id, number);
  return number;
}

void EarlyCancels::withdraw(Number number) {
  if (waiting_.contains(number)) take(number);
}

void EarlyCancels::appeared(const std::string& id) {
  std::vector<Number> numbers;
  const auto [first, last] = by_id_.equal_range(id);
  std::for_each(first, last, [&](const auto& entry) { numbers.push_back(entry.second); });
  for (const Number number : numbers) {
    // Hearing of it, another may have been withdrawn.
    if (waiting_.contains(number)) take(number)();
  }
}

void EarlyCancels::expire(Moment now) {
  while (!waiting_.empty() && waiting_.begin()->second.until <= now)
    take(waiting_.begin()->first)();
}

std::optional<EarlyCancels::Moment> EarlyCancels::next() const {
  return waiting_.empty() ? std::nullopt : std::optional(waiting_.begin()->second.until);
}

std::function<void()> EarlyCancels::take(Number number) {
  const auto found = waiting_.find(number);
  const auto [first, last] = by_id_.equal_range(found->second.id);
  by_id_.erase(
      std::find_if(first, last, [&](const auto& entry) { return entry.second == number; }));
  std::function<void()> over = std::move(found->second.over);
  waiting_.erase(found);
  return over;
}

}  // namespace caesura
