#include "doors/live/filler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace caesura {
namespace {

TEST(Filler, PiecesPutTogetherAreTheWhole) {
  std::string pieces;
  for (std::uint32_t first = 0; first < 100; first += 7)
    pieces += filler(first, std::min(7U, 100 - first));
  EXPECT_EQ(pieces, filler(0, 100));
  EXPECT_EQ(std::count(pieces.begin(), pieces.end(), ' '), 99);
  EXPECT_EQ(filler(5, 0), "");
}

}  // namespace
}  // namespace caesura
