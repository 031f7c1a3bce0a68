#include "doors/live/request_registry.hpp"

#include <iterator>
#include <utility>

namespace caesura {

LiveRequest& RequestRegistry::add(LiveRequest request) {
  if (const auto before = by_id_.find(request.id); before != by_id_.end()) hide(before->second);
  const RequestNumber number = request.number;
  by_id_[request.id] = number;
  shown_.insert(number);
  shown_by_user_[request.user].insert(number);
  return entries_.emplace(number, Entry{.request = std::move(request)}).first->second.request;
}

LiveRequest* RequestRegistry::find(const std::string& id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : find(found->second);
}

const LiveRequest* RequestRegistry::find(const std::string& id) const {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return nullptr;
  const auto entry = entries_.find(found->second);
  return entry == entries_.end() ? nullptr : &entry->second.request;
}

LiveRequest* RequestRegistry::find(RequestNumber number) {
  const auto found = entries_.find(number);
  return found == entries_.end() ? nullptr : &found->second.request;
}

const std::set<RequestNumber>& RequestRegistry::list_of(
    const std::optional<std::string>& user) const {
  static const std::set<RequestNumber> empty;
  if (!user) return shown_;
  const auto found = shown_by_user_.find(*user);
  return found == shown_by_user_.end() ? empty : found->second;
}

std::size_t RequestRegistry::count(const std::optional<std::string>& user) const {
  return list_of(user).size();
}

std::vector<RequestNumber> RequestRegistry::newest(const std::optional<std::string>& user,
                                                   std::size_t most,
                                                   std::optional<RequestNumber> before) const {
  const std::set<RequestNumber>& list = list_of(user);
  auto next = std::make_reverse_iterator(before ? list.lower_bound(*before) : list.end());
  std::vector<RequestNumber> numbers;
  for (; next != list.rend() && numbers.size() < most; ++next) numbers.push_back(*next);
  return numbers;
}

void RequestRegistry::ended(RequestNumber number, Time at) { ends_.push_back({number, at}); }

void RequestRegistry::settled(RequestNumber number) {
  const auto found = entries_.find(number);
  if (found == entries_.end()) return;
  found->second.settled = true;
  if (!found->second.shown) drop(found);
}

void RequestRegistry::forget_until(Time now) {
  while (!ends_.empty() &&
         (now - ends_.front().at >= limits_.kept || ends_.size() > limits_.ended)) {
    hide(ends_.front().number);
    ends_.pop_front();
  }
}

void RequestRegistry::hide(RequestNumber number) {
  const auto found = entries_.find(number);
  if (found == entries_.end()) return;
  const auto known = by_id_.find(found->second.request.id);
  if (known != by_id_.end() && known->second == number) by_id_.erase(known);
  if (std::exchange(found->second.shown, false)) {
    shown_.erase(number);
    const auto of_user = shown_by_user_.find(found->second.request.user);
    of_user->second.erase(number);
    if (of_user->second.empty()) shown_by_user_.erase(of_user);
  }
  if (found->second.settled) drop(found);
}

void RequestRegistry::drop(std::map<RequestNumber, Entry>::iterator entry) {
  if (forgotten_) forgotten_(entry->second.request);
  entries_.erase(entry);
}

}  // namespace caesura
