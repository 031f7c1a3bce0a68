#pragma once

#include "sim/distribution.hpp"
#include "model/service_profile.hpp"
#include "scenarios/format/format_value.hpp"

#include <string>
#include <variant>

namespace caesura {

/// What a distribution is of: this says what its numbers are, and how a scalar among them is read.
enum class Quantity { duration, count, share };

/// Turns checked values into distributions. Data files are looked for beside `scenario_file`.
class DistributionReader {
 public:
  explicit DistributionReader(std::string scenario_file)
      : scenario_file_(std::move(scenario_file)) {}

  /// `value` as the description's check() left it. Throws ScenarioError for parameters that make no
  /// sense together, and for bad data files.
  Distribution read(const Value& value, Quantity quantity) const;

  /// The distribution under `key`, or `fallback`.
  Distribution read_or(const Value& mapping, std::string_view key, Quantity quantity,
                       const Distribution& fallback) const;

  std::variant<Distribution, GrowingContext> read_cached_input(const Value& value) const;

  const std::string& scenario_file() const { return scenario_file_; }

 private:
  Distribution read_form(const ValueEntry& form, Quantity quantity) const;
  Distribution read_lognormal(const Value& value, Quantity quantity) const;
  Distribution read_mixture(const Value& value, Quantity quantity) const;
  Distribution read_empirical(const Value& value, Quantity quantity) const;

  std::string scenario_file_;
};

}  // namespace caesura
