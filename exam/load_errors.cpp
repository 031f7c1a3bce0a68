#include "exam/load_errors.hpp"

#include "scenarios/results/json_numbers.hpp"
#include "scenarios/report/figures.hpp"

#include <fmt/format.h>

namespace caesura {

nlohmann::ordered_json json_of(const LoadErrors& errors) {
  return {{"own_s", summary_json(errors.own)},
          {"late_s", summary_json(errors.late)},
          {"timer_late_max_s", seconds_json(errors.timer_late_max.count())},
          {"requests_that_waited", errors.waited},
          {"waited_max_s", seconds_json(errors.waited_max.count())}};
}

std::vector<std::string> sentences(const LoadErrors& errors, const std::string& subject) {
  std::vector<std::string> sentences;
  const Summary own = errors.own.summary();
  const Summary late = errors.late.summary();
  if (own.count > 0) {
    sentences.push_back(fmt::format(
        "{}: {} of a request were of its own time at the median, {} at most, in which nothing that "
        "it had asked for was in progress; Caesura was late by {} at the median, {} at most, and a "
        "timer of 5 ms by {}. Beyond these, what differs is its rule.",
        subject, duration_figure(*own.p50), duration_figure(*own.max), duration_figure(*late.p50),
        duration_figure(*late.max), duration_figure(seconds(errors.timer_late_max))));
  }
  if (errors.waited > 0) {
    sentences.push_back(fmt::format(
        "{}: {} waited for a place, up to {}, and {} sent then (`parallel` in its file).", subject,
        errors.waited == 1 ? std::string("1 request")
                           : count_figure(static_cast<std::int64_t>(errors.waited)) + " requests",
        duration_figure(seconds(errors.waited_max)), errors.waited == 1 ? "was" : "were"));
  }
  return sentences;
}

}  // namespace caesura
