#include "exam/lane.hpp"

#include "tests/exam/sample_exam.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;

/// A tool from 0 to 4 s, in a play of 5 s that was cancelled at 2 s; a column is 100 ms.
PlayFacts tool_of_4_s() {
  PlayFacts facts;
  facts.cancel = exam_time(2s);
  facts.watched_until = exam_time(5s);
  facts.settled = SettledFacts{.at = exam_time(3s), .outcome = Outcome::cancelled};
  facts.attempts.push_back({.operation = "2",
                            .service = "search",
                            .asked = exam_time(0ms),
                            .ended = exam_time(4s),
                            .end = AttemptEnd::ok});
  return facts;
}

/// The row of the one attempt, and what is below it, without the name and the length.
std::vector<std::string> lanes(const PlayFacts& facts) {
  auto lines = lanes_text(facts, {0}, 60);
  for (std::string& line : lines) {
    line = line.substr(std::string("2 search ").size());
    line = line.substr(0, line.find(" 5 s"));
    line.erase(line.find_last_not_of(' ') + 1);
  }
  return lines;
}

TEST(Lanes, ShowACallFromItsStartToItsEndAndWhatWasSaidBelow) {
  EXPECT_EQ(lanes(tool_of_4_s()), (std::vector<std::string>{
                                      "├───────────────────│━━━━━━━━━━━━━━━━━━━┤",
                                      "                    C         S",
                                  }));
}

TEST(Lanes, ShowTheCancelAndTheUserBothWhereTheyFallIntoOneColumn) {
  PlayFacts facts = tool_of_4_s();
  facts.settled->at = exam_time(2010ms);
  EXPECT_EQ(lanes(facts)[1], "                    CS");
  // A program's own limit: it says so, and that is what is taken for the cancel.
  facts.settled->at = *facts.cancel;
  EXPECT_EQ(lanes(facts)[1], "                    CS");
  facts.cancel = exam_time(5s);
  facts.settled->at = exam_time(5s);
  EXPECT_EQ(lanes_text(facts, {0}, 60)[1], std::string(9 + 49, ' ') + "CS");
}

TEST(Lanes, ShowACallThatGoesOnThoughItWasTold) {
  PlayFacts facts = tool_of_4_s();
  facts.attempts[0].told = exam_time(2200ms);
  EXPECT_EQ(lanes(facts)[0], "├───────────────────│━T━━━━━━━━━━━━━━━━━┤");
  facts.attempts[0].ended = facts.attempts[0].told;
  EXPECT_EQ(lanes(facts)[0], "├───────────────────│━T");
  facts.attempts[0].ended.reset();
  facts.attempts[0].told.reset();
  EXPECT_EQ(lanes(facts)[0], "├───────────────────│━━━━━━━━━━━━━━━━━━━━━━━━━━━━━…");
}

}  // namespace
}  // namespace caesura
