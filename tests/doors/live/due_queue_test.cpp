#include "doors/live/due_queue.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace caesura {
namespace {

using namespace std::chrono_literals;

Time at(Duration t) { return Time{t}; }

TEST(DueQueue, RunsWhatIsDueInOrderOfTimeAndWhatItAdds) {
  DueQueue queue;
  std::string order;
  queue.add(at(2s), [&] { order += 'c'; });
  queue.add(at(1s), [&] {
    order += 'a';
    queue.add(at(1s), [&] { order += 'b'; });
  });
  queue.add(at(3s), [&] { order += 'd'; });
  queue.run_until(at(2s));
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(queue.next(), at(3s));
}

}  // namespace
}  // namespace caesura
