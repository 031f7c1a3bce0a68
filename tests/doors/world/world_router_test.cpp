#include "doors/world/world_router.hpp"

#include "tests/doors/world/played_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Has one path, and writes down what it is asked; calls to `/refuse` it refuses, at `/fail` it
/// fails.
class WrittenDoor final : public WorldDoor {
 public:
  explicit WrittenDoor(std::string path) : path_(std::move(path)) {}
  bool has(std::string_view path) const override {
    return path == path_ || path == "/refuse" || path == "/fail";
  }
  void handle(const WorldCall& call) override {
    calls.push_back(call);
    if (call.path == "/refuse") throw Refusal(RefusalKind::too_large, 413, "too large");
    if (call.path == "/fail") throw std::runtime_error("an actor has failed");
  }
  HttpAnswer refused(const Refusal& refusal) const override {
    refusals.push_back(refusal.status);
    return {.status = refusal.status};
  }
  std::vector<WorldCall> calls;
  mutable std::vector<unsigned> refusals;

 private:
  std::string path_;
};

/// Calls come without a connection: what answers them is what the door is asked for.
struct WorldRouterTest : ::testing::Test {
  void send(const std::string& target, std::vector<HttpHeader> headers = {}) {
    if (!router) router.emplace(world.session, std::vector<WorldDoor*>{&models, &tools}, access);
    router->handle(std::make_shared<HttpCall>(
        HttpRequest{.method = "POST", .target = target, .headers = std::move(headers)},
        std::weak_ptr<HttpConnection>()));
  }
  /// What the door of models refuses it with; 0: the door gets it.
  unsigned refusal(std::vector<HttpHeader> headers, const std::string& target = "/v1/models") {
    models.refusals.clear();
    const std::size_t before = models.calls.size();
    send(target, std::move(headers));
    EXPECT_EQ(models.calls.size() - before + models.refusals.size(), 1U);
    return models.refusals.empty() ? 0 : models.refusals.front();
  }
  const WorldCall& last() const { return models.calls.back(); }

  PlayedWorld world;
  WrittenDoor models{"/v1/models"};
  WrittenDoor tools{"/mcp"};
  WorldAccess access;
  std::optional<WorldRouter> router;
};

TEST_F(WorldRouterTest, ACallGoesToTheFirstDoorThatHasItsPath) {
  send("/v1/models");
  send("/mcp");
  send("/refuse");
  EXPECT_THAT(models.calls, SizeIs(2));
  EXPECT_THAT(tools.calls, SizeIs(1));
  EXPECT_THAT(models.refusals, ElementsAre(413U));
  EXPECT_THAT(tools.refusals, IsEmpty());
}

TEST_F(WorldRouterTest, TheRunStandsBeforeTheEndpointAndTheQueryBehindIt) {
  send("/r/my-run-1/v1/models?a=%20b?c");
  EXPECT_EQ(last().hint.path_run, "my-run-1");
  EXPECT_EQ(last().path, "/v1/models");
  EXPECT_EQ(last().query, "a=%20b?c");
  send("/v1/models");
  EXPECT_EQ(last().hint.path_run, std::nullopt);
  EXPECT_EQ(last().query, "");
}

TEST_F(WorldRouterTest, AWholeAddressIsItsPath) {
  send("http://127.0.0.1:8002/r/a/v1/models?b");
  EXPECT_EQ(last().hint.path_run, "a");
  EXPECT_EQ(last().path, "/v1/models");
  EXPECT_EQ(last().query, "b");
}

TEST_F(WorldRouterTest, WhatIsNoRunsNameIsRefusedInTheDoorsForm) {
  for (const char* name : {"", "A", "a_b", "%61", "a.b"})
    EXPECT_EQ(refusal({}, std::string("/r/") + name + "/v1/models"), 404U) << name;
  EXPECT_EQ(refusal({}, "/r/" + std::string(33, 'a') + "/v1/models"), 404U);
  EXPECT_EQ(refusal({}, "/r/" + std::string(32, 'a') + "/v1/models"), 0U);
}

TEST_F(WorldRouterTest, WithoutAKeyAnyWillDoAndOneOfTheWorldsOwnNamesARun) {
  const std::vector<std::pair<HttpHeader, std::optional<std::string>>> cases{
      {{"Authorization", "Bearer caesura-r1"}, "r1"},
      {{"authorization", "bearer caesura-r1"}, "r1"},
      {{"x-api-key", "caesura-r1"}, "r1"},
      {{"X-Goog-Api-Key", "caesura-r1"}, "r1"},
      {{"Authorization", "Bearer sk-1234"}, std::nullopt},
      {{"Authorization", "Bearer caesura-A"}, std::nullopt},
      {{"Authorization", "Bearer caesura-"}, std::nullopt},
      {{"Authorization", "Basic caesura-r1"}, std::nullopt},
      {{"Cookie", "caesura-r1"}, std::nullopt}};
  for (const auto& [header, run] : cases) {
    EXPECT_EQ(refusal({header}), 0U) << header.value;
    EXPECT_EQ(last().hint.key_run, run) << header.name << ": " << header.value;
  }
}

TEST_F(WorldRouterTest, WithAKeyEveryCallNeedsItOrItAndARunsName) {
  access.key = "k-1";
  const auto with = [&](const std::string& key) {
    return refusal({{"Authorization", "Bearer " + key}});
  };
  EXPECT_EQ(refusal({}), 401U);
  for (const char* wrong :
       {"k", "k-", "k-2", "k-1-", "k-1x", "k-1-A", "K-1", "x-1-r1", "caesura-r1"})
    EXPECT_EQ(with(wrong), 401U) << wrong;
  EXPECT_EQ(with("k-1"), 0U);
  EXPECT_EQ(last().hint.key_run, std::nullopt);
  EXPECT_EQ(with("k-1-r1"), 0U);
  EXPECT_EQ(last().hint.key_run, "r1");
}

TEST_F(WorldRouterTest, PagesFromElsewhereAndNamesThatAreNotOfThisMachineAreForbidden) {
  EXPECT_EQ(refusal({{"Host", "localhost:8002"}, {"Origin", "http://127.0.0.1:9000"}}), 0U);
  EXPECT_EQ(refusal({{"Host", "127.0.0.1"}, {"Origin", "https://example.com"}}), 403U);
  EXPECT_EQ(refusal({{"Origin", "null"}}), 403U);
  EXPECT_EQ(refusal({{"Host", "127.example.com"}}), 403U);
  EXPECT_EQ(refusal({{"Host", "world.example.com:8002"}}), 403U);
}

TEST_F(WorldRouterTest, WithAKeyAnyHostMayBeNamedAndItsOwnPagesMayCall) {
  access.key = "k";
  const HttpHeader key{"Authorization", "Bearer k"};
  const HttpHeader host{"Host", "world.example.com:8002"};
  EXPECT_EQ(refusal({key, host}), 0U);
  EXPECT_EQ(refusal({key, host, {"Origin", "https://world.example.com:8002"}}), 0U);
  EXPECT_EQ(refusal({key, host, {"Origin", "https://world.example.com"}}), 403U);
}

TEST_F(WorldRouterTest, WhatTheServerRefusesByItselfHasTheFormOfTheDoorThatItWasFor) {
  send("/mcp");
  EXPECT_EQ(router->refusal(413, "too large", "/r/a/v1/models?x").status, 413U);
  EXPECT_THAT(models.refusals, ElementsAre(413U));
  const HttpAnswer other = router->refusal(400, "not HTTP", "");
  EXPECT_EQ(other.status, 400U);
  EXPECT_EQ(nlohmann::json::parse(other.body), (nlohmann::json{{"error", "not HTTP"}}));
}

TEST_F(WorldRouterTest, AFailureOfTheWorldIsTheLoops) {
  send("/fail");
  EXPECT_THROW(world.loop.turn(), std::runtime_error);
  EXPECT_THAT(models.refusals, IsEmpty());
}

TEST_F(WorldRouterTest, ARefusalOfADriversCallIsNoFailureWhateverBytesAreInIt) {
  for (const char* target :
       {"/caesura/runs/%ff", "/caesura/runs/r/await?%ff=1", "/caesura/nothing", "/%ff"})
    send(target);
  world.loop.turn();
}

TEST_F(WorldRouterTest, ACallIsLoggedAsItCameThoughItIsRefused) {
  std::vector<std::string> targets;
  access.access_log = [&](const nlohmann::ordered_json& line) {
    targets.push_back(line["target"]);
  };
  access.key = "k";
  EXPECT_EQ(refusal({}, "/r/a/v1/models?b"), 401U);
  EXPECT_THAT(targets, ElementsAre("/r/a/v1/models?b"));
}

}  // namespace
}  // namespace caesura
