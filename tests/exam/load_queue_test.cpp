#include "exam/load_queue.hpp"

#include "tests/small_trees.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using namespace testing;

Model load_of(std::uint64_t requests, decltype(Load::arrivals) arrivals) {
  Model model = two_priced_services();
  model.load.requests = requests;
  model.load.arrivals = std::move(arrivals);
  return model;
}

TEST(LoadQueue, HasTheRequestsOfAnOpenLoadAsTheyArrive) {
  const Model model = load_of(3, ConstantArrivals{.requests = 1, .per = 1s});
  LoadQueue queue(model);
  EXPECT_EQ(queue.requests(), 3u);
  for (RequestNumber n = 0; n < 3; ++n) {
    const auto next = queue.next();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->number, n);
    EXPECT_EQ(next->at, Time{std::chrono::seconds(n)});
    queue.take(*next);
  }
  EXPECT_FALSE(queue.next());
}

TEST(LoadQueue, AUserOfAClosedLoadAsksAgainAfterItsAnswer) {
  const Model model = load_of(4, ClosedLoad{.users = 2, .think = Distribution::constant(1e9)});
  LoadQueue queue(model);
  queue.take(*queue.next());
  queue.take(*queue.next());
  EXPECT_FALSE(queue.next()) << "both wait for their answers";
  queue.answered(1, Time{5s});
  ASSERT_TRUE(queue.next());
  EXPECT_EQ(queue.next()->number, 3u);
  EXPECT_EQ(queue.next()->at, Time{6s});
  queue.answered(3, Time{7s});
  queue.take(*queue.next());
  EXPECT_FALSE(queue.next()) << "there are 4 requests";
}

TEST(LoadQueue, WhatIsKeptIsNextWhateverArrivesBefore) {
  const Model model = load_of(4, ClosedLoad{.users = 2, .think = Distribution::constant(0)});
  LoadQueue queue(model);
  queue.take(*queue.next());
  queue.take(*queue.next());
  queue.answered(1, Time{5s});
  queue.keep(*queue.next());
  queue.answered(0, Time{4s});
  EXPECT_EQ(queue.next()->number, 3u);
  queue.take(*queue.next());
  EXPECT_EQ(queue.next()->number, 2u);
}

}  // namespace
}  // namespace caesura
