#include "scenarios/results/decimal.hpp"

#include <array>
#include <charconv>
#include <string>

namespace caesura {
namespace {

constexpr std::array<std::uint64_t, 19> powers_of_ten = [] {
  std::array<std::uint64_t, 19> powers{};
  std::uint64_t power = 1;
  for (auto& p : powers) {
    p = power;
    power *= 10;
  }
  return powers;
}();

}  // namespace

char* write_decimal(char* to, std::int64_t units, int decimals) {
  const std::uint64_t scale = powers_of_ten.at(static_cast<std::size_t>(decimals));
  auto magnitude = static_cast<std::uint64_t>(units);
  if (units < 0) {
    *to++ = '-';
    magnitude = 0 - magnitude;
  }
  to = std::to_chars(to, to + decimal_size_max, magnitude / scale).ptr;
  std::uint64_t fraction = magnitude % scale;
  if (fraction == 0) return to;
  *to++ = '.';
  int digits = decimals;
  while (fraction % 10 == 0) {
    fraction /= 10;
    --digits;
  }
  for (char* digit = to + digits; digit != to; fraction /= 10)
    *--digit = static_cast<char>('0' + fraction % 10);
  return to + digits;
}

double nearest_double(int128 units, int decimals) {
  // Decimal text is the one path in the standard library that rounds 128 bits once.
  const std::string text = to_string(units) + "e-" + std::to_string(decimals);
  double result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

}  // namespace caesura
