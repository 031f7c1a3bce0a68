#include "scenarios/study/compare.hpp"

#include "scenarios/results/noise.hpp"
#include "scenarios/results/threshold_reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

/// The figures that people ask for first. The others follow as in results.json.
constexpr std::array<std::string_view, 12> first_fields{"cancel_latency_s.p50",
                                                        "cancel_latency_s.p90",
                                                        "cancel_latency_s.p99",
                                                        "cancel_latency_s.mean",
                                                        "cost_usd.used",
                                                        "cost_usd.saved",
                                                        "cost_usd.saved_fraction",
                                                        "cost_usd.saved_of_avoidable",
                                                        "tokens.used",
                                                        "tokens.saved",
                                                        "tokens.saved_of_avoidable",
                                                        "requests.cancelled"};

const std::vector<std::string>& ordered_fields() {
  static const std::vector<std::string> fields = [] {
    std::vector<std::string> all = known_fields();
    const auto place = [](const std::string& field) {
      return std::find(first_fields.begin(), first_fields.end(), field);
    };
    std::stable_sort(all.begin(), all.end(),
                     [&](const auto& x, const auto& y) { return place(x) < place(y); });
    return all;
  }();
  return fields;
}

/// Null where the policy has no such number.
Json number_at(const Json& policy, std::string field) {
  std::replace(field.begin(), field.end(), '.', '/');
  const Json::json_pointer pointer("/" + field);
  return policy.contains(pointer) ? policy.at(pointer) : Json(nullptr);
}

std::optional<double> optional_number(const Json& number) {
  return number.is_null() ? std::nullopt : std::optional(number.get<double>());
}

/// Empty unless it is a count.
std::optional<std::uint64_t> count_at(const Json& policy, const std::string& field) {
  const Json number = number_at(policy, field);
  if (!number.is_number_integer() || number < 0) return std::nullopt;
  return number.get<std::uint64_t>();
}

/// Fields that count requests, each request once at most.
bool counts_requests(const std::string& field) {
  const bool counts_samples = field.ends_with(".count") && !field.starts_with("orphans.");
  return field.starts_with("requests.") || field == "discarded_answers" ||
         field == "cancels.effective" || counts_samples;
}

std::optional<Proportion> proportion(const Json& policy, const std::string& field) {
  const auto part = count_at(policy, field);
  const auto whole = count_at(policy, "requests.total");
  if (!part || !whole || *part > *whole) return std::nullopt;
  return Proportion{*part, *whole};
}

std::optional<SampleMean> sample_mean(const Json& policy, const std::string& field) {
  const std::string object = field.substr(0, field.rfind('.'));
  const auto count = count_at(policy, object + ".count");
  const auto mean = optional_number(number_at(policy, object + ".mean"));
  const auto stddev = optional_number(number_at(policy, object + ".stddev"));
  if (!count || *count < 2 || !mean || !stddev) return std::nullopt;
  return SampleMean{*count, *mean, *stddev};
}

/// One policy in both files.
class PolicyPair {
 public:
  PolicyPair(const Json& a, const Json& b, const RowEvidence* rows_a, const RowEvidence* rows_b,
             bool same_seed)
      : a_(a), b_(b), rows_a_(rows_a), rows_b_(rows_b) {
    paired_ = same_seed && has_rows() && rows_a->requests() == rows_b->requests() &&
              rows_a->numbers_digest() == rows_b->numbers_digest();
  }

  bool has_rows() const { return rows_a_ != nullptr && rows_b_ != nullptr; }
  bool paired() const { return paired_; }

  Figure figure(const std::string& field) const {
    const Json in_a = number_at(a_, field);
    const Json in_b = number_at(b_, field);
    Figure figure{.field = field,
                  .a = optional_number(in_a),
                  .b = optional_number(in_b),
                  .equal = in_a == in_b};
    if (!figure.equal) judge(figure);
    return figure;
  }

 private:
  void judge(Figure& figure) const {
    figure.noise = Noise::unknown;
    if (!figure.a || !figure.b) return;
    if (figure.field == "requests.total") {
      settle(figure, NoiseTest::exact, true);
    } else if (!judge_by_rows(figure)) {
      judge_by_statistics(figure);
    }
  }

  bool judge_by_rows(Figure& figure) const {
    const auto how = has_rows() ? row_figure(figure.field) : std::nullopt;
    const auto differ = how ? rows_differ(*how, *rows_a_, *rows_b_, paired_) : std::nullopt;
    if (!differ) return false;
    const NoiseTest blocks = paired_ ? NoiseTest::paired_blocks : NoiseTest::blocks;
    settle(figure, how->form == RowFigure::Form::quantile ? NoiseTest::order_statistics : blocks,
           *differ);
    return true;
  }

  void judge_by_statistics(Figure& figure) const {
    if (figure.field.ends_with(".mean")) {
      const auto in_a = sample_mean(a_, figure.field), in_b = sample_mean(b_, figure.field);
      if (in_a && in_b) settle(figure, NoiseTest::welch, means_differ(*in_a, *in_b));
    } else if (counts_requests(figure.field)) {
      const auto in_a = proportion(a_, figure.field), in_b = proportion(b_, figure.field);
      if (in_a && in_b)
        settle(figure, NoiseTest::two_proportions, proportions_differ(*in_a, *in_b));
    }
  }

  static void settle(Figure& figure, NoiseTest test, bool differ) {
    figure.test = test;
    figure.noise = differ ? Noise::beyond : Noise::within;
  }

  const Json& a_;
  const Json& b_;
  const RowEvidence* rows_a_;
  const RowEvidence* rows_b_;
  bool paired_ = false;
};

Origin origin_of(const SavedResults& results) {
  const Json& document = results.document;
  return {.file = results.file,
          .scenario = document.at("scenario").at("name").get<std::string>(),
          .engine = document.at("engine").get<std::string>(),
          .seed = document.at("scenario").at("seed").get<std::uint64_t>(),
          .requests = document.at("scenario").at("requests").get<std::uint64_t>(),
          .partial = document.at("run").at("partial").get<bool>()};
}

const Json* find_policy(const SavedResults& results, const std::string& name) {
  for (const auto& policy : results.document.at("policies")) {
    if (policy.at("policy") == name) return &policy;
  }
  return nullptr;
}

const RowEvidence* find_rows(const SavedResults& results, const std::string& policy) {
  const auto found = results.evidence.find(policy);
  return found == results.evidence.end() ? nullptr : &found->second;
}

}  // namespace

const char* name_of(NoiseTest test) {
  switch (test) {
    case NoiseTest::none:
      return "";
    case NoiseTest::exact:
      return "exact";
    case NoiseTest::welch:
      return "welch";
    case NoiseTest::two_proportions:
      return "two-proportions";
    case NoiseTest::blocks:
      return "blocks";
    case NoiseTest::paired_blocks:
      return "paired-blocks";
    case NoiseTest::order_statistics:
      return "order-statistics";
  }
  return "";
}

std::optional<double> Figure::difference() const {
  if (!a || !b) return std::nullopt;
  return *b - *a;
}

std::optional<double> Figure::relative_difference() const {
  const auto change = difference();
  if (!change || *change == 0) return change;
  if (*a == 0) return std::copysign(std::numeric_limits<double>::infinity(), *change);
  return *change / std::fabs(*a);
}

std::size_t ComparedPolicy::count(Noise noise) const {
  return static_cast<std::size_t>(
      std::count_if(figures.begin(), figures.end(),
                    [&](const Figure& figure) { return !figure.equal && figure.noise == noise; }));
}

std::size_t ComparedPolicy::differing() const {
  return static_cast<std::size_t>(std::count_if(
      figures.begin(), figures.end(), [](const Figure& figure) { return !figure.equal; }));
}

bool Comparisons::any_difference() const {
  const auto differs = [](const ScenarioComparison& scenario) {
    return !scenario.policies_only_in_a.empty() || !scenario.policies_only_in_b.empty() ||
           std::any_of(scenario.policies.begin(), scenario.policies.end(),
                       [](const auto& policy) { return policy.differing() > 0; });
  };
  return !scenarios_only_in_a.empty() || !scenarios_only_in_b.empty() ||
         std::any_of(scenarios.begin(), scenarios.end(), differs);
}

ScenarioComparison compare(const SavedResults& a, const SavedResults& b) {
  ScenarioComparison comparison{.a = origin_of(a),
                                .b = origin_of(b),
                                .policies = {},
                                .policies_only_in_a = {},
                                .policies_only_in_b = {}};
  for (const auto& in_a : a.document.at("policies")) {
    const auto name = in_a.at("policy").get<std::string>();
    const Json* const in_b = find_policy(b, name);
    if (in_b == nullptr) {
      comparison.policies_only_in_a.push_back(name);
      continue;
    }
    const PolicyPair pair(in_a, *in_b, find_rows(a, name), find_rows(b, name),
                          comparison.a.seed == comparison.b.seed);
    ComparedPolicy policy{
        .policy = name, .has_rows = pair.has_rows(), .paired = pair.paired(), .figures = {}};
    for (const auto& field : ordered_fields()) policy.figures.push_back(pair.figure(field));
    comparison.policies.push_back(std::move(policy));
  }
  for (const auto& in_b : b.document.at("policies")) {
    const auto name = in_b.at("policy").get<std::string>();
    if (find_policy(a, name) == nullptr) comparison.policies_only_in_b.push_back(name);
  }
  return comparison;
}

Comparisons compare_all(const std::vector<SavedResults>& a, const std::vector<SavedResults>& b) {
  Comparisons comparisons;
  if (a.size() == 1 && b.size() == 1) {
    comparisons.scenarios.push_back(compare(a[0], b[0]));
    return comparisons;
  }
  const auto name_of_scenario = [](const SavedResults& results) {
    return results.document.at("scenario").at("name").get<std::string>();
  };
  std::vector<bool> taken(b.size());
  for (const auto& in_a : a) {
    std::size_t i = 0;
    while (i < b.size() && (taken[i] || name_of_scenario(b[i]) != name_of_scenario(in_a))) ++i;
    if (i == b.size()) {
      comparisons.scenarios_only_in_a.push_back(name_of_scenario(in_a));
    } else {
      taken[i] = true;
      comparisons.scenarios.push_back(compare(in_a, b[i]));
    }
  }
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (!taken[i]) comparisons.scenarios_only_in_b.push_back(name_of_scenario(b[i]));
  }
  return comparisons;
}

}  // namespace caesura
