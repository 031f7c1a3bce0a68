#include "doors/control/control.hpp"

#include "doors/control/call_error.hpp"
#include "tests/doors/live/small_session.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

/// Hears nothing.
class Nobody final : public Audience {
 public:
  void operation_started(LiveRequest&, std::uint32_t, Time) override {}
  void said(LiveRequest&, const SaidWords&, Time) override {}
  void answered(LiveRequest&, Time) override {}
  void forgotten(const LiveRequest&) override {}
};

struct ControlTest : testing::Test {
  LiveRequest& start(std::uint32_t held_operation) {
    LiveRequest& request =
        small.session.start({.id = "r1", .user = "ada", .held_operation = held_operation}, nobody);
    small.session.introduce("r1");
    return request;
  }
  /// Its status: of a call that throws, the error's.
  template <class Call>
  unsigned status_of(const Call& call) {
    try {
      return call().status;
    } catch (const CallError& error) {
      return error.status;
    }
  }

  Nobody nobody;
  SmallSession small;
  Control control{small.session};
};

TEST_F(ControlTest, MovesTheClock) {
  EXPECT_EQ(Json::parse(control.advance(R"({"advance": "1500ms"})").body).at("now_s"), 1.5);
  EXPECT_EQ(Json::parse(control.clock().body),
            Json({{"now_s", 1.5}, {"mode", "manual"}, {"time_scale", 1.0}}));
  for (const std::string body : {"", "[]", R"({"advance": 30})", R"({"advance": "-1s"})"})
    EXPECT_EQ(status_of([&] { return control.advance(body); }), 400U) << body;
}

TEST_F(ControlTest, ReleasesAnOperationThatIsHeldAndNoOther) {
  LiveRequest& held = start(1);
  control.advance(R"({"advance": "1h"})");
  EXPECT_EQ(Json::parse(control.timeline(held).body).at("operations").size(), 1U);
  EXPECT_EQ(Json::parse(control.release(held).body),
            Json({{"request_id", "r1"}, {"released", true}}));
  EXPECT_EQ(Json::parse(control.timeline(held).body).at("operations").size(), 2U);
  control.advance(R"({"advance": "1h"})");
  LiveRequest& free = start(0);
  EXPECT_EQ(status_of([&] { return control.release(free); }), 400U);
}

TEST_F(ControlTest, HasTheResultsSoFar) {
  start(0);
  control.advance(R"({"advance": "1h"})");
  const Json results = Json::parse(control.results().body);
  EXPECT_EQ(results.at("policies")[0].at("requests").at("completed"), 1);
}

}  // namespace
}  // namespace caesura
