#include "scenarios/report/cancel_rule.hpp"

#include "sim/time.hpp"
#include "scenarios/results/decimal.hpp"
#include "scenarios/report/figures.hpp"

#include <cmath>
#include <cstdint>
#include <variant>

namespace caesura {
namespace {

std::string duration_words(double nanoseconds) {
  return duration_figure(seconds(to_duration(nanoseconds)));
}

bool is_even_spread(const Distribution& d) {
  const double middle = (d.lowest() + d.highest()) / 2;
  return std::isfinite(middle) && std::fabs(d.mean() - middle) < 1e-6 * (d.highest() - d.lowest());
}

std::string delay_words(const Distribution& delay) {
  if (delay.is_constant()) return duration_words(delay.mean());
  if (is_even_spread(delay))
    return duration_words(delay.lowest()) + " to " + duration_words(delay.highest());
  // longest_duration is what an infinite mean would come to: no help to anyone.
  const double mean = delay.mean();
  return std::isfinite(mean) && to_duration(mean) < longest_duration
             ? duration_words(mean) + " on average"
             : "a widely varying time";
}

/// How far through something: "at 50 % of ", "at a random moment of ".
std::string moment_words(const Distribution& share) {
  if (share.is_constant()) return "at " + share_figure(share.mean()) + " of ";
  const bool anywhere = share.lowest() <= 0 && share.highest() >= 1;
  if (!is_even_spread(share) || anywhere) return "at a random moment of ";
  return "between " + share_figure(share.lowest()) + " and " + share_figure(share.highest()) +
         " of ";
}

std::string ordinal(std::uint32_t n) {
  const bool teens = n % 100 >= 11 && n % 100 <= 13;
  const char* const ending = teens         ? "th"
                             : n % 10 == 1 ? "st"
                             : n % 10 == 2 ? "nd"
                             : n % 10 == 3 ? "rd"
                                           : "th";
  return count_figure(n) + ending;
}

const char* kind_words(OperationKind kind) {
  switch (kind) {
    case OperationKind::llm:
      return "LLM call";
    case OperationKind::decompose:
      return "decomposition";
    case OperationKind::tool:
      return "tool call";
    case OperationKind::agent:
      return "agent request";
    case OperationKind::transaction:
      return "transaction";
  }
  return "operation";
}

struct MomentWords {
  std::string operator()(const CancelAfter& m) const {
    return delay_words(m.delay) + " after sending";
  }
  std::string operator()(const CancelAfterChunks& m) const {
    return "at the " + ordinal(m.chunks) + " chunk";
  }
  std::string operator()(const CancelDuringOperation& m) const {
    return moment_words(m.at) + "the " + ordinal(m.operation) + " operation";
  }
  std::string operator()(const CancelDuringKind& m) const {
    return moment_words(m.at) + "the first " + kind_words(m.kind);
  }
  std::string operator()(const CancelDuringRequest& m) const {
    return moment_words(m.share) + "the time the request takes";
  }
  std::string operator()(const CancelOverCost& m) const {
    return "once it has cost over " + money_figure(nearest_double(m.limit.picos, money_decimals));
  }
  std::string operator()(const CancelOverTokens& m) const {
    return "once it has used over " + count_figure(m.limit.value) + " tokens";
  }
};

std::string source_words(const CancelSource& source) {
  std::string words = std::visit(MomentWords(), source.moment);
  if (source.probability < 1)
    words = "for " + share_figure(source.probability) + " of requests " + words;
  if (source.times > 1)
    words += ", " + count_figure(source.times) + " times " +
             duration_figure(seconds(source.every)) + " apart";
  if (source.even_if_finished) words += ", even if it has finished";
  return words;
}

}  // namespace

std::string describe_cancels(const Model& model) {
  std::string words;
  for (const auto& source : model.cancels)
    words += (words.empty() ? "" : ", or ") + source_words(source);
  return words.empty() ? "nobody cancels" : words;
}

}  // namespace caesura
