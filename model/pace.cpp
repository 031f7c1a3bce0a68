#include "model/pace.hpp"

#include <algorithm>

namespace caesura {
namespace {

Duration multiplied(Duration duration, double factor) {
  return to_duration(static_cast<double>(duration.count()) * factor);
}

}  // namespace

Pace stalling(const OperationSample& sample, std::int64_t token, std::optional<Duration> lasts) {
  if (token > sample.tokens.output.value) return {};
  return {.stands_still_after = token == 0 ? zero_duration : token_time(sample, token),
          .standstill = lasts.value_or(Duration::max())};
}

OperationSample slowed(const OperationSample& sample, double factor) {
  if (factor == 1) return sample;  // of the longest not every nanosecond is a double
  OperationSample slow = sample;
  if (!sample.by_token) {
    slow.duration = multiplied(sample.duration, factor);
    return slow;
  }
  slow.first_token = multiplied(sample.first_token, factor);
  slow.per_token = multiplied(sample.per_token, factor);
  fit_duration(slow);
  return slow;
}

std::optional<Duration> due(const Pace& pace, Duration work) {
  if (work <= pace.stands_still_after) return work;
  if (pace.standstill == Duration::max()) return std::nullopt;
  return work + pace.standstill;
}

Duration worked(const Pace& pace, Duration elapsed) {
  if (elapsed <= pace.stands_still_after) return elapsed;
  if (pace.standstill == Duration::max()) return pace.stands_still_after;
  return std::max(elapsed - pace.standstill, pace.stands_still_after);
}

std::optional<Duration> whole_duration(const OperationSample& sample, const Pace& pace) {
  return due(pace, sample.duration);
}

Tokens tokens_generated(const OperationSample& sample, const Pace& pace, Duration elapsed) {
  return tokens_generated(sample, worked(pace, elapsed));
}

Usage usage_so_far(const OperationSample& sample, const Pace& pace, Duration elapsed) {
  Usage usage = usage_so_far(sample, worked(pace, elapsed));
  usage.busy = std::min(elapsed, whole_duration(sample, pace).value_or(Duration::max()));
  return usage;
}

Usage usage_if_cut_off(const ServiceProfile& profile, const OperationSample& sample,
                       const Pace& pace, Duration elapsed) {
  const std::optional<Duration> whole = whole_duration(sample, pace);
  if (profile.transactional && !whole) return usage_so_far(sample, pace, elapsed);
  Usage usage = usage_if_cut_off(profile, sample, worked(pace, elapsed));
  usage.busy = profile.transactional ? *whole : std::min(elapsed, whole.value_or(Duration::max()));
  return usage;
}

}  // namespace caesura
