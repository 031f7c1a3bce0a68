#include "doors/muxi/event_stream.hpp"

#include <gtest/gtest.h>

namespace caesura {
namespace {

TEST(EventStream, AFrameIsOneLineWhateverIsInIt) {
  EXPECT_EQ(token_frame({{"content", "a\nb\"\xff"}}),
            "data: {\"token\": {\"content\":\"a\\nb\\\"\xef\xbf\xbd\"}}\n\n");
  EXPECT_EQ(error_frame("no", "INTERNAL_ERROR"),
            "event: error\ndata: {\"error\":\"no\",\"type\":\"INTERNAL_ERROR\"}\n\n");
}

}  // namespace
}  // namespace caesura
