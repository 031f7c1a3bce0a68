#include "doors/muxi/request_registry.hpp"

#include <utility>

namespace caesura {

RequestRecord& RequestRegistry::add(RequestRecord record) {
  if (const auto before = by_id_.find(record.id); before != by_id_.end()) hide(before->second);
  const RequestNumber number = record.number;
  by_id_[record.id] = number;
  return entries_.emplace(number, Entry{.record = std::move(record)}).first->second.record;
}

RequestRecord* RequestRegistry::find(const std::string& id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : find(found->second);
}

RequestRecord* RequestRegistry::find(RequestNumber number) {
  const auto found = entries_.find(number);
  return found == entries_.end() ? nullptr : &found->second.record;
}

std::vector<const RequestRecord*> RequestRegistry::all() const {
  std::vector<const RequestRecord*> records;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->second.shown) records.push_back(&entry->second.record);
  }
  return records;
}

void RequestRegistry::ended(RequestNumber number, Time at) { ends_.push_back({number, at}); }

void RequestRegistry::settled(RequestNumber number) {
  const auto found = entries_.find(number);
  if (found == entries_.end()) return;
  found->second.settled = true;
  if (!found->second.shown) entries_.erase(found);
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
  const auto known = by_id_.find(found->second.record.id);
  if (known != by_id_.end() && known->second == number) by_id_.erase(known);
  found->second.shown = false;
  if (found->second.settled) entries_.erase(found);
}

}  // namespace caesura
