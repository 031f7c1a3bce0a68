#include "scenarios/study/refinement.hpp"

#include "scenarios/format/format_number.hpp"
#include "scenarios/results/decimal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace caesura {
namespace {

constexpr double close_enough = 0.01;
constexpr double far_apart = 4;  // a ratio

double read(NumericKind kind, const std::string& value) {
  switch (kind) {
    case NumericKind::whole:
      if (value.find('.') != std::string::npos) throw std::invalid_argument("");
      return to_double(whole_from(value));
    case NumericKind::real:
      return number_from(value);
    case NumericKind::duration:
      return static_cast<double>(duration_from(value).count());
    case NumericKind::rate:
      return 1e9 / rate_from(value).mean_gap_ns();
  }
  return 0;
}

bool is_a(NumericKind kind, const std::string& value) {
  try {
    read(kind, value);
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

/// A multiple of 10^exponent, exactly.
std::string decimal_text(double x, int exponent) {
  std::string digits = fmt::format("{:.{}f}", x, std::max(0, -exponent));
  if (digits.find('.') != std::string::npos) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
  }
  return digits;
}

std::string duration_text(double ns) {
  struct Unit {
    double ns;
    int decimals;
    const char* name;
  };
  static constexpr std::array<Unit, 4> units{
      {{1e9, 9, "s"}, {1e6, 6, "ms"}, {1e3, 3, "us"}, {0, 0, "ns"}}};
  const auto* const unit =
      std::find_if(units.begin(), units.end(), [&](const Unit& u) { return ns >= u.ns; });
  std::array<char, decimal_size_max> digits{};
  const char* const end =
      write_decimal(digits.data(), static_cast<std::int64_t>(ns), unit->decimals);
  return std::string(static_cast<const char*>(digits.data()), end) + unit->name;
}

std::string text_of(NumericKind kind, double x, int exponent) {
  switch (kind) {
    case NumericKind::whole:
      return decimal_text(x, 0);
    case NumericKind::real:
      // With a point, so that it stays what it is.
      return exponent < 0 && decimal_text(x, exponent).find('.') == std::string::npos
                 ? decimal_text(x, exponent) + ".0"
                 : decimal_text(x, exponent);
    case NumericKind::duration:
      return duration_text(x);
    case NumericKind::rate:
      return decimal_text(x, exponent) + "/s";
  }
  return {};
}

}  // namespace

std::optional<NumericKind> numeric_kind(const std::vector<std::string>& values) {
  for (const auto kind :
       {NumericKind::whole, NumericKind::real, NumericKind::duration, NumericKind::rate}) {
    if (std::all_of(values.begin(), values.end(),
                    [&](const auto& value) { return is_a(kind, value); }))
      return kind;
  }
  return std::nullopt;
}

double number_of(NumericKind kind, const std::string& value) { return read(kind, value); }

std::optional<std::string> half_way(NumericKind kind, const std::string& a, const std::string& b) {
  const double low = std::min(read(kind, a), read(kind, b));
  const double high = std::max(read(kind, a), read(kind, b));
  if (high - low <= close_enough * std::max(std::fabs(low), std::fabs(high))) return std::nullopt;
  const double middle =
      low > 0 && high > far_apart * low ? std::sqrt(low * high) : low + (high - low) / 2;
  // Digits that are worth having: a tenth of the way to the nearer end.
  int exponent =
      static_cast<int>(std::floor(std::log10(std::min(middle - low, high - middle)))) - 1;
  if (kind == NumericKind::whole || kind == NumericKind::duration) exponent = std::max(exponent, 0);
  const double unit = std::pow(10.0, exponent);
  const double rounded = std::round(middle / unit) * unit;
  if (rounded <= low || rounded >= high) return std::nullopt;
  return text_of(kind, rounded, exponent);
}

}  // namespace caesura
