#include "scenarios/results/json_text.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

int significant_digits(const std::string& number) {
  std::string digits;
  for (const char c : number.substr(0, number.find('e'))) {
    if (c >= '0' && c <= '9' && (c != '0' || !digits.empty())) digits += c;
  }
  return static_cast<int>(digits.find_last_not_of('0') + 1);
}

void expect_shortest(double x) {
  const std::string text = number_text(x);
  ASSERT_EQ(std::strtod(text.c_str(), nullptr), x) << text;
  const int digits = significant_digits(text);
  // A whole number without exponent has all its digits, zeros or not.
  if (digits < 2 || (std::fabs(x) >= 0x1p53 && text.find('e') == std::string::npos)) return;
  std::array<char, 64> shorter{};
  std::snprintf(shorter.data(), shorter.size(), "%.*e", digits - 2, x);
  ASSERT_NE(std::strtod(shorter.data(), nullptr), x) << text << " could be " << shorter.data();
}

TEST(NumberText, IsTheShortestDecimalThatRoundTrips) {
  std::mt19937_64 bits(1);
  for (int i = 0; i < 100'000; ++i) {
    const auto x = std::bit_cast<double>(bits());
    if (std::isfinite(x)) expect_shortest(x);
    expect_shortest(static_cast<double>(bits() % 1'000'000'000'000) / 1e9);
  }
}

TEST(NumberText, HasAnExponentOnlyForTheVeryLargeAndTheVerySmall) {
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(1), "1");
  EXPECT_EQ(number_text(-81.3), "-81.3");
  EXPECT_EQ(number_text(1e-7), "0.0000001");
  EXPECT_EQ(number_text(9e-8), "9e-08");
  EXPECT_EQ(number_text(1e16), "10000000000000000");
  EXPECT_EQ(number_text(1e17), "1e+17");
}

TEST(NumberText, RefusesWhatJsonDoesNotHave) {
  EXPECT_THROW(number_text(std::numeric_limits<double>::quiet_NaN()), std::invalid_argument);
  EXPECT_THROW(json_text(Json::array({std::numeric_limits<double>::infinity()})),
               std::invalid_argument);
}

TEST(JsonText, KeepsTheOrderOfFieldsAndIndentsByTwo) {
  Json document = Json::object();
  document["z"] = 1.0;
  document["a"] = {1, 0.1, nullptr, true, "x"};
  document["none"] = Json::array();
  document["nothing"] = Json::object();
  EXPECT_EQ(json_text(document), R"({
  "z": 1,
  "a": [
    1,
    0.1,
    null,
    true,
    "x"
  ],
  "none": [],
  "nothing": {}
}
)");
}

TEST(JsonText, KeepsIntegersOf64Bits) {
  EXPECT_EQ(json_text(Json::array({std::numeric_limits<std::uint64_t>::max(),
                                   std::numeric_limits<std::int64_t>::min()})),
            "[\n  18446744073709551615,\n  -9223372036854775808\n]\n");
}

TEST(JsonText, EscapesWhatMustBeAndReplacesWhatIsNotUtf8) {
  const std::string hostile = "a\"b\\c\n\x01 µ —";
  EXPECT_EQ(Json::parse(json_text(hostile)), Json(hostile));
  EXPECT_EQ(json_text("a\xFF"
                      "b"),
            "\"a\xEF\xBF\xBD"
            "b\"\n");
  EXPECT_EQ(json_text(Json{{"k\n", 1}}), "{\n  \"k\\n\": 1\n}\n");
}

}  // namespace
}  // namespace caesura
