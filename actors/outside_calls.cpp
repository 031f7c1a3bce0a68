#include "actors/outside_calls.hpp"

namespace caesura {

void OutsideCalls::add(std::uint32_t number, const OutsideCall& call) {
  const std::lock_guard lock(mutex_);
  calls_.emplace(number, call);
}

OutsideCall OutsideCalls::at(std::uint32_t number) const {
  const std::lock_guard lock(mutex_);
  return calls_.at(number);
}

void OutsideCalls::remove(std::uint32_t number) {
  const std::lock_guard lock(mutex_);
  calls_.erase(number);
}

std::size_t OutsideCalls::size() const {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

}  // namespace caesura
