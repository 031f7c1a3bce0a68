#include "doors/live/early_cancels.hpp"

#include <gtest/gtest.h>

#include <string>

namespace caesura {
namespace {

using namespace std::chrono_literals;

EarlyCancels::Moment at(std::chrono::milliseconds t) { return EarlyCancels::Moment(t); }

/// Cancels that write down their names when they are to look again.
struct Cancels {
  EarlyCancels waiting;
  std::string heard{};
  std::optional<EarlyCancels::Number> add(const std::string& id, std::chrono::milliseconds until,
                                          char name) {
    return waiting.add(id, at(until), [this, name] { heard += name; });
  }
};

TEST(EarlyCancels, HearOfTheirOwnRequestAloneInTheOrderInWhichTheyCame) {
  Cancels cancels{EarlyCancels(10)};
  cancels.add("r1", 1ms, 'a');
  cancels.add("r2", 2ms, 'b');
  cancels.add("r1", 3ms, 'c');
  cancels.waiting.appeared("r3");
  EXPECT_EQ(cancels.heard, "");
  cancels.waiting.appeared("r1");
  EXPECT_EQ(cancels.heard, "ac");
  cancels.waiting.appeared("r1");
  EXPECT_EQ(cancels.heard, "ac") << "once";
  EXPECT_EQ(cancels.waiting.next(), at(2ms));
}

TEST(EarlyCancels, HearWhenTheirTimeIsUp) {
  Cancels cancels{EarlyCancels(10)};
  EXPECT_EQ(cancels.waiting.next(), std::nullopt);
  cancels.add("r1", 1ms, 'a');
  cancels.add("r2", 2ms, 'b');
  cancels.add("r3", 3ms, 'c');
  cancels.waiting.expire(at(2ms));
  EXPECT_EQ(cancels.heard, "ab");
  cancels.waiting.appeared("r1");
  EXPECT_EQ(cancels.heard, "ab");
  EXPECT_EQ(cancels.waiting.next(), at(3ms));
}

TEST(EarlyCancels, HearNothingOnceTheyAreWithdrawnEvenByOneWhoHears) {
  Cancels cancels{EarlyCancels(10)};
  const auto first = cancels.add("r1", 1ms, 'a');
  cancels.waiting.withdraw(*first);
  cancels.waiting.withdraw(*first);
  EarlyCancels::Number last = 0;
  cancels.waiting.add("r1", at(2ms), [&] { cancels.waiting.withdraw(last); });
  last = *cancels.add("r1", 3ms, 'b');
  cancels.waiting.appeared("r1");
  cancels.waiting.expire(at(9ms));
  EXPECT_EQ(cancels.heard, "");
  EXPECT_EQ(cancels.waiting.next(), std::nullopt);
}

TEST(EarlyCancels, AreNoMoreThanMayBe) {
  Cancels cancels{EarlyCancels(2)};
  EXPECT_TRUE(cancels.add("r1", 1ms, 'a'));
  EXPECT_TRUE(cancels.add("r1", 2ms, 'b'));
  EXPECT_FALSE(cancels.add("r1", 3ms, 'c'));
  cancels.waiting.expire(at(1ms));
  EXPECT_TRUE(cancels.add("r1", 4ms, 'd'));
  cancels.waiting.appeared("r1");
  EXPECT_EQ(cancels.heard, "abd");
}

}  // namespace
}  // namespace caesura
