#include "scenarios/report/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <string_view>

namespace caesura {
namespace {

constexpr int significant_digits = 3;

/// Commas between the thousands of the digits before the point, if any.
std::string thousands_apart(std::string digits) {
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  const std::size_t point = std::min(digits.find('.'), digits.size());
  for (std::size_t at = point; at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

/// At least `least` decimals stay.
std::string without_trailing_zeros(std::string digits, std::size_t least = 0) {
  const auto point = digits.find('.');
  if (point == std::string::npos) return digits;
  while (digits.size() > point + 1 + least && digits.back() == '0') digits.pop_back();
  if (digits.back() == '.') digits.pop_back();
  return digits;
}

/// Decimals that show three significant digits of x.
int decimals_of(double x) {
  if (x == 0) return 0;
  return std::max(0,
                  significant_digits - 1 - static_cast<int>(std::floor(std::log10(std::fabs(x)))));
}

/// Digits with a point, three of them significant; 9.999 has become 10.
std::string rounded(double x) {
  return without_trailing_zeros(fmt::format("{:.{}f}", x, decimals_of(x)));
}

/// Exact if it is whole.
std::string rough_or_count(double x) {
  constexpr double exact_max = 9e15;  // below 2^53
  return x == std::floor(x) && std::fabs(x) < exact_max ? count_figure(static_cast<std::int64_t>(x))
                                                        : rough_figure(x);
}

struct Unit {
  double seconds;
  double limit;  ///< from so many on, the next unit is used
  const char* name;
};
constexpr std::array<Unit, 5> units{
    {{1e-9, 1000, "ns"}, {1e-6, 1000, "µs"}, {1e-3, 1000, "ms"}, {1, 120, "s"}, {60, 120, "min"}}};

}  // namespace

std::string count_figure(std::int64_t n) { return thousands_apart(std::to_string(n)); }

std::string rough_figure(double x) { return thousands_apart(rounded(x)); }

std::string duration_figure(double seconds) {
  if (seconds == 0) return "0 s";
  for (const auto& unit : units) {
    const std::string digits = rounded(seconds / unit.seconds);
    // The digits decide, not the value: 999.9 µs would be 1000 µs.
    if (std::fabs(std::strtod(digits.c_str(), nullptr)) < unit.limit)
      return digits + ' ' + unit.name;
  }
  return rough_figure(seconds / 3600) + " h";
}

std::string share_figure(double share) {
  const double percent = 100 * share;
  if (percent > 0 && percent < 0.05) return "<0.1 %";
  if (percent < 100 && percent >= 99.95) return ">99.9 %";
  return without_trailing_zeros(fmt::format("{:.1f}", percent)) + " %";
}

std::string money_figure(double usd) {
  constexpr std::size_t cents = 2;
  constexpr std::size_t exact_decimals_max = 4;
  const bool negative = usd < 0;
  const double size = std::fabs(usd);
  std::string digits = fmt::format("{:.{}f}", size, exact_decimals_max);
  if (size >= 1 || std::strtod(digits.c_str(), nullptr) != size) {
    digits =
        fmt::format("{:.{}f}", size, size < 0.01 ? decimals_of(size) : static_cast<int>(cents));
  }
  if (digits.find('.') == std::string::npos) digits += ".00";
  return (negative ? "-$" : "$") + thousands_apart(without_trailing_zeros(digits, cents));
}

std::string field_figure(const std::string& field, double x) {
  if (std::isnan(x)) return no_figure;
  const std::string_view path = field;
  const std::string_view last = path.substr(path.rfind('.') + 1);
  if (last == "saved_fraction" || last == "saved_of_avoidable") return share_figure(x);
  if (last == "count") return rough_or_count(x);
  if (last == "cost_usd" || path.starts_with("cost_usd.")) return money_figure(x);
  if (last == "seconds" || path.starts_with("busy_s.") ||
      path.find("_latency_") != std::string_view::npos)
    return duration_figure(x);
  return rough_or_count(x);
}

}  // namespace caesura
