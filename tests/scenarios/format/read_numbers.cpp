#include "scenarios/format/format_number.hpp"

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>

// Reads lines "KIND NUMBER" and prints what the readers of scenario files take each number for, as
// whole numbers: "= 41 1000000000" for a rate, "! " and what it says if it is refused.

namespace caesura {
namespace {

std::string read(const std::string& kind, const std::string& text) {
  if (kind == "rate") {
    const Rate rate = rate_from(text);
    return std::to_string(rate.requests) + ' ' + std::to_string(rate.per.count());
  }
  if (kind == "duration") return std::to_string(duration_from(text).count());
  if (kind == "seconds") return std::to_string(seconds_from(text).count());
  if (kind == "whole") return to_string(whole_from(text));
  if (kind == "price_per_million") return std::to_string(price_from(text, 1'000'000).picos);
  if (kind == "price_per_thousand") return std::to_string(price_from(text, 1'000).picos);
  if (kind == "amount") return std::to_string(price_from(text, 1).picos);
  if (kind == "number") {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%a", number_from(text));
    return digits;
  }
  throw std::runtime_error("no kind of number: " + kind);
}

}  // namespace
}  // namespace caesura

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto blank = line.find(' ');
    try {
      const std::string taken = caesura::read(line.substr(0, blank), line.substr(blank + 1));
      std::cout << "= " << taken << '\n';
    } catch (const std::invalid_argument& problem) {
      std::cout << "! " << problem.what() << '\n';
    }
  }
}
