#include "scenarios/format/format_number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>

namespace caesura {
namespace {

/// ± digits × 10^exponent.
struct Decimal {
  bool negative = false;
  bool cut = false;  ///< more digits than are kept
  int128 digits = 0;
  int exponent = 0;
};

// times the largest unit, an hour in nanoseconds, still fits in 128 bits
constexpr int most_digits = 24;
constexpr int128 largest_whole = static_cast<int128>(1'000'000'000'000'000'000) * 1'000'000'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The exponent after `e`; moves `at` behind it. Saturates where no digits of an input (8 MiB at
/// most) could make up for it.
std::optional<int> read_exponent(std::string_view text, std::size_t& at) {
  const bool negative = at < text.size() && text[at] == '-';
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  if (at >= text.size() || !is_digit(text[at])) return std::nullopt;
  constexpr int farthest = 100'000'000;
  int exponent = 0;
  for (; at < text.size() && is_digit(text[at]); ++at)
    exponent = std::min(farthest, exponent * 10 + (text[at] - '0'));
  return negative ? -exponent : exponent;
}

/// At most one decimal point, and at least one digit.
std::optional<Decimal> read_decimal(std::string_view text) {
  Decimal result;
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) result.negative = text[at++] == '-';
  bool any = false, point = false;
  int kept = 0;
  int exponent = 0;  // inputs are at most 8 MiB, so this cannot overflow
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    any = true;
    if (kept < most_digits) {
      result.digits = result.digits * 10 + (text[at] - '0');
      if (result.digits != 0) ++kept;
      if (point) --exponent;
    } else {
      if (text[at] != '0') result.cut = true;
      if (!point) ++exponent;
    }
  }
  if (!any) return std::nullopt;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const auto power = read_exponent(text, ++at);
    if (!power) return std::nullopt;
    exponent += *power;
  }
  if (at != text.size()) return std::nullopt;
  result.exponent = exponent;
  return result;
}

enum class Fraction { refused, rounded };

/// The decimal in units of which one of its own has `unit`. Throws "is finer than …" where that is
/// not whole, or saturates far above any limit.
int128 scaled(const Decimal& decimal, std::int64_t unit, Fraction fraction, const char* too_fine) {
  int128 n = decimal.digits * unit;
  int exponent = decimal.exponent;
  for (; exponent > 0 && n != 0 && n < largest_whole; --exponent) n *= 10;
  if (n >= largest_whole && exponent >= 0) return decimal.negative ? -largest_whole : largest_whole;
  bool whole = !decimal.cut || decimal.exponent >= 0;
  int128 last = 0;
  for (; exponent < 0 && n != 0; ++exponent) {
    last = n % 10;
    n /= 10;
    whole = whole && last == 0;
  }
  if (exponent < 0) last = 0;
  if (fraction == Fraction::rounded && last >= 5) ++n;
  if (fraction == Fraction::refused && !whole) throw std::invalid_argument(too_fine);
  n = std::min(n, largest_whole);
  return decimal.negative ? -n : n;
}

struct Ratio {
  int128 numerator = 0;
  int128 denominator = 1;
};

/// So many a `unit`, of which one is so many nanoseconds, as a fraction a nanosecond: exact, but
/// for digits after the 21st, which are rounded. Where it is above 1, or below one in 10^17, it
/// stays so, and may be off.
Ratio ratio_of(Decimal decimal, std::int64_t unit) {
  // 10^21 times a year in nanoseconds still fits in 128 bits.
  constexpr int128 most = static_cast<int128>(1'000'000'000'000'000'000) * 1'000;
  constexpr int128 enough = most * 10'000'000'000'000'000;
  int128 last = 0;
  for (; decimal.digits >= most; ++decimal.exponent) {
    last = decimal.digits % 10;
    decimal.digits /= 10;
  }
  if (last >= 5) ++decimal.digits;
  for (; decimal.exponent < 0 && decimal.digits % 10 == 0; ++decimal.exponent) decimal.digits /= 10;
  Ratio ratio{decimal.digits, unit};
  for (; decimal.exponent > 0 && ratio.numerator <= ratio.denominator; --decimal.exponent)
    ratio.numerator *= 10;
  for (; decimal.exponent < 0 && ratio.denominator <= enough; ++decimal.exponent)
    ratio.denominator *= 10;
  return ratio;
}

/// In lowest terms where both of them fit in 63 bits; else the last of its convergents that does,
/// which is within 2^-63 of it, relatively. `exact` is at most 1.
Ratio nearest_ratio(const Ratio& exact) {
  int128 a = exact.numerator, b = exact.denominator;
  Ratio before{1, 0}, last{0, 1};
  std::swap(a, b);  // the first quotient of the continued fraction is 0, and is done
  while (b != 0) {
    const int128 quotient = a / b;
    if (quotient > (INT64_MAX - before.denominator) / last.denominator) break;
    before = std::exchange(last, {quotient * last.numerator + before.numerator,
                                  quotient * last.denominator + before.denominator});
    a = std::exchange(b, a % b);
  }
  return last;
}

struct Unit {
  std::string_view name;
  std::int64_t ns;
};
constexpr std::array<Unit, 6> duration_units{{{"ns", 1},
                                              {"us", 1'000},
                                              {"ms", 1'000'000},
                                              {"s", 1'000'000'000},
                                              {"m", 60'000'000'000},
                                              {"h", 3'600'000'000'000}}};

bool is_infinite_or_nan(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  static constexpr std::array<std::string_view, 6> words{".inf", ".Inf", ".INF",
                                                         ".nan", ".NaN", ".NAN"};
  return std::find(words.begin(), words.end(), text) != words.end();
}

/// Begins with no plus sign, and has a digit on both sides of its point: as duration_pattern and
/// rate_pattern have it.
bool is_written_out(std::string_view text) {
  const auto point = text.find('.');
  return text.front() != '+' && text.front() != '.' &&
         (point == std::string_view::npos ||
          (is_digit(text[point - 1]) && is_digit(text[point + 1])));
}

Decimal number_or_throw(std::string_view text) {
  if (is_infinite_or_nan(text)) throw std::invalid_argument("must be a finite number");
  const auto decimal = read_decimal(text);
  if (!decimal) throw std::invalid_argument("");
  return *decimal;
}

}  // namespace

bool is_number(std::string_view text) {
  return read_decimal(text).has_value() || is_infinite_or_nan(text);
}

int128 whole_from(std::string_view text) {
  return scaled(number_or_throw(text), 1, Fraction::refused, "must be a whole number");
}

double number_from(std::string_view text) {
  number_or_throw(text);
  if (text.front() == '+') text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  // A number that is too small for a double is 0, which from_chars leaves in `number`; one that is
  // too large is refused.
  if (error == std::errc::result_out_of_range && read_decimal(text)->exponent >= 0) {
    throw std::invalid_argument("must be a finite number");
  }
  return number;
}

Duration duration_from(std::string_view text) {
  if (const auto bare = read_decimal(text)) {
    const std::string number(text);
    if (bare->negative)
      throw std::invalid_argument(
          "must not be negative, and needs a unit; write a duration such as 30s");
    throw std::invalid_argument("needs a unit; write " + number +
                                "s if seconds are meant (units: ns, us, ms, s, m, h)");
  }
  std::size_t letters = 0;
  while (letters < text.size() && text[text.size() - 1 - letters] >= 'a' &&
         text[text.size() - 1 - letters] <= 'z')
    ++letters;
  const auto unit_name = text.substr(text.size() - letters);
  const auto unit = std::find_if(duration_units.begin(), duration_units.end(),
                                 [&](const Unit& u) { return u.name == unit_name; });
  const auto decimal = read_decimal(text.substr(0, text.size() - letters));
  if (unit == duration_units.end() || !decimal || !is_written_out(text))
    throw std::invalid_argument("");
  if (decimal->negative) throw std::invalid_argument("must not be negative");
  const auto ns =
      scaled(*decimal, unit->ns, Fraction::refused, "is finer than a nanosecond; round it");
  if (ns > longest_duration.count())
    throw std::invalid_argument("is over one year (8760h); nothing here may last that long");
  return Duration{static_cast<std::int64_t>(ns)};
}

Duration seconds_from(std::string_view text) {
  const auto decimal = number_or_throw(text);
  if (decimal.negative && decimal.digits != 0) throw std::invalid_argument("must not be negative");
  const auto ns = scaled(decimal, 1'000'000'000, Fraction::rounded, "");
  if (ns > static_cast<int128>(longest_duration.count()) * 100)
    throw std::invalid_argument("is over 100 years");
  return Duration{static_cast<std::int64_t>(ns)};
}

Rate rate_from(std::string_view text) {
  if (is_number(text))
    throw std::invalid_argument("needs a unit of time; write " + std::string(text) +
                                "/s if per second is meant");
  if (text.size() < 3 || text[text.size() - 2] != '/') throw std::invalid_argument("");
  const auto unit_name = text.substr(text.size() - 1);
  const auto unit = std::find_if(duration_units.begin(), duration_units.end(),
                                 [&](const Unit& u) { return u.name == unit_name; });
  const auto decimal = read_decimal(text.substr(0, text.size() - 2));
  if (unit == duration_units.end() || !decimal || !is_written_out(text))
    throw std::invalid_argument("");
  if (decimal->negative || decimal->digits == 0) throw std::invalid_argument("must be above 0");
  const Ratio exact = ratio_of(*decimal, unit->ns);
  if (exact.numerator > exact.denominator)
    throw std::invalid_argument("is over 1000000000/s; at most one request arrives a nanosecond");
  if (exact.denominator > exact.numerator * longest_duration.count())
    throw std::invalid_argument("is below one a year");
  const Ratio kept = nearest_ratio(exact);
  return {static_cast<std::int64_t>(kept.numerator),
          Duration{static_cast<std::int64_t>(kept.denominator)}};
}

Money price_from(std::string_view dollars, std::int64_t tokens) {
  constexpr std::int64_t picos_a_dollar = 1'000'000'000'000;
  const auto picos =
      scaled(number_or_throw(dollars), picos_a_dollar / tokens, Fraction::refused,
             "is finer than 10^-12 dollars a token, in which money is counted; round it");
  if (picos < 0) throw std::invalid_argument("must not be negative");
  if (picos > INT64_MAX) throw std::invalid_argument("is too large");
  return {static_cast<std::int64_t>(picos)};
}

std::vector<std::uint32_t> operation_from(std::string_view text) {
  constexpr std::size_t longest = 100;
  constexpr std::uint32_t most = 1'000'000;
  std::vector<std::uint32_t> path;
  for (const char* at = text.data(); path.size() < longest;) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(at, text.data() + text.size(), number);
    if (error != std::errc() || *at == '0' || number > most) break;
    path.push_back(number);
    if (end == text.data() + text.size()) return path;
    if (*end != '.') break;
    at = end + 1;
  }
  throw std::invalid_argument("");
}

}  // namespace caesura
