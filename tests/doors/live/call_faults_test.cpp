#include "doors/live/call_faults.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;

OperationSample ten_tokens() {
  return {.duration = 1000ms,
          .first_token = 100ms,
          .per_token = 100ms,
          .by_token = true,
          .tokens = {.output = Tokens{10}}};
}

CallFault fault(std::vector<std::uint32_t> operation, std::optional<std::uint32_t> attempt,
                decltype(CallFault::what) what) {
  return {.operation = std::move(operation), .attempt = attempt, .what = std::move(what)};
}

const std::vector<CallFault> faults{
    fault({1}, 1, CallFault::Lost{}), fault({1}, 2, CallFault::Hang{}),
    fault({2, 1}, std::nullopt, CallFault::Slow{.factor = 2}), fault({1}, 1, CallFault::Hang{})};

const CallFault* find(const std::vector<std::uint32_t>& operation, std::uint32_t attempt) {
  return fault_for(faults, operation, attempt);
}

TEST(CallFaults, TheFirstThatFitsOperationAndAttemptCounts) {
  EXPECT_EQ(find({1}, 1), &faults[0]);
  EXPECT_EQ(find({1}, 2), &faults[1]);
  EXPECT_EQ(find({1}, 3), nullptr);
  EXPECT_EQ(find({2}, 1), nullptr);
  EXPECT_EQ(find({2, 1}, 7), &faults[2]) << "of every attempt";
  EXPECT_EQ(find({2, 1, 1}, 1), nullptr);
}

TEST(CallFaults, ACallWithoutOneIsAsItIsDrawn) {
  const FaultedCall call = faulted(ten_tokens(), nullptr);
  EXPECT_EQ(call.sample.duration, Duration(1000ms));
  EXPECT_EQ(due(call.pace, 700ms), Duration(700ms));
  EXPECT_FALSE(call.refused || call.reset_at_token || call.loses_answer || call.error);
}

TEST(CallFaults, EachDoesWhatItIsCalled) {
  const auto with = [](decltype(CallFault::what) what) {
    const CallFault one = fault({1}, 1, std::move(what));
    return faulted(ten_tokens(), &one);
  };
  EXPECT_EQ(with(CallFault::Status{.status = 429, .retry_after = 6s}).refused->status, 429U);
  EXPECT_EQ(with(CallFault::Reset{.token = 5}).reset_at_token, 5U);
  EXPECT_EQ(with(CallFault::Reset{}).reset_at_token, 0U);
  EXPECT_TRUE(with(CallFault::Lost{}).loses_answer);
  EXPECT_EQ(due(with(CallFault::Hang{}).pace, 0ms), std::nullopt);
  EXPECT_EQ(with(CallFault::Slow{.factor = 3}).sample.duration, Duration(3000ms));
  const FaultedCall stalled = with(CallFault::Stall{.token = 5, .for_ = 10s});
  EXPECT_EQ(due(stalled.pace, 500ms), Duration(500ms)) << "token 5 itself";
  EXPECT_EQ(due(stalled.pace, 600ms), Duration(10600ms));
  const FaultedCall failed = with(CallFault::Error{.message = "disk full"});
  EXPECT_TRUE(failed.sample.fails);
  EXPECT_EQ(failed.error, "disk full");
}

}  // namespace
}  // namespace caesura
