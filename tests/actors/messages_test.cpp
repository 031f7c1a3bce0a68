#include "actors/messages.hpp"

#include "model/plan.hpp"

#include <gtest/gtest.h>

namespace caesura {
namespace {

/// The direct engine adds an order and an address to each message that waits: 64 bytes in all, one
/// cache line. A message that outgrows this costs a second miss in memory at every delivery.
TEST(Messages, OneFitsIntoACacheLineWithWhatTheDirectEngineAddsToIt) {
  EXPECT_EQ(sizeof(Message), 48U);
  EXPECT_EQ(sizeof(std::uint64_t) + sizeof(Address) + sizeof(Message), 64U);
}

TEST(OperationEnd, TellsTheOperationAndItsResultUpToTheLargestNumber) {
  constexpr std::uint32_t largest = (std::uint32_t{1} << 30U) - 1;
  static_assert(most_operations <= largest);
  for (const std::uint32_t operation :
       {0U, 1U, 2U, 3U, 4U, most_operations - 1, most_operations, largest}) {
    for (const OperationResult result :
         {OperationResult::ok, OperationResult::failed, OperationResult::rejected}) {
      const OperationEnd end{operation, result};
      EXPECT_EQ(end.operation(), operation);
      EXPECT_EQ(end.result(), result);
    }
  }
}

}  // namespace
}  // namespace caesura
