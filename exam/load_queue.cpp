#include "exam/load_queue.hpp"

#include "model/arrivals.hpp"
#include "model/purpose.hpp"

#include <algorithm>

namespace caesura {

LoadQueue::LoadQueue(const Model& model) : model_(model) {
  if (const ClosedLoad* closed = closed_load(model)) {
    requests_ = model.load.requests;
    for (RequestNumber n = 0; n < std::min(closed->users, requests_); ++n)
      waiting_.emplace(Time{}, n);
    return;
  }
  Arrivals arrivals(model);
  for (auto at = arrivals.next(); at; at = arrivals.next()) waiting_.emplace(*at, requests_++);
}

std::optional<LoadQueue::Arrival> LoadQueue::next() const {
  if (kept_) return kept_;
  if (waiting_.empty()) return std::nullopt;
  return Arrival{.number = waiting_.begin()->second, .at = waiting_.begin()->first};
}

void LoadQueue::take(const Arrival& arrival) {
  kept_.reset();
  const auto [first, last] = waiting_.equal_range(arrival.at);
  const auto found =
      std::find_if(first, last, [&](const auto& one) { return one.second == arrival.number; });
  if (found != last) waiting_.erase(found);
}

void LoadQueue::answered(RequestNumber number, Time at) {
  const ClosedLoad* closed = closed_load(model_);
  if (closed == nullptr || number + closed->users >= requests_) return;
  const RequestNumber next = number + closed->users;
  const Duration think =
      to_duration(closed->think.quantile(draw(model_.seed, next, 0, Purpose::think)));
  waiting_.emplace(after(at, think), next);
}

}  // namespace caesura
