#include "sim/radix_queue.hpp"
#include "bench/allocations.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace caesura::bench {
namespace {

struct Parcel {
  std::uint64_t order = 0;
};

TEST(RadixQueue, RowsThatWereUsedOnceAreUsedAgain) {
  constexpr std::uint64_t parcels = 50'000;
  std::vector<Parcel> all(parcels);
  RadixQueue<Parcel> queue;
  // All for one instant; and spread so that buckets with one row of keys, with two and with many
  // are emptied: each has a way of its own.
  constexpr std::uint64_t spreads[] = {1, 290'000, 1'000'000};
  const auto play = [&](std::uint64_t spread) {
    for (std::uint64_t n = 0; n < parcels; ++n) {
      all[n].order = n;
      queue.push(queue.now() + Duration{static_cast<std::int64_t>(1 + n * 7919 % spread)}, &all[n]);
    }
    while (!queue.is_empty()) {
      if (queue.due_now() == nullptr) {
        queue.take_next([](const Parcel&) {});
      } else {
        queue.take_due_now();
      }
    }
    queue.restart({});
  };
  const std::uint64_t before = allocations();
  for (const std::uint64_t spread : spreads) play(spread);
  const std::uint64_t first = allocations() - before;
  EXPECT_GT(first, parcels / 31) << "allocations are not counted at all";
  for (int round = 0; round < 20; ++round) {
    for (const std::uint64_t spread : spreads) play(spread);
  }
  EXPECT_LE(allocations() - before - first, 256U) << "more than the rows that empty buckets keep";
}

}  // namespace
}  // namespace caesura::bench
