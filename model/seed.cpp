#include "model/seed.hpp"

namespace caesura {

void OwnSeeds::add(std::uint64_t number, const DrawnAs& as) {
  const std::lock_guard lock(mutex_);
  own_[number] = {.as = as, .root = number, .children = {}};
}

void OwnSeeds::add_child(std::uint64_t parent, std::uint64_t child) const {
  const std::lock_guard lock(mutex_);
  const auto found = own_.find(parent);
  if (found == own_.end()) return;
  const Own of_child{.as = {.seed = found->second.as.seed, .request = child},
                     .root = found->second.root,
                     .children = {}};
  if (own_.emplace(child, of_child).second) own_.at(of_child.root).children.push_back(child);
}

void OwnSeeds::forget(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = own_.find(number);
  if (found == own_.end()) return;
  for (const std::uint64_t child : found->second.children) own_.erase(child);
  own_.erase(number);
}

DrawnAs OwnSeeds::find(std::uint64_t common, std::uint64_t request) const {
  const std::lock_guard lock(mutex_);
  const auto found = own_.find(request);
  return found == own_.end() ? DrawnAs{common, request} : found->second.as;
}

}  // namespace caesura
