#include "sim/radix_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <functional>
#include <ostream>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;

/// Whole numbers from a generator that is the same everywhere, as the standard's distributions are
/// not.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : bits_(seed) {}
  std::uint64_t below(std::uint64_t n) { return bits_() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  /// Of any size: as many bits as chance wills.
  std::uint64_t of_any_size() { return bits_() >> (1 + below(63)); }
  std::uint64_t exponential(double mean) {
    return static_cast<std::uint64_t>(
        -mean * std::log((static_cast<double>(below(1U << 30U)) + 0.5) / (1U << 30U)));
  }

 private:
  std::mt19937_64 bits_;
};

struct Parcel {
  std::uint64_t order = 0;
  Time due{};
  bool is_queued = false;
};

/// The queue beside a binary heap of the standard library; what comes out of both must be the same,
/// one by one.
class Compared {
 public:
  Time now() const { return queue_.now(); }
  std::size_t size() const { return expected_.size(); }
  std::uint64_t pops() const { return pops_; }
  std::uint64_t approaches() const { return approaches_; }

  void restart(Time now) { queue_.restart(now); }
  void push(Time due, std::uint64_t order) {
    Parcel& parcel = take();
    parcel = {.order = order, .due = due, .is_queued = true};
    expected_.emplace(due, order);
    queue_.push(due, &parcel);
  }
  void push(Time due) { push(due, next_order_++); }
  void push_after(std::uint64_t delay) { push(later(now(), delay)); }

  /// Takes the first, and moves time on to it if need be.
  void pop() {
    ASSERT_FALSE(queue_.is_empty());
    const Time due = expected_.top().first;
    const std::uint64_t order = expected_.top().second;
    Parcel* parcel = queue_.due_now();
    if (parcel != nullptr) {
      ASSERT_EQ(queue_.take_due_now(), parcel);
    } else {
      parcel = queue_.take_next([&](const Parcel& soon) {
        ++approaches_;
        EXPECT_TRUE(soon.is_queued);
        EXPECT_GT(soon.due, due);
      });
    }
    ASSERT_EQ(queue_.now(), due);
    ASSERT_EQ(parcel->due, due);
    ASSERT_EQ(parcel->order, order);
    ASSERT_TRUE(parcel->is_queued);
    expected_.pop();
    parcel->is_queued = false;
    free_.push_back(parcel);
    ++pops_;
    ASSERT_EQ(queue_.is_empty(), expected_.empty());
  }
  void drain() {
    while (size() > 0 && !testing::Test::HasFatalFailure()) pop();
  }
  bool is_something_due() const { return queue_.due_now() != nullptr; }

  /// No later than the end of time.
  static Time later(Time t, std::uint64_t delay) {
    const auto left = static_cast<std::uint64_t>((Time::max() - t).count());
    return t + Duration{static_cast<std::int64_t>(std::min(left, delay))};
  }

 private:
  Parcel& take() {
    if (free_.empty()) return parcels_.emplace_back();
    Parcel* const parcel = free_.back();
    free_.pop_back();
    return *parcel;
  }

  using Key = std::pair<Time, std::uint64_t>;
  RadixQueue<Parcel> queue_;
  std::priority_queue<Key, std::vector<Key>, std::greater<>> expected_;
  std::deque<Parcel> parcels_;
  std::vector<Parcel*> free_;
  std::uint64_t next_order_ = 1;
  std::uint64_t pops_ = 0;
  std::uint64_t approaches_ = 0;
};

Time at(std::uint64_t nanoseconds) {
  return Time{Duration{static_cast<std::int64_t>(nanoseconds)}};
}
std::uint64_t number(Time t) { return static_cast<std::uint64_t>(t.time_since_epoch().count()); }

/// How far ahead of now things are sent.
struct Shape {
  const char* name;
  std::function<std::uint64_t(Numbers&, Time now)> delay;
};
void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

/// From now to the next number with `digits` zeros at its end, or to a neighbour of it.
std::uint64_t around_the_next_round_number(Numbers& numbers, Time now) {
  const std::uint64_t below = (std::uint64_t{1} << (4 * numbers.below(15))) - 1;
  return (number(now) | below) + numbers.below(3) - number(now);
}
std::uint64_t around_a_power_of_16(Numbers& numbers, Time) {
  const std::uint64_t power = std::uint64_t{1} << (4 * numbers.below(16));
  return power - 1 + numbers.below(3);
}
std::uint64_t mostly_timeouts(Numbers& numbers, Time) {
  if (!numbers.one_in(10)) return 60'000'000'000;
  return numbers.exponential(1e8);
}

const Shape shapes[] = {
    {"Now", [](Numbers&, Time) { return std::uint64_t{0}; }},
    {"Constant", [](Numbers&, Time) { return std::uint64_t{1'000'000'000}; }},
    {"NowAndThenOne", [](Numbers& numbers, Time) { return numbers.below(2); }},
    {"FewSmallOnes", [](Numbers& numbers, Time) { return numbers.below(40); }},
    {"FewConstants", [](Numbers& numbers, Time) { return 25'000'000 * numbers.below(7); }},
    {"Exponential", [](Numbers& numbers, Time) { return numbers.exponential(1e9); }},
    {"ShortExponential", [](Numbers& numbers, Time) { return numbers.exponential(300); }},
    {"Even", [](Numbers& numbers, Time) { return numbers.below(100'000); }},
    {"AnySize", [](Numbers& numbers, Time) { return numbers.of_any_size() >> 20U; }},
    {"AnySizeToTheEndOfTime", [](Numbers& numbers, Time) { return numbers.of_any_size(); }},
    {"PowersOf16", around_a_power_of_16},
    {"RoundNumbers", around_the_next_round_number},
    {"MostlyTimeouts", mostly_timeouts},
    {"Mixed",
     [](Numbers& numbers, Time now) {
       switch (numbers.below(5)) {
         case 0:
           return std::uint64_t{0};
         case 1:
           return numbers.below(3);
         case 2:
           return numbers.exponential(1e6);
         case 3:
           return around_the_next_round_number(numbers, now) >> 8U;
         default:
           return std::uint64_t{1} << numbers.below(40);
       }
     }},
};

class RadixQueueOfShape : public testing::TestWithParam<Shape> {
 protected:
  /// Fills and empties the queue by chance around `level`, some of it in bursts for one instant.
  void play(Compared& queue, Numbers& numbers, std::size_t level, int steps) {
    for (int i = 0; i < steps && !HasFatalFailure(); ++i) {
      if (queue.size() > 0 && numbers.below(2 * level) < queue.size()) {
        queue.pop();
      } else if (numbers.one_in(500)) {
        const Time due = Compared::later(queue.now(), GetParam().delay(numbers, queue.now()));
        for (std::uint64_t n = numbers.below(200); n > 0; --n) queue.push(due);
      } else {
        queue.push_after(GetParam().delay(numbers, queue.now()));
      }
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Delays, RadixQueueOfShape, testing::ValuesIn(shapes),
                         [](const testing::TestParamInfo<Shape>& shape) {
                           return std::string(shape.param.name);
                         });

TEST_P(RadixQueueOfShape, AgreesWithABinaryHeapHoweverManyWait) {
  for (const std::size_t level : {2U, 40U, 150U, 3000U}) {
    Numbers numbers(level);
    Compared queue;
    play(queue, numbers, level, 30'000);
    queue.drain();
    EXPECT_GT(queue.pops(), 10'000U);
    if (HasFatalFailure()) return;
  }
}

TEST_P(RadixQueueOfShape, AgreesWithABinaryHeapInTheLastYearsOfTimeAndInItsLastNanoseconds) {
  for (const std::uint64_t left :
       {std::uint64_t{1} << 60U, std::uint64_t{1} << 56U, std::uint64_t{100'000'000'000},
        std::uint64_t{1000}, std::uint64_t{17}, std::uint64_t{0}}) {
    Numbers numbers(left);
    Compared queue;
    queue.restart(Time::max() - Duration{static_cast<std::int64_t>(left)});
    play(queue, numbers, 100, 5000);
    queue.drain();
    if (HasFatalFailure()) return;
  }
}

TEST_P(RadixQueueOfShape, AgreesWithABinaryHeapAgainAndAgainFromAnyTimeOn) {
  Numbers numbers(7);
  Compared queue;
  for (int round = 0; round < 300 && !HasFatalFailure(); ++round) {
    queue.restart(at(numbers.of_any_size()));
    play(queue, numbers, 1 + numbers.below(200), static_cast<int>(numbers.below(600)));
    queue.drain();
  }
}

TEST_P(RadixQueueOfShape, AgreesWithABinaryHeapWhateverTheOrders) {
  // An odd factor: no two orders are equal, and those beyond 2^63 (the last of their instant) are
  // half of them.
  std::uint64_t n = 0;
  const auto any_order = [&] { return ++n * 0x9e37'79b9'7f4a'7c15U; };
  Numbers numbers(11);
  Compared queue;
  for (int i = 0; i < 20'000 && !HasFatalFailure(); ++i) {
    queue.push(Compared::later(queue.now(), GetParam().delay(numbers, queue.now())), any_order());
    if (numbers.below(1000) < queue.size()) queue.pop();
  }
  queue.drain();
}

TEST(RadixQueue, OfWhatIsDueAtOneInstantTheLowestOrderComesFirst) {
  Compared queue;
  for (const std::uint64_t order : {5U, 2U, 9U, 1U, 7U}) queue.push(at(1000), order);
  queue.push(at(999), 100);
  queue.push(at(1001), 0);
  queue.drain();
  EXPECT_EQ(queue.pops(), 7U);
}

TEST(RadixQueue, TimeMovesOnWhenItIsToldToAndToWhatIsDueNextAlone) {
  RadixQueue<Parcel> queue;
  Parcel first;
  Parcel second;
  queue.push(at(300), &second);
  queue.push(at(20), &first);
  EXPECT_EQ(queue.due_now(), nullptr);
  EXPECT_EQ(queue.now(), at(0));
  EXPECT_EQ(queue.take_next([](const Parcel&) {}), &first);
  EXPECT_EQ(queue.now(), at(20));
  EXPECT_EQ(queue.due_now(), nullptr);
  EXPECT_EQ(queue.now(), at(20));
  EXPECT_FALSE(queue.is_empty());
}

TEST(RadixQueue, WhatIsPushedForTheInstantBeingWorkedOffIsDueInItByItsOrder) {
  Compared queue;
  for (std::uint64_t n = 0; n < 1000; ++n) queue.push(at(500), 2 * n);
  for (std::uint64_t n = 0; n < 1000; ++n) {
    queue.pop();
    queue.push(queue.now(), 2 * n + 1);
    if (n % 3 == 0) queue.push(queue.now() + 1ns, n);
  }
  queue.drain();
  EXPECT_EQ(queue.now(), at(501));
}

TEST(RadixQueue, FewThatNeverRunOutStayInOrderWhileTheyBecomeManyAndFewAgain) {
  Numbers numbers(31);
  Compared queue;
  for (std::uint64_t round = 0; round < 40; ++round) {
    const std::uint64_t waiting = round % 8 == 7 ? 300 : 1 + numbers.below(40);
    for (int step = 0; step < 1000; ++step) {
      while (queue.size() < waiting)
        queue.push_after(numbers.one_in(20) ? numbers.of_any_size() >> 12U : numbers.below(5000));
      queue.pop();
      if (queue.size() > waiting) queue.pop();
    }
  }
  queue.drain();
}

TEST(RadixQueue, MoreAndMoreThatIsDueEverSoonerFitsIn) {
  // All in the stretch of time whose keys stand in one sorted row: more than the row holds, again
  // and again, each before all others.
  for (const std::uint64_t stretch : {0x10U, 0x100U, 0x1000U, 0x100000U}) {
    Compared queue;
    queue.push(at(stretch));
    queue.pop();
    for (std::uint64_t n = 1; n < 1000; ++n)
      queue.push(at(2 * stretch - 1 - n * (stretch - 2) / 1000));
    queue.drain();
    EXPECT_EQ(queue.pops(), 1000U);
  }
}

TEST(RadixQueue, MoreThanARowHoldsFitsInWhileTheRowIsWorkedOff) {
  Compared queue;
  Numbers numbers(3);
  queue.push(at(0x10'0000));
  queue.pop();
  // Two in, one out, all below the next round number: the row runs over with half of its keys
  // taken, and its rest goes back.
  while (queue.now() < at(0x1f'f000) && !HasFatalFailure()) {
    const std::uint64_t left = 0x1f'ffff - number(queue.now());
    queue.push_after(numbers.below(left + 1));
    if (queue.size() < 2000)
      queue.push_after(1 + numbers.below(std::min<std::uint64_t>(left, 500)));
    queue.pop();
  }
  queue.push(at(0x20'0000));
  queue.drain();
  EXPECT_GT(queue.pops(), 3000U);
}

TEST(RadixQueue, WhatIsDueBeforeAllThatWaitsComesFirstHoweverFarAwayThatIs) {
  Compared queue;
  for (int digit = 15; digit >= 0; --digit) queue.push(at(std::uint64_t{7} << (4 * digit)));
  for (int digit = 15; digit >= 0; --digit) queue.push(at(std::uint64_t{1} << (4 * digit)));
  queue.pop();
  queue.push_after(1);
  queue.push_after(0);
  queue.drain();
  EXPECT_EQ(queue.now(), at(std::uint64_t{7} << 60U));
}

TEST(RadixQueue, AMillionForOneInstantComeByTheirOrders) {
  Compared queue;
  for (std::uint64_t n = 0; n < 1'000'000; ++n) queue.push(at(123'456'789), n ^ 0x5555U);
  queue.drain();
  EXPECT_EQ(queue.pops(), 1'000'000U);
}

TEST(RadixQueue, ABurstLeavesNothingBehindInTheInstantsAroundIt) {
  for (const std::uint64_t burst : {61U, 62U, 63U, 93U, 124U, 125U, 126U, 1000U}) {
    Compared queue;
    for (std::uint64_t n = 0; n < burst; ++n) queue.push(at(0x4000));
    queue.push(at(0x4001));
    queue.push(at(0x3fff));
    queue.pop();
    for (std::uint64_t n = 0; n < burst; ++n) queue.push(at(0x4000 + n % 3));
    queue.drain();
    EXPECT_EQ(queue.pops(), 2 * burst + 2);
  }
}

TEST(RadixQueue, AnEmptyQueueStartsAnewAtAnyTime) {
  Compared queue;
  for (const std::uint64_t start : {std::uint64_t{1} << 62U, std::uint64_t{0},
                                    std::uint64_t{0xffff}, std::uint64_t{0x1'0000}}) {
    queue.restart(at(start));
    EXPECT_EQ(queue.now(), at(start));
    EXPECT_FALSE(queue.is_something_due());
    for (const std::uint64_t delay : {0x123U, 0U, 1U, 0x1'0000U, 0xffffU}) queue.push_after(delay);
    queue.drain();
  }
}

TEST(RadixQueue, TheLastNanosecondOfTimeComes) {
  Compared queue;
  queue.push(Time::max());
  queue.push(Time::max() - 1ns);
  queue.push(at(std::uint64_t{7} << 60U));
  queue.push(at((std::uint64_t{7} << 60U) - 1));
  queue.drain();
  EXPECT_EQ(queue.now(), Time::max());
  queue.push_after(0);
  queue.drain();
  EXPECT_EQ(queue.pops(), 5U);
}

TEST(RadixQueue, OnlyWhatStillWaitsIsAnnounced) {
  Compared queue;  // looks at each that is announced
  Numbers numbers(1);
  for (int i = 0; i < 5000; ++i) {
    queue.push_after(numbers.below(1000));
    if (queue.size() > 50) queue.pop();
  }
  queue.drain();
  EXPECT_GT(queue.approaches(), 100U);
}

}  // namespace
}  // namespace caesura
