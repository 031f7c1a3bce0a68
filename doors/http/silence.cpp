#include "doors/http/silence.hpp"

namespace caesura {

void SilenceWatch::heard(const Stream& stream, Moment at) {
  const auto known = entries_.find(stream);
  if (known == entries_.end()) {
    by_moment_.push_back({stream, at});
    entries_.emplace(stream, std::prev(by_moment_.end()));
    return;
  }
  known->second->heard = at;
  by_moment_.splice(by_moment_.end(), by_moment_, known->second);
}

void SilenceWatch::forget(const Stream& stream) {
  const auto known = entries_.find(stream);
  if (known == entries_.end()) return;
  by_moment_.erase(known->second);
  entries_.erase(known);
}

std::optional<SilenceWatch::Moment> SilenceWatch::longest() const {
  if (by_moment_.empty()) return std::nullopt;
  return by_moment_.front().heard;
}

std::vector<SilenceWatch::Stream> SilenceWatch::silent(Moment since) const {
  std::vector<Stream> streams;
  for (const Entry& entry : by_moment_) {
    if (entry.heard > since) break;
    streams.push_back(entry.stream);
  }
  return streams;
}

}  // namespace caesura
