#include "scenarios/report/comparison_words.hpp"

#include "scenarios/report/figures.hpp"
#include "scenarios/report/report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

struct CutOff {
  std::int64_t operations = 0;
  std::int64_t unsafe = 0;
};

CutOff cut_off_under(const Json& policy) {
  const Json& interrupted = policy.at("interrupted");
  CutOff sum{.operations = 0, .unsafe = interrupted.at("unsafe")};
  for (const char* const kind : {"llm", "decompose", "tool", "agent"})
    sum.operations += interrupted.at(kind).get<std::int64_t>();
  return sum;
}

const Json& policy_named(const Json& results, const std::string& name) {
  const Json& policies = results.at("policies");
  return *std::find_if(policies.begin(), policies.end(),
                       [&](const Json& policy) { return policy.at("policy") == name; });
}

bool costs_anything(const Json& policy) {
  return policy.at("cost_usd").at("planned").get<double>() > 0;
}

/// What policies are weighed by; less is better.
using Weights = std::array<double, 3>;

/// What is used is weighed in dollars where there are any, else in tokens.
const char* used_column(const Json& results) { return has_money(results) ? "cost_usd" : "tokens"; }

Weights weights_of(const Json& policy, const char* column) {
  const Json& latency = policy.at("cancel_latency_s").at("mean");
  return {latency.is_null() ? std::numeric_limits<double>::infinity() : latency.get<double>(),
          policy.at(column).at("used").get<double>(),
          static_cast<double>(cut_off_under(policy).operations)};
}

bool dominates(const Weights& one, const Weights& other) {
  return one != other && std::equal(one.begin(), one.end(), other.begin(),
                                    [](double a, double b) { return a <= b; });
}

/// One kind of difference, in words that say its direction.
struct Wording {
  std::string (*figure)(double);
  const char* above;  ///< of a positive difference: "later"
  const char* below;
  std::string directed(double x) const {
    return figure(std::fabs(x)) + ' ' + (x < 0 ? below : above);
  }
};
constexpr Wording latency_wording{duration_figure, "later", "sooner"};
constexpr Wording saving_wording{money_figure, "more", "less"};

std::string pairs_words(std::int64_t pairs) {
  return count_figure(pairs) + (pairs == 1 ? " pair" : " pairs");
}

/// "(95 % interval 9.61 s to 9.79 s, 2,890 pairs)"; with directions only where the ends have
/// different ones.
std::string certainty(const Json& estimate, const Wording& wording) {
  const std::string pairs = pairs_words(estimate.at("pairs"));
  const Json& ci95 = estimate.at("ci95");
  if (ci95.is_null()) return "(" + pairs + ")";
  std::array<double, 2> ends{ci95.at(0), ci95.at(1)};
  const bool same_direction = ends[0] * ends[1] > 0;
  if (same_direction && ends[0] < 0) std::swap(ends[0], ends[1]);  // in order of size
  const auto words = [&](double x) {
    return same_direction || x == 0 ? wording.figure(std::fabs(x)) : wording.directed(x);
  };
  return "(95 % interval " + words(ends[0]) + " to " + words(ends[1]) + ", " + pairs + ")";
}

std::string latency_words(const Json& estimate) {
  const Json& difference = estimate.at("mean_difference");
  if (difference.is_null()) return "no request was cancelled under both";
  const auto x = difference.get<double>();
  const std::string words =
      x == 0 ? "cancels take effect equally soon on average"
             : "cancels take effect " + latency_wording.directed(x) + " on average";
  return words + ' ' + certainty(estimate, latency_wording);
}

std::string saving_words(const Json& estimate) {
  const auto x = estimate.at("saved_difference").get<double>();
  return (x == 0 ? "equally much is saved" : saving_wording.directed(x) + " is saved") + ' ' +
         certainty(estimate, saving_wording);
}

std::string cut_off_words(const CutOff& cut_off) {
  std::string words = count_figure(cut_off.operations) +
                      (cut_off.operations == 1 ? " operation" : " operations") + " cut off";
  if (cut_off.unsafe > 0) words += ", " + count_figure(cut_off.unsafe) + " of them unsafe";
  return words;
}

/// What was cut off under a policy, and under the reference if anything was.
std::string price_words(const CutOff& policy, const CutOff& reference) {
  if (reference.operations > 0)
    return "; " + cut_off_words(policy) + ", against " + cut_off_words(reference);
  return policy.operations > 0 ? ", at the price of " + cut_off_words(policy) : "";
}

bool cancels_anything(const Json& policy) {
  return policy.at("requests").at("cancelled").get<std::int64_t>() > 0;
}

std::string comparison_words(const Json& results, const Json& comparison) {
  const auto name = comparison.at("policy").get<std::string>();
  const auto against = comparison.at("against").get<std::string>();
  const Json& policy = policy_named(results, name);
  const Json& reference = policy_named(results, against);
  const Json& saved = comparison.at("cost_usd");
  const bool tells_money = costs_anything(policy) && saved.at("pairs") > 0;
  // Where one cancels nothing at all, as `never`, there is no need to say that the two have no
  // cancelled request in common.
  const bool tells_latency =
      (cancels_anything(policy) && cancels_anything(reference)) || !tells_money;
  std::string words = name + " against " + against + ": ";
  if (tells_latency) words += latency_words(comparison.at("cancel_latency_s"));
  if (tells_latency && tells_money) words += "; ";
  if (tells_money) words += saving_words(saved);
  return words + price_words(cut_off_under(policy), cut_off_under(reference)) + '.';
}

/// Where there are pairs enough, only their dependence keeps an interval from being there.
bool pairs_depend_on_one_another(const Json& comparison) {
  const Json& saved = comparison.at("cost_usd");
  return saved.at("pairs") > 1 && saved.at("ci95").is_null();
}

std::string dependence_words(const Json& results) {
  std::string words =
      "Requests compete, so their pairs are not independent of one another and tell no interval";
  if (results.at("engine") != "caf-realtime") words += "; --replications 20 gives intervals";
  return words + '.';
}

std::string undominated_words(const Json& results) {
  std::string names;
  for (const auto& name : undominated_policies(results))
    names += (names.empty() ? "" : ", ") + name;
  const char* used = has_money(results) ? ", dollars" : has_tokens(results) ? ", tokens" : "";
  return "In cancellation latency" + std::string(used) +
         " and operations cut off, no policy is better in one and worse in none than: " + names +
         '.';
}

}  // namespace

std::vector<std::string> undominated_policies(const Json& results) {
  std::vector<std::string> names;
  const Json& policies = results.at("policies");
  const char* const column = used_column(results);
  for (const Json& policy : policies) {
    const Weights weights = weights_of(policy, column);
    const bool is_dominated = std::any_of(policies.begin(), policies.end(), [&](const Json& other) {
      return dominates(weights_of(other, column), weights);
    });
    if (!is_dominated) names.push_back(policy.at("policy"));
  }
  return names;
}

std::vector<std::string> side_by_side_lines(const Json& results) {
  std::vector<std::string> lines;
  if (results.at("policies").size() < 2 || results.at("run").at("partial").get<bool>())
    return lines;
  bool depend = false;
  for (const Json& comparison : results.at("comparisons")) {
    lines.push_back(comparison_words(results, comparison));
    depend = depend || pairs_depend_on_one_another(comparison);
  }
  if (depend) lines.push_back(dependence_words(results));
  lines.push_back(undominated_words(results));
  return lines;
}

}  // namespace caesura
