#include "doors/http/silence.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;

TEST(SilenceWatch, TellsWhoHasBeenSilentLongest) {
  const SilenceWatch::Moment start{};
  SilenceWatch watch;
  EXPECT_EQ(watch.longest(), std::nullopt);
  std::vector<SilenceWatch::Stream> streams;
  for (int i = 0; i < 3; ++i)
    streams.push_back(std::make_shared<HttpCall>(HttpRequest{}, std::weak_ptr<HttpConnection>()));
  watch.heard(streams[0], start);
  watch.heard(streams[1], start + 1s);
  watch.heard(streams[2], start + 2s);
  watch.heard(streams[0], start + 3s);
  EXPECT_EQ(watch.longest(), start + 1s);
  EXPECT_EQ(watch.silent(start + 2s), (std::vector{streams[1], streams[2]}));
  watch.forget(streams[1]);
  watch.forget(streams[1]);
  EXPECT_EQ(watch.silent(start + 3s), (std::vector{streams[2], streams[0]}));
}

}  // namespace
}  // namespace caesura
