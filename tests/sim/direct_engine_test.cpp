#include "sim/direct_engine.hpp"

#include "sim/random.hpp"

#include <gtest/gtest.h>

#include <map>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using Engine = DirectEngine<int, int>;

Time at(Duration d) { return Time{d}; }

std::vector<int> deliveries(Engine& engine) {
  std::vector<int> messages;
  while (engine.step([&](int, int message) { messages.push_back(message); })) {
  }
  return messages;
}

TEST(DirectEngine, DeliversByTimeThenInTheOrderSent) {
  Engine engine;
  engine.post_at(0, 3, at(2s));
  engine.post_at(0, 4, at(2s));
  engine.post(0, 1, 1s, engine.reserve(1));
  EXPECT_EQ(deliveries(engine).size(), 3U);
  Engine second;
  second.post(0, 2, 2s, second.reserve(1));
  second.post(0, 3, 2s, second.reserve(1));
  second.post(0, 1, 1s, second.reserve(1));
  EXPECT_EQ(deliveries(second), (std::vector<int>{1, 2, 3}));
}

TEST(DirectEngine, AMessageWithTheLastOrderOfItsInstantComesAfterAllOthers) {
  Engine engine;
  engine.post(0, 2, 1s, engine.reserve(1) | (std::uint64_t{1} << 63));
  engine.post(0, 1, 1s, engine.reserve(1));
  EXPECT_EQ(deliveries(engine), (std::vector<int>{1, 2}));
}

TEST(DirectEngine, ARelayedMessageComesBeforeAllElseOfTheInstant) {
  Engine engine;
  engine.post(0, 1, 1s, engine.reserve(1));
  engine.post(0, 4, 1s, engine.reserve(1));
  std::vector<int> messages;
  while (engine.step([&](int, int message) {
    messages.push_back(message);
    if (message != 1) return;
    engine.post(0, 5, 0s, engine.reserve(1));
    engine.post(0, 2, 0s, engine.order());
    engine.post(0, 3, 0s, engine.order());
  })) {
  }
  EXPECT_EQ(messages, (std::vector<int>{1, 2, 3, 4, 5}));
}

TEST(DirectEngine, TimeStartsAnewInAnIdleEngineAndNeverGoesBackInABusyOne) {
  Engine engine;
  engine.post_at(0, 1, at(10s));
  deliveries(engine);
  engine.post_at(0, 2, at(1s));
  EXPECT_EQ(engine.now(), at(1s));
  EXPECT_THROW(engine.post_at(0, 3, at(0s)), std::logic_error);
}

TEST(DirectEngine, RefusesTimesBeyondTheEndOfTime) {
  Engine engine;
  engine.post_at(0, 1, Time::max() - 1s);
  EXPECT_THROW(engine.post(0, 2, 2s, engine.reserve(1)), std::overflow_error);
}

TEST(DirectEngine, AgreesWithASortedMapOnRandomPostsDuringDeliveries) {
  // The model: a map ordered by (time, order, number of the post).
  using Key = std::tuple<Time, std::uint64_t, std::uint64_t>;
  Engine engine;
  std::map<Key, int> expected;
  std::uint64_t posts = 0;
  std::uint64_t draws = 0;
  const auto random = [&](std::uint64_t below) {
    return static_cast<std::uint64_t>(uniform_draw({.seed = 5, .request = draws++}) *
                                      static_cast<double>(below));
  };
  const auto post = [&](Duration delay, std::uint64_t order) {
    const int message = static_cast<int>(posts);
    expected.emplace(Key{engine.now() + delay, order, posts++}, message);
    engine.post(0, message, delay, order);
  };
  for (int i = 0; i < 20; ++i) post(Duration{random(3)}, engine.reserve(1));
  std::uint64_t delivered = 0;
  while (engine.step([&](int, int message) {
    ASSERT_EQ(message, expected.begin()->second);
    expected.erase(expected.begin());
    if (++delivered > 20'000) return;
    for (std::uint64_t n = random(3); n > 0; --n) post(Duration{random(4)}, engine.reserve(1));
    if (random(4) == 0) post(0s, engine.order());
    if (random(4) == 0) post(Duration{random(2)}, engine.reserve(1) | (std::uint64_t{1} << 63));
    const std::uint64_t kept = engine.reserve(2);
    if (random(4) == 0) post(Duration{random(3)}, kept + 1);
    if (random(4) == 0) post(Duration{random(3)}, kept);
  })) {
    if (HasFatalFailure()) return;
    if (engine.is_idle() && delivered < 20'000) post(1ns, engine.reserve(1));
  }
  EXPECT_TRUE(expected.empty());
  EXPECT_GT(delivered, 10'000U);
}

}  // namespace
}  // namespace caesura
