#include "doors/muxi/idempotency.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <variant>

namespace caesura {
namespace {

using namespace std::chrono_literals;

Time at(Duration t) { return Time{t}; }

TEST(IdempotencyMemory, GivesTheSameAnswerForADay) {
  IdempotencyMemory memory({});
  EXPECT_TRUE(std::holds_alternative<IdempotencyMemory::Unknown>(memory.find("k", at(0s))));
  memory.begin("k", 7, {});
  EXPECT_EQ(std::get<IdempotencyMemory::InFlight>(memory.find("k", at(0s))).call, 7U);
  memory.answer("k", {200, {}, "body"}, at(1s));
  EXPECT_EQ(std::get<IdempotencyMemory::Answered>(memory.find("k", at(1s) + 24h)).answer->body,
            "body");
  EXPECT_TRUE(std::holds_alternative<IdempotencyMemory::Unknown>(memory.find("k", at(2s) + 24h)));
}

TEST(IdempotencyMemory, ThatBeginsAgainForgetsWhatWasAnswered) {
  IdempotencyMemory memory({.kept = 24h, .answers = 3, .bytes = 10});
  for (std::uint64_t call = 1; call < 9; ++call) {
    memory.begin("k", call, {.id = "r1", .message = 7});
    const auto found = std::get<IdempotencyMemory::InFlight>(memory.find("k", at(0s)));
    EXPECT_EQ(found.call, call);
    EXPECT_EQ(found.sent->message, 7U);
    memory.answer("k", {200, {}, "body"}, at(0s));
  }
  EXPECT_EQ(memory.size(), 1U);
}

TEST(IdempotencyMemory, ForgetsFailuresAndThoseGivenUp) {
  IdempotencyMemory memory({});
  memory.begin("failed", 1, {});
  memory.answer("failed", {503, {}, ""}, at(0s));
  memory.begin("given up", 2, {});
  memory.forget("given up");
  memory.forget("never there");
  EXPECT_EQ(memory.size(), 0U);
}

TEST(IdempotencyMemory, IsBounded) {
  IdempotencyMemory memory({.kept = 24h, .answers = 3, .bytes = 10});
  for (const char* key : {"a", "b", "c", "d"}) {
    memory.begin(key, 1, {});
    memory.answer(key, {200, {}, "x"}, at(0s));
  }
  EXPECT_EQ(memory.size(), 3U);
  EXPECT_TRUE(std::holds_alternative<IdempotencyMemory::Unknown>(memory.find("a", at(0s))));
  memory.begin("e", 1, {});
  memory.answer("e", {200, {}, std::string(7, 'x')}, at(0s));
  EXPECT_EQ(memory.size(), 2U);
}

TEST(IdempotencyMemory, CountsKeysAndHeadersToo) {
  IdempotencyMemory memory({.kept = 24h, .answers = 3, .bytes = 10});
  for (const std::string key : {"four", "more"}) {
    memory.begin(key, 1, {});
    memory.answer(key, {200, {{"a", "b"}}, "x"}, at(0s));
  }
  EXPECT_EQ(memory.size(), 1U);
  EXPECT_EQ(std::get<IdempotencyMemory::Answered>(memory.find("more", at(0s))).answer->body, "x");
}

}  // namespace
}  // namespace caesura
