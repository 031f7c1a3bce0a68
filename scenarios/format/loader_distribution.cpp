#include "scenarios/format/loader_distribution.hpp"

#include "scenarios/format/format_number.hpp"
#include "scenarios/format/loader_file.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace caesura {
namespace {

double number_of(std::string_view text, Quantity quantity) {
  return quantity == Quantity::duration ? static_cast<double>(duration_from(text).count())
                                        : number_from(text);
}

double number_of(const Value& value, Quantity quantity) { return number_of(value.text, quantity); }

/// A parameter of a distribution that has the dimension of its samples.
double sized(const Value& parameters, const char* key, Quantity quantity) {
  return number_of(*parameters.find(key), quantity);
}

/// A parameter that is a plain number.
double plain(const Value& parameters, const char* key) {
  return number_from(parameters.find(key)->text);
}

std::optional<double> bound(const Value& mapping, const char* key, Quantity quantity) {
  const auto* value = mapping.find(key);
  return value == nullptr ? std::nullopt : std::optional(number_of(*value, quantity));
}

Distribution read_quantiles(const Value& value, Quantity quantity) {
  std::vector<QuantilePoint> points;
  for (const auto& entry : value.entries) {
    points.push_back({number_from(std::string_view(entry.key).substr(1)) / 100,
                      number_of(entry.value, quantity)});
  }
  return Distribution::quantiles(std::move(points));
}

/// One value of a data file, held to the same limits as a value in the scenario.
double data_value(const DataLine& line, Quantity quantity) {
  try {
    if (quantity == Quantity::duration)
      return static_cast<double>(duration_from(line.text).count());
    const double x = number_from(line.text);
    const double most = quantity == Quantity::share ? 1 : static_cast<double>(most_tokens.value);
    if (quantity == Quantity::count) whole_from(line.text);
    if (!(x >= 0 && x <= most))
      throw std::invalid_argument(quantity == Quantity::share ? "must be from 0 to 1"
                                                              : "must be from 0 to 100000000");
    return x;
  } catch (const std::invalid_argument& problem) {
    const std::string what = problem.what();
    const char* wanted =
        quantity == Quantity::duration ? "must be a duration such as 30s" : "must be a number";
    fail(line.place, "a value " + (what.empty() ? wanted : what) +
                         (what.find(';') == what.npos ? ", not " + cited(line.text) : ""));
  }
}

}  // namespace

Distribution DistributionReader::read(const Value& value, Quantity quantity) const {
  if (value.kind == Value::Kind::scalar) return Distribution::constant(number_of(value, quantity));
  const auto form = std::find_if(
      value.entries.begin(), value.entries.end(),
      [](const ValueEntry& entry) { return entry.key != "min" && entry.key != "max"; });
  Distribution distribution = read_form(*form, quantity);
  try {
    distribution =
        distribution.clamped(bound(value, "min", quantity), bound(value, "max", quantity));
  } catch (const std::invalid_argument& problem) {
    fail(value.place, problem.what());
  }
  // Whatever the distribution, a share is one.
  return quantity == Quantity::share ? distribution.clamped(0, 1) : distribution;
}

Distribution DistributionReader::read_form(const ValueEntry& form, Quantity quantity) const {
  const auto& [name, place, value] = form;
  try {
    if (name == "uniform") {
      const double a = number_of(value.items[0], quantity);
      const double b = number_of(value.items[1], quantity);
      return quantity == Quantity::count ? Distribution::uniform_whole(a, b)
                                         : Distribution::uniform(a, b);
    }
    if (name == "normal")
      return Distribution::normal(sized(value, "mean", quantity), sized(value, "stddev", quantity));
    if (name == "lognormal") return read_lognormal(value, quantity);
    if (name == "exponential") return Distribution::exponential(sized(value, "mean", quantity));
    if (name == "gamma")
      return Distribution::gamma(sized(value, "mean", quantity), plain(value, "cv"));
    if (name == "weibull")
      return Distribution::weibull(plain(value, "shape"), sized(value, "scale", quantity));
    if (name == "pareto")
      return Distribution::pareto(sized(value, "min", quantity), plain(value, "alpha"));
    if (name == "geometric") return Distribution::geometric(sized(value, "mean", quantity));
    if (name == "negative_binomial")
      return Distribution::negative_binomial(sized(value, "mean", quantity), plain(value, "r"));
    if (name == "mixture") return read_mixture(value, quantity);
    if (name == "quantiles") return read_quantiles(value, quantity);
    return read_empirical(value, quantity);
  } catch (const std::invalid_argument& problem) {
    const std::string what = problem.what();
    fail(place, (what.rfind(name, 0) == 0 ? "" : name + ": ") + what);
  }
}

Distribution DistributionReader::read_lognormal(const Value& value, Quantity quantity) const {
  if (value.find("mean") != nullptr)
    return Distribution::lognormal_mean_cv(sized(value, "mean", quantity), plain(value, "cv"));
  const double median = sized(value, "median", quantity);
  if (value.find("sigma") != nullptr)
    return Distribution::lognormal_median_sigma(median, plain(value, "sigma"));
  return Distribution::lognormal_median_p95(median, sized(value, "p95", quantity));
}

Distribution DistributionReader::read_mixture(const Value& value, Quantity quantity) const {
  std::vector<WeightedDistribution> parts;
  for (const auto& item : value.items)
    parts.push_back({plain(item, "weight"), read(*item.find("value"), quantity)});
  return Distribution::mixture(parts);
}

Distribution DistributionReader::read_empirical(const Value& value, Quantity quantity) const {
  std::vector<double> values;
  if (value.kind == Value::Kind::list) {
    for (const auto& item : value.items) values.push_back(number_of(item, quantity));
    return Distribution::empirical(std::move(values));
  }
  const Source source{beside(scenario_file_, value.text)};
  const auto text = read_file(source.name, largest_data_bytes, value.place);
  DataLines lines(text, source);
  while (const auto line = lines.next()) values.push_back(data_value(*line, quantity));
  if (values.empty()) fail(value.place, cited(source.name) + " holds no values; write one a line");
  return Distribution::empirical(std::move(values));
}

Distribution DistributionReader::read_or(const Value& mapping, std::string_view key,
                                         Quantity quantity, const Distribution& fallback) const {
  const auto* value = mapping.find(key);
  return value == nullptr ? fallback : read(*value, quantity);
}

std::variant<Distribution, GrowingContext> DistributionReader::read_cached_input(
    const Value& value) const {
  const auto* first = value.find("first");
  if (first == nullptr) return read(value, Quantity::count);
  const auto tokens = [](const Value& v) {
    return Tokens{static_cast<std::int64_t>(whole_from(v.text))};
  };
  return GrowingContext{tokens(*first), tokens(*value.find("per_call"))};
}

}  // namespace caesura
