#pragma once

#include "sim/time.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace caesura {

/// a + b. Throws std::overflow_error where 64 bits do not hold it: a request of over $9 million, or
/// 292 years of work.
constexpr std::int64_t checked_sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum))
    throw std::overflow_error(
        "one request costs over $9 million or works for over 292 years; check prices, token counts "
        "and latencies");
  return sum;
}

/// A count of tokens.
struct Tokens {
  std::int64_t value = 0;
  constexpr auto operator<=>(const Tokens&) const = default;
  constexpr Tokens& operator+=(Tokens o) { return value = checked_sum(value, o.value), *this; }
  constexpr Tokens& operator-=(Tokens o) { return value -= o.value, *this; }
};
constexpr Tokens operator+(Tokens a, Tokens b) { return a += b; }
constexpr Tokens operator-(Tokens a, Tokens b) { return {a.value - b.value}; }

/// Money in 10^-12 US dollars: the price of one token at $1 per million tokens is 1,000,000 of
/// them, so that sums are exact.
struct Money {
  std::int64_t picos = 0;
  constexpr auto operator<=>(const Money&) const = default;
  constexpr Money& operator+=(Money o) { return picos = checked_sum(picos, o.picos), *this; }
  constexpr Money& operator-=(Money o) { return picos -= o.picos, *this; }
};
constexpr Money operator+(Money a, Money b) { return a += b; }
constexpr Money operator-(Money a, Money b) { return {a.picos - b.picos}; }
constexpr Money operator*(Money price, Tokens tokens) { return {price.picos * tokens.value}; }

/// One unit of work that a request waits for.
enum class OperationKind : std::uint8_t { llm, decompose, tool, agent, transaction };
inline constexpr std::size_t operation_kinds = 5;
inline constexpr std::array<OperationKind, operation_kinds> all_operation_kinds{
    OperationKind::llm, OperationKind::decompose, OperationKind::tool, OperationKind::agent,
    OperationKind::transaction};
constexpr std::size_t index_of(OperationKind kind) { return static_cast<std::size_t>(kind); }

/// As in scenario files and results.
const char* name_of(OperationKind kind);

struct TokenCounts {
  Tokens input{};  ///< not counting cached input
  Tokens cached_input{};
  Tokens output{};
  constexpr bool operator==(const TokenCounts&) const = default;
  constexpr Tokens sum() const { return input + cached_input + output; }
  constexpr TokenCounts& operator+=(const TokenCounts& o) {
    input += o.input, cached_input += o.cached_input, output += o.output;
    return *this;
  }
  constexpr TokenCounts& operator-=(const TokenCounts& o) {
    input -= o.input, cached_input -= o.cached_input, output -= o.output;
    return *this;
  }
};
constexpr TokenCounts operator-(TokenCounts a, const TokenCounts& b) { return a -= b; }

/// One column of the ledger: what was planned, used, saved or forgone.
struct Amounts {
  TokenCounts tokens{};
  Money cost{};                                  ///< of billed tokens
  std::array<Duration, operation_kinds> busy{};  ///< time in service, by index_of(kind)
  constexpr bool operator==(const Amounts&) const = default;
  constexpr Amounts& operator+=(const Amounts& o) {
    tokens += o.tokens, cost += o.cost;
    for (std::size_t k = 0; k < operation_kinds; ++k)
      busy[k] = Duration{checked_sum(busy[k].count(), o.busy[k].count())};
    return *this;
  }
  constexpr Amounts& operator-=(const Amounts& o) {
    tokens -= o.tokens, cost -= o.cost;
    for (std::size_t k = 0; k < operation_kinds; ++k) busy[k] -= o.busy[k];
    return *this;
  }
};
constexpr Amounts operator+(Amounts a, const Amounts& b) { return a += b; }
constexpr Amounts operator-(Amounts a, const Amounts& b) { return a -= b; }

}  // namespace caesura
