#include "model/seed.hpp"

#include "model/purpose.hpp"

#include <gtest/gtest.h>

namespace caesura {
namespace {

double latency(const Seed& seed, std::uint64_t request) {
  return draw(seed, request, 3, Purpose::latency);
}

Seed with(const OwnSeeds& own, std::uint64_t common) {
  Seed seed = common;
  seed.own = &own;
  return seed;
}

TEST(OwnSeeds, ARequestDrawsWhatTheFirstOfARunWithItsSeedDraws) {
  OwnSeeds own;
  own.add(17, 99);
  EXPECT_EQ(latency(with(own, 1), 17), latency(99, 0));
}

TEST(OwnSeeds, LeaveAllOtherRequestsAlone) {
  OwnSeeds own;
  own.add(17, 99);
  EXPECT_EQ(latency(with(own, 1), 0), latency(1, 0));
  EXPECT_EQ(latency(with(own, 1), 18), latency(1, 18));
}

TEST(OwnSeeds, ItsChildrenAndTheirsDrawUnderItToo) {
  OwnSeeds own;
  own.add(17, 99);
  const Seed seed = with(own, 1);
  const std::uint64_t child = child_number(seed, 17, 2);
  EXPECT_EQ(child, child_number(99, 0, 2));
  EXPECT_EQ(latency(seed, child), latency(99, child));
  const std::uint64_t grandchild = child_number(seed, child, 1);
  EXPECT_EQ(grandchild, child_number(99, child, 1));
  EXPECT_EQ(latency(seed, grandchild), latency(99, grandchild));
}

TEST(OwnSeeds, OnceForgottenARequestAndItsChildrenDrawLikeAllOthers) {
  OwnSeeds own;
  own.add(17, 99);
  const Seed seed = with(own, 1);
  const std::uint64_t child = child_number(seed, 17, 2);
  own.forget(17);
  EXPECT_EQ(latency(seed, 17), latency(1, 17));
  EXPECT_EQ(latency(seed, child), latency(1, child));
}

TEST(OwnSeeds, TwoRequestsWithOneSeedAreTwins) {
  OwnSeeds own;
  own.add(4, 99);
  own.add(5, 99);
  EXPECT_EQ(latency(with(own, 1), 4), latency(with(own, 1), 5));
}

}  // namespace
}  // namespace caesura
