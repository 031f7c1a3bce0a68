#include "exam/reasons.hpp"

#include "tests/exam/sample_exam.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// A tool in progress at a cancel at 2 s.
PlayFacts tool_in_progress() {
  PlayFacts facts;
  facts.within = 250ms;
  facts.cancel = exam_time(2s);
  facts.watched_until = exam_time(6s);
  facts.settled = SettledFacts{.at = exam_time(2300ms), .outcome = Outcome::completed};
  facts.attempts.push_back(
      {.operation = "2", .service = "search", .asked = exam_time(1s), .told = exam_time(2400ms)});
  return facts;
}

TEST(Reasons, WhatAToolIsOwedRestsOnBothSentencesOfMcp) {
  const std::string source = source_of(Clause::told, OperationKind::tool);
  EXPECT_THAT(source, HasSubstr("\"the sender SHOULD issue a cancellation notification for that "
                                "request and stop waiting for a response\""));
  EXPECT_THAT(source,
              HasSubstr("\"Disconnection SHOULD NOT be interpreted as the client cancelling "
                        "its request. To cancel, the client SHOULD explicitly send an MCP "
                        "CancelledNotification.\""));
  EXPECT_THAT(source, HasSubstr("/2025-11-25/basic/transports"));
}

TEST(Reasons, TellTimeFromTheCancelOrWhatStandsForIt) {
  PlayFacts facts = tool_in_progress();
  EXPECT_EQ(when(facts, exam_time(2300ms)), "300 ms after the cancel");
  EXPECT_EQ(when(facts, exam_time(2s)), "at the cancel");
  EXPECT_EQ(when(facts, exam_time(1900ms)), "100 ms before the cancel");
  facts.is_own_timeout = true;
  EXPECT_EQ(when(facts, exam_time(2300ms)), "300 ms after its timeout");
  facts.is_own_timeout = false;
  facts.leaves = true;
  EXPECT_EQ(when(facts, exam_time(2s)), "at the walk-away");
  facts.cancel.reset();
  EXPECT_EQ(when(facts, exam_time(2s)), "2 s after the start");
}

TEST(Reasons, SpeakOfACancelOnlyWhereThereIsOne) {
  PlayFacts facts = tool_in_progress();
  EXPECT_EQ(settled_late(facts, *facts.cancel),
            "it settled 300 ms after the cancel, and not within 250 ms");
  facts.is_own_timeout = true;
  EXPECT_EQ(settled_late(facts, *facts.cancel),
            "it settled 300 ms after its timeout, and not within 250 ms");
  EXPECT_EQ(said_what_is_not_so(facts),
            "it said completed 300 ms after its timeout, and the whole answer was never given");
  EXPECT_THAT(told_late(facts, facts.attempts[0]), HasSubstr("was told 400 ms after its timeout"));
}

}  // namespace
}  // namespace caesura
