#include "doors/control/percent.hpp"

#include <gtest/gtest.h>

#include <string>

namespace caesura {
namespace {

TEST(Percent, EncodingAndDecodingAreInverse) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(percent_decoded(percent_encoded(all)), all);
  EXPECT_EQ(percent_encoded("a/b c~"), "a%2Fb%20c~");
}

}  // namespace
}  // namespace caesura
