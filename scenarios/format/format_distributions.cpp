#include "sim/time.hpp"
#include "model/service_profile.hpp"
#include "scenarios/format/format_parts.hpp"

#include <initializer_list>
#include <string>
#include <utility>

namespace caesura {
namespace {

/// What the numbers of a distribution are.
struct Dimension {
  std::string id;
  std::string expected;
  ScalarForm value;      ///< a sample: a constant, a bound
  ScalarForm parameter;  ///< a mean and the like
  bool is_count = false;
};

class DistributionForm {
 public:
  DistributionForm(Format& format, Dimension dimension)
      : format_(format), dimension_(std::move(dimension)) {
    shape_ =
        &add(format_,
             {.id = dimension_.id, .expected = dimension_.expected, .scalar = {dimension_.value}});
    value_ = &add(format_, {.scalar = {dimension_.value}});
    parameter_ = &add(format_, {.scalar = {dimension_.parameter}});
    shape_->mapping = {form()};
  }

  const Shape* shape() const { return shape_; }

  /// The same, or the keys `first` and `per_call`.
  const Shape* with_growing_context() {
    auto mapping = form();
    const auto& tokens = *value_;
    mapping.keys.push_back(
        {"first", &tokens, "Cached input of the request's first model call; with per_call."});
    mapping.keys.push_back({"per_call", &tokens,
                            "What each further model call of the request adds to it; with first."});
    mapping.choices.front().groups.push_back({"first", "per_call"});
    for (const char* clamp : {"min", "max"})
      mapping.choices.push_back({.groups = {{"first"}, {clamp}}, .required = false});
    return &add(
        format_,
        {.id = "cached_input_tokens",
         .expected = "a number of tokens, a distribution, or {first: 20000, per_call: 1100}",
         .scalar = {dimension_.value},
         .mapping = {std::move(mapping)}});
  }

 private:
  const Shape& parameters(std::initializer_list<KeyForm> keys) {
    return add(format_, {.mapping = {{.keys = keys}}});
  }

  const Shape& lognormal() {
    const auto& sigma = add_number(format_, 0, 20);
    MappingForm form{
        .keys = {{"median", parameter_, "Half of the samples are below."},
                 {"sigma", &sigma, "Standard deviation of the natural logarithm; with median."},
                 {"p95", parameter_, "95 % of the samples are below; with median."},
                 {"mean", parameter_, "The mean; with cv."},
                 {"cv", &add_number(format_, 0, 1e6), "Standard deviation / mean; with mean."}},
        .choices = {{.groups = {{"median"}, {"mean", "cv"}}},
                    {.groups = {{"sigma"}, {"p95"}, {"mean", "cv"}}}}};
    return add(format_, {.expected = "{median, sigma}, {median, p95} or {mean, cv}",
                         .mapping = {std::move(form)}});
  }

  const Shape& mixture() {
    const auto& part =
        parameters({{"weight", &add_number(format_, 0, 1e12),
                     "Its share; weights need not add up to 1.", true},
                    {"value", shape_, "A plain value or another distribution.", true}});
    return add(format_,
               {.expected = "a list such as [{weight: 0.9, value: …}, {weight: 0.1, value: …}]",
                .list = {{.item = &part, .least = 1}}});
  }

  MappingForm form() {
    const auto& pair = add(format_, {.expected = "two bounds, [lowest, highest]",
                                     .list = {{.item = value_, .least = 2, .most = 2}}});
    const auto& mean = parameters({{"mean", parameter_, "The mean.", true}});
    const auto& quantiles = add(
        format_,
        {.expected = "percentiles such as {p50: …, p90: …, p99: …}",
         .mapping = {
             {.names = MappingForm::Names::percentiles, .named = parameter_, .least_names = 2}}});
    const auto& empirical =
        add(format_, {.expected = "a list of values, or the name of a file with one value a line",
                      .scalar = {{.kind = ScalarForm::Kind::text}},
                      .list = {{.item = value_, .least = 1}}});
    const auto& normal = parameters({{"mean", parameter_, "The mean.", true},
                                     {"stddev", parameter_, "The standard deviation.", true}});
    const auto& gamma = parameters({{"mean", parameter_, "The mean.", true},
                                    {"cv", &add_number(format_, 0, 100),
                                     "Standard deviation / mean: 0, or from 0.001.", true}});
    const auto& weibull = parameters(
        {{"shape", &add_number(format_, 0.01, 1e6), "Below 1: a heavy tail; 1: exponential.", true},
         {"scale", parameter_, "63.2 % of the samples are below.", true}});
    const auto& pareto = parameters({{"min", parameter_, "The lowest sample.", true},
                                     {"alpha", &add_number(format_, 0.01, 1e6),
                                      "Tail index; the mean is infinite up to 1.", true}});
    const auto& negative_binomial = parameters(
        {{"mean", parameter_, "The mean.", true},
         {"r", &add_number(format_, 0.001, 1e6), "Variance is mean + mean² / r.", true}});
    const std::string for_counts =
        dimension_.is_count
            ? ""
            : "is for counts (of tokens, of repetitions); take another distribution here";
    MappingForm form{
        .keys = {{"uniform", &pair,
                  "[a, b]: equally likely from a to b (of a count, its whole numbers)."},
                 {"normal", &normal, "A bell curve; samples below 0 become 0."},
                 {"lognormal", &lognormal(),
                  "Its logarithm is normal: {median, sigma}, {median, p95} or {mean, cv}."},
                 {"exponential", &mean, "Memoryless, {mean}."},
                 {"gamma", &gamma, "{mean, cv}."},
                 {"weibull", &weibull, "{shape, scale}."},
                 {"pareto", &pareto, "A power law from min on, {min, alpha}."},
                 {"geometric", &mean, "Counts from 1, {mean}.", false, "", for_counts},
                 {"negative_binomial", &negative_binomial, "Counts from 0, {mean, r}.", false, "",
                  for_counts},
                 {"mixture", &mixture(), "One of several distributions, drawn by weight."},
                 {"quantiles", &quantiles,
                  "Known percentiles p0 to p100; straight lines in the logarithm between them."},
                 {"empirical", &empirical,
                  "One of these values, each as likely; a list, or a file with one a line."},
                 {"min", value_, "Samples below become this."},
                 {"max", value_, "Samples above become this."}}};
    Choice choice;
    for (const auto& key : form.keys) {
      if (key.refusal.empty() && key.name != "min" && key.name != "max")
        choice.groups.push_back({key.name});
    }
    form.choices = {std::move(choice)};
    return form;
  }

  Format& format_;
  Dimension dimension_;
  Shape* shape_ = nullptr;
  const Shape* value_ = nullptr;
  const Shape* parameter_ = nullptr;
};

ScalarForm whole(int128 most) {
  return {.kind = ScalarForm::Kind::whole, .least = 0, .most = most};
}
ScalarForm number(double high) {
  return {.kind = ScalarForm::Kind::number, .low = 0, .high = high};
}
ScalarForm duration(std::int64_t least) {
  return {.kind = ScalarForm::Kind::duration, .least = least, .most = longest_duration.count()};
}

}  // namespace

DistributionShapes add_distributions(Format& format) {
  constexpr std::int64_t tokens = most_tokens.value;
  constexpr std::int64_t times = 1'000'000;
  DistributionForm token_counts(
      format, {.id = "tokens",
               .expected = "a whole number of tokens from 0 to 100000000, or a distribution",
               .value = whole(tokens),
               .parameter = number(static_cast<double>(tokens)),
               .is_count = true});
  return {
      .duration =
          DistributionForm(
              format,
              {.id = "duration_distribution",
               .expected =
                   "a duration such as 30s, or a distribution such as {exponential: {mean: 30s}}",
               .value = duration(0),
               .parameter = duration(0)})
              .shape(),
      .tokens = token_counts.shape(),
      .times = DistributionForm(format,
                                {.id = "times",
                                 .expected = "a whole number from 0 to 1000000, or a distribution",
                                 .value = whole(times),
                                 .parameter = number(static_cast<double>(times)),
                                 .is_count = true})
                   .shape(),
      .share = DistributionForm(
                   format,
                   {.id = "share",
                    .expected = "a number from 0 to 1, or a distribution such as {uniform: [0, 1]}",
                    .value = number(1),
                    .parameter = number(1)})
                   .shape(),
      .cached_input_tokens = token_counts.with_growing_context(),
      .plain_duration = &add(format, {.id = "duration", .scalar = {duration(0)}}),
      .positive_duration =
          &add(format, {.expected = "a duration above 0, such as 30s", .scalar = {duration(1)}})};
}

}  // namespace caesura
