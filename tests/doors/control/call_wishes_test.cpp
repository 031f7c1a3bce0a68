#include "doors/control/call_wishes.hpp"

#include "doors/control/call_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace caesura {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

CallWishes read(const std::string& header, const std::string& value) {
  HttpRequest request;
  request.headers.push_back({header, value});
  return read_wishes(request);
}

std::string refusal_of(const std::string& header, const std::string& value) {
  try {
    read(header, value);
  } catch (const CallError& error) {
    EXPECT_EQ(error.status, 400U);
    return error.what();
  }
  return "taken";
}

TEST(CallWishes, NoHeadersAskForNothing) {
  const CallWishes none = read_wishes({});
  EXPECT_FALSE(none.seed || none.policy || none.held_operation || none.faults.cancel_status ||
               none.faults.cancel_delay);
  EXPECT_FALSE(none.faults.drop_cancel || none.faults.late_complete ||
               none.faults.reset_after_chunk);
}

TEST(CallWishes, SeedPolicyAndHoldAreReadInAnyCaseOfTheirNames) {
  EXPECT_EQ(read("x-caesura-SEED", "18446744073709551615").seed, 18446744073709551615U);
  EXPECT_EQ(read("X-Caesura-Policy", " abort ").policy, "abort");
  EXPECT_EQ(read("x-caesura-hold", "operation=2").held_operation, 2U);
}

TEST(CallWishes, SeveralFaultsAreSeparatedByCommas) {
  const Faults faults =
      read("X-Caesura-Fault",
           "delete=503, delete-delay=1500ms,drop-delete ,late-complete,reset-after-chunk=5")
          .faults;
  EXPECT_EQ(faults.cancel_status, 503U);
  EXPECT_EQ(faults.cancel_delay, Duration(1500ms));
  EXPECT_TRUE(faults.drop_cancel && faults.late_complete);
  EXPECT_EQ(faults.reset_after_chunk, 5U);
}

TEST(CallWishes, WhatIsNotUnderstoodIsToldWhatWouldBe) {
  for (const char* fault :
       {"explode", "delete", "delete=abc", "delete=200", "delete=600", "delete-delay=3",
        "delete-delay=-3s", "reset-after-chunk=0", "drop-delete=1", "delete=503;drop-delete"}) {
    EXPECT_THAT(refusal_of("X-Caesura-Fault", fault), HasSubstr("it knows delete=503")) << fault;
  }
  for (const char* seed : {"", "x", "-1", "1.5", "18446744073709551616"}) {
    EXPECT_THAT(refusal_of("X-Caesura-Seed", seed), HasSubstr("a whole number")) << seed;
  }
  for (const char* hold : {"", "2", "operation=", "operation=0", "operation=x", "operation=2x"}) {
    EXPECT_THAT(refusal_of("X-Caesura-Hold", hold), HasSubstr("operation=2")) << hold;
  }
}

TEST(CallWishes, FaultsOfAChatAndOfOneDeleteAddUpAndTheDeletesCountMore) {
  const Faults chat{.cancel_status = 503,
                    .cancel_delay = Duration(1s),
                    .drop_cancel = true,
                    .late_complete = false,
                    .reset_after_chunk = 3};
  const Faults both = chat.with({.cancel_status = {},
                                 .cancel_delay = Duration(2s),
                                 .late_complete = true,
                                 .reset_after_chunk = {}});
  EXPECT_EQ(both.cancel_status, 503U);
  EXPECT_EQ(both.cancel_delay, Duration(2s));
  EXPECT_TRUE(both.drop_cancel && both.late_complete);
}

}  // namespace
}  // namespace caesura
