#include "model/plan.hpp"
#include "actors/outside_calls.hpp"
#include "actors/rules.hpp"
#include "engines/world.hpp"
#include "tests/small_models.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace caesura {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Nobody final : ReportSink {
  void add(const RequestReport&) override { ADD_FAILURE() << "there is no request"; }
  void add(const ClientReport&) override { ADD_FAILURE() << "there is no request"; }
};

OperationSample lasting(Duration duration, std::int64_t tokens = 0) {
  OperationSample sample{.duration = duration};
  sample.tokens.output = {tokens};
  return sample;
}

OperationSample by_token(Duration first, Duration per_token, std::int64_t tokens) {
  OperationSample sample{.first_token = first, .per_token = per_token, .by_token = true};
  sample.tokens.output = {tokens};
  fit_duration(sample);
  return sample;
}

/// "started at 0", "+3 at 500", "ok at 1000": what the outside actor is told, in milliseconds.
struct InWords {
  std::string operator()(const Queued& queued) const {
    return queued.turned_away ? "turned away" : "queued";
  }
  std::string operator()(const Started& started) const {
    EXPECT_EQ(started.at, now);
    return "started";
  }
  std::string operator()(const ModelChunk& chunk) const {
    return "+" + std::to_string(chunk.tokens);
  }
  std::string operator()(const Reply& reply) const {
    switch (reply.end.result()) {
      case OperationResult::ok:
        return "ok";
      case OperationResult::failed:
        return "failed";
      case OperationResult::rejected:
        return "rejected";
    }
    return "";
  }
  template <class Other>
  std::string operator()(const Other&) const {
    return "";
  }
  Time now;
};

std::uint32_t call_of(const Message& message) {
  if (const auto* queued = std::get_if<Queued>(&message)) return queued->operation;
  if (const auto* started = std::get_if<Started>(&message)) return started->operation;
  if (const auto* chunk = std::get_if<ModelChunk>(&message)) return chunk->operation;
  if (const auto* reply = std::get_if<Reply>(&message)) return reply->end.operation();
  return 0;
}

/// Calls that are asked and hung up at moments known beforehand.
class OutsideWorld {
 public:
  OutsideWorld(Model model, MakeWorld make) : model_(std::move(model)) {
    world_ = make({.model = model_,
                   .policy = policy_,
                   .from_outside = {.calls = &calls_},
                   .play = LoadPlay::from_outside,
                   .reports = nobody_,
                   .observer = [this](Time now, Address to, const Message& message, bool dropped) {
                     EXPECT_FALSE(dropped);
                     if (to == outside_address(model_)) see(now, message);
                   }});
  }

  std::uint32_t ask(Duration when, const OutsideCall& call) {
    const std::uint32_t number = ++asked_;
    calls_.add(number, call);
    world_->post(outside_address(model_), AskFromOutside{number}, at(when));
    return number;
  }
  void hang_up(Duration when, std::uint32_t call) {
    world_->post(outside_address(model_), HangUp{call}, at(when));
  }
  /// Lets everything happen.
  void play() {
    const std::atomic<bool> stop{false};
    EXPECT_TRUE(world_->run(stop));
  }
  std::vector<std::string> of(std::uint32_t call) { return told_[call]; }
  std::optional<Duration> busy(std::uint32_t call) {
    return busy_.contains(call) ? std::optional(busy_[call]) : std::nullopt;
  }
  std::uint64_t messages() const { return world_->counters().messages; }

 private:
  void see(Time now, const Message& message) {
    const std::string words = std::visit(InWords{now}, message);
    if (words.empty()) return;
    told_[call_of(message)].push_back(words + " at " + std::to_string((now - Time{}) / 1ms));
    if (const auto* reply = std::get_if<Reply>(&message)) busy_[call_of(message)] = reply->busy;
  }

  const Model model_;
  const Policy policy_;
  Nobody nobody_;
  OutsideCalls calls_;
  std::uint32_t asked_ = 0;
  std::map<std::uint32_t, std::vector<std::string>> told_;
  std::map<std::uint32_t, Duration> busy_;
  std::unique_ptr<World> world_;
};

class Outside : public ::testing::TestWithParam<Engine> {
 protected:
  /// An LLM and a tool of so many places.
  OutsideWorld world(std::optional<std::uint64_t> places = std::nullopt,
                     std::optional<std::uint64_t> queue = std::nullopt, Duration link = 0s) const {
    Model model = two_services();
    for (ServiceProfile& profile : model.services) {
      profile.concurrency = places;
      profile.queue = queue;
    }
    model.links.llm = model.links.tool = fixed(link);
    return {std::move(model), GetParam().make};
  }
};
INSTANTIATE_TEST_SUITE_P(Virtual, Outside, ::testing::ValuesIn(both_engines));

TEST_P(Outside, ACallIsServedForItsSamplesDurationNotForADrawnOne) {
  OutsideWorld w = world();
  const auto llm = w.ask(0s, {.service = 0, .sample = lasting(250ms)});
  const auto tool = w.ask(100ms, {.service = 1, .sample = lasting(3s)});
  w.play();
  EXPECT_THAT(w.of(llm), ElementsAre("started at 0", "ok at 250"));
  EXPECT_THAT(w.of(tool), ElementsAre("started at 100", "ok at 3100"));
}

TEST_P(Outside, ACallGoesOverItsServicesLinkBothWays) {
  OutsideWorld w = world(1, 0, 40ms);
  const auto call = w.ask(0s, {.sample = by_token(500ms, 100ms, 2), .chunk_tokens = 1});
  const auto refused = w.ask(0s, {.sample = lasting(1s)});
  w.play();
  EXPECT_THAT(w.of(call), ElementsAre("started at 40", "+1 at 580", "+1 at 680", "ok at 680"));
  EXPECT_THAT(w.of(refused), ElementsAre("turned away at 40", "rejected at 80"));
}

TEST_P(Outside, CallsWaitForAPlaceInTheOrderInWhichTheyAsked) {
  OutsideWorld w = world(1);
  const auto first = w.ask(0s, {.sample = lasting(1s)});
  const auto second = w.ask(0s, {.sample = lasting(2s)});
  const auto third = w.ask(0s, {.sample = by_token(500ms, 100ms, 3), .chunk_tokens = 2});
  const auto elsewhere = w.ask(0s, {.service = 1, .sample = lasting(1s)});
  w.play();
  EXPECT_THAT(w.of(first), ElementsAre("started at 0", "ok at 1000"));
  EXPECT_THAT(w.of(second), ElementsAre("queued at 0", "started at 1000", "ok at 3000"));
  EXPECT_THAT(w.of(third), ElementsAre("queued at 0", "started at 3000", "+2 at 3600", "+1 at 3700",
                                       "ok at 3700"));
  EXPECT_THAT(w.of(elsewhere), ElementsAre("started at 0", "ok at 1000"));
}

TEST_P(Outside, ACallThatFindsNoWaitingPlaceIsTurnedAway) {
  OutsideWorld w = world(1, 0);
  w.ask(0s, {.sample = lasting(1s)});
  const auto refused = w.ask(999ms, {.sample = lasting(1s)});
  const auto served = w.ask(1001ms, {.sample = lasting(1s)});
  w.play();
  EXPECT_THAT(w.of(refused), ElementsAre("turned away at 999", "rejected at 999"));
  EXPECT_THAT(w.of(served), ElementsAre("started at 1001", "ok at 2001"));
}

TEST_P(Outside, TokensComeWhenTheyExist) {
  OutsideWorld w = world();
  const auto paced = w.ask(0s, {.sample = by_token(500ms, 100ms, 5), .chunk_tokens = 2});
  const auto even = w.ask(0s, {.service = 1, .sample = lasting(3s, 3), .chunk_tokens = 1});
  const auto none = w.ask(0s, {.sample = by_token(500ms, 100ms, 0), .chunk_tokens = 1});
  w.play();
  EXPECT_THAT(w.of(paced),
              ElementsAre("started at 0", "+2 at 600", "+2 at 800", "+1 at 900", "ok at 900"));
  EXPECT_THAT(w.of(even),
              ElementsAre("started at 0", "+1 at 1000", "+1 at 2000", "+1 at 3000", "ok at 3000"));
  EXPECT_THAT(w.of(none), ElementsAre("started at 0", "ok at 500"));
}

TEST_P(Outside, ASampleThatFailsEndsAsFailedAfterItsTime) {
  OutsideWorld w = world();
  OperationSample failing = by_token(500ms, 100ms, 2);
  failing.fails = true;
  const auto streamed = w.ask(0s, {.sample = failing, .chunk_tokens = 2});
  const auto silent = w.ask(0s, {.sample = failing});
  w.play();
  EXPECT_THAT(w.of(streamed), ElementsAre("started at 0", "+2 at 600", "failed at 600"));
  EXPECT_THAT(w.of(silent), ElementsAre("started at 0", "failed at 600"));
}

TEST_P(Outside, AHangUpFreesThePlaceForTheNextAtOnce) {
  for (const std::uint32_t chunk_tokens : {0U, 1U}) {
    OutsideWorld w = world(1);
    const auto first = w.ask(0s, {.sample = by_token(2s, 1s, 10), .chunk_tokens = chunk_tokens});
    const auto second = w.ask(0s, {.sample = lasting(1s)});
    const auto third = w.ask(0s, {.sample = lasting(1s)});
    w.hang_up(1500ms, first);
    w.play();
    EXPECT_THAT(w.of(first), ElementsAre("started at 0"));
    EXPECT_THAT(w.of(second), ElementsAre("queued at 0", "started at 1500", "ok at 2500"));
    EXPECT_THAT(w.of(third), ElementsAre("queued at 0", "started at 2500", "ok at 3500"));
  }
}

TEST_P(Outside, ACallThatIsHungUpWhileItWaitsNeverStarts) {
  OutsideWorld w = world(1);
  w.ask(0s, {.sample = lasting(1s)});
  const auto second = w.ask(0s, {.sample = lasting(1s)});
  const auto third = w.ask(0s, {.sample = lasting(1s)});
  w.hang_up(500ms, second);
  w.play();
  EXPECT_THAT(w.of(second), ElementsAre("queued at 0"));
  EXPECT_THAT(w.of(third), ElementsAre("queued at 0", "started at 1000", "ok at 2000"));
}

TEST_P(Outside, ACallThatIsHungUpOnItsWayNeverStarts) {
  OutsideWorld w = world(1, std::nullopt, 40ms);
  const auto early = w.ask(0s, {.sample = lasting(1s)});
  w.hang_up(39ms, early);
  const auto at_its_arrival = w.ask(1s, {.sample = lasting(1s)});
  w.hang_up(1040ms, at_its_arrival);
  const auto next = w.ask(2s, {.sample = lasting(1s)});
  w.play();
  EXPECT_THAT(w.of(early), IsEmpty());
  EXPECT_THAT(w.of(at_its_arrival), IsEmpty());
  EXPECT_THAT(w.of(next), ElementsAre("started at 2040", "ok at 3080"));
}

TEST_P(Outside, OfAStreamThatIsHungUpComesWhatWasOnItsWayAndNoMore) {
  OutsideWorld w = world(std::nullopt, std::nullopt, 40ms);
  const auto call = w.ask(0s, {.sample = by_token(500ms, 100ms, 5), .chunk_tokens = 1});
  w.hang_up(650ms, call);  // the second token is on its way
  const auto next = w.ask(1s, {.sample = by_token(500ms, 100ms, 2), .chunk_tokens = 1});
  w.play();
  EXPECT_THAT(w.of(call), ElementsAre("started at 40", "+1 at 580", "+1 at 680"));
  EXPECT_THAT(w.of(next), ElementsAre("started at 1040", "+1 at 1580", "+1 at 1680", "ok at 1680"));
}

TEST_P(Outside, AHangUpOfACallThatIsOverDoesNothing) {
  OutsideWorld w = world(1);
  const auto over = w.ask(0s, {.sample = lasting(1s)});
  const auto next = w.ask(0s, {.sample = lasting(1s)});
  w.hang_up(1500ms, over);
  w.hang_up(1500ms, over);
  w.play();
  EXPECT_THAT(w.of(over), ElementsAre("started at 0", "ok at 1000"));
  EXPECT_THAT(w.of(next), ElementsAre("queued at 0", "started at 1000", "ok at 2000"));
}

TEST_P(Outside, AHangUpWhileTheReplyIsOnItsWayFreesNoOthersPlace) {
  OutsideWorld w = world(1, std::nullopt, 40ms);
  const auto over = w.ask(0s, {.sample = lasting(1s)});  // at its service until 1040
  const auto next = w.ask(0s, {.sample = lasting(1s)});
  const auto last = w.ask(0s, {.sample = lasting(1s)});
  w.hang_up(1050ms, over);
  w.play();
  EXPECT_THAT(w.of(next), ElementsAre("queued at 40", "started at 1040", "ok at 2080"));
  EXPECT_THAT(w.of(last), ElementsAre("queued at 40", "started at 2040", "ok at 3080"));
}

TEST_P(Outside, AHangStartsAndKeepsItsPlaceUntilItIsHungUp) {
  for (const std::uint32_t chunk_tokens : {0U, 1U}) {
    OutsideWorld w = world(1);
    const auto hung = w.ask(
        0s, {.sample = by_token(0s, 100ms, 5), .chunk_tokens = chunk_tokens, .pace = hanging});
    const auto next = w.ask(0s, {.sample = by_token(1s, 1s, 2), .chunk_tokens = 1});
    const auto for_good = w.ask(0s, {.sample = lasting(1s), .pace = hanging});
    const auto never = w.ask(0s, {.sample = lasting(1s)});
    w.hang_up(24h, hung);
    w.play();
    EXPECT_THAT(w.of(hung), ElementsAre("started at 0"));
    EXPECT_THAT(w.of(next), ElementsAre("queued at 0", "started at 86400000", "+1 at 86401000",
                                        "+1 at 86402000", "ok at 86402000"));
    EXPECT_THAT(w.of(for_good), ElementsAre("queued at 0", "started at 86402000"));
    EXPECT_THAT(w.of(never), ElementsAre("queued at 0"));
  }
}

TEST_P(Outside, AStallPutsOffTheTokensAfterItAndTheEnd) {
  OutsideWorld w = world();
  const OperationSample sample = by_token(500ms, 100ms, 4);
  const auto streamed =
      w.ask(0s, {.sample = sample, .chunk_tokens = 1, .pace = stalling(sample, 2, 10s)});
  const auto silent = w.ask(0s, {.sample = sample, .pace = stalling(sample, 2, 10s)});
  w.play();
  EXPECT_THAT(w.of(streamed), ElementsAre("started at 0", "+1 at 500", "+1 at 600", "+1 at 10700",
                                          "+1 at 10800", "ok at 10800"));
  EXPECT_THAT(w.of(silent), ElementsAre("started at 0", "ok at 10800"));
  EXPECT_EQ(w.busy(streamed), 10'800ms);
  EXPECT_EQ(w.busy(silent), 10'800ms);
}

TEST_P(Outside, AStallForGoodKeepsItsPlaceUntilItIsHungUp) {
  OutsideWorld w = world(1);
  const OperationSample sample = by_token(500ms, 100ms, 4);
  const auto stalled =
      w.ask(0s, {.sample = sample, .chunk_tokens = 1, .pace = stalling(sample, 2)});
  const auto next = w.ask(0s, {.sample = sample, .chunk_tokens = 4});
  const auto after_it = w.ask(0s, {.sample = sample, .chunk_tokens = 4});
  w.hang_up(5s, stalled);
  w.play();
  EXPECT_THAT(w.of(stalled), ElementsAre("started at 0", "+1 at 500", "+1 at 600"));
  EXPECT_THAT(w.of(next),
              ElementsAre("queued at 0", "started at 5000", "+4 at 5800", "ok at 5800"));
  EXPECT_THAT(w.of(after_it),
              ElementsAre("queued at 0", "started at 5800", "+4 at 6600", "ok at 6600"));
}

TEST_P(Outside, ASlowCallTakesItsTimeForEachToken) {
  OutsideWorld w = world();
  const auto slow = w.ask(0s, {.sample = slowed(by_token(500ms, 100ms, 2), 10), .chunk_tokens = 1});
  w.play();
  EXPECT_THAT(w.of(slow), ElementsAre("started at 0", "+1 at 5000", "+1 at 6000", "ok at 6000"));
}

TEST_P(Outside, ThousandsOfCallsAreEachTheirOwn) {
  OutsideWorld w = world(3000);
  constexpr std::uint32_t calls = 5000;
  for (std::uint32_t i = 0; i < calls; ++i)
    w.ask(0s, {.sample = by_token(1s, 1s, 1 + i % 7), .chunk_tokens = 3});
  for (std::uint32_t i = 0; i < calls; i += 3) w.hang_up(500ms, calls - i);
  w.play();
  std::uint32_t ended = 0;
  std::uint32_t started_at_once = 0;
  for (std::uint32_t call = 1; call <= calls; ++call) {
    const std::vector<std::string> told = w.of(call);
    const bool is_hung_up = (calls - call) % 3 == 0;
    const bool waits = call > 3000;
    ASSERT_EQ(told.front(), waits ? "queued at 0" : "started at 0");
    if (is_hung_up) {
      ASSERT_EQ(told.size(), 1U) << "call " << call;
      continue;
    }
    ++ended;
    started_at_once += waits ? 0U : 1U;
    const std::uint32_t tokens = 1 + (call - 1) % 7;
    ASSERT_EQ(told.size(), (waits ? 3U : 2U) + (tokens + 2) / 3) << "call " << call;
    if (waits) continue;
    ASSERT_EQ(told.back(), "ok at " + std::to_string(1000 * tokens));
  }
  EXPECT_EQ(ended, calls - (calls + 2) / 3);
  EXPECT_GT(started_at_once, 0U);
}

TEST_P(Outside, ACallGoesAsTheSameOperationOfARequestGoes) {
  Model model = two_services(1, 1);
  model.services[0].latency =
      TokenLatency{.time_to_first_token = Distribution::uniform(1e8, 1e9),
                   .time_per_output_token = Distribution::uniform(1e6, 1e8)};
  model.services[0].output_tokens = Distribution::uniform(5, 50);
  model.links.llm = Distribution::uniform(0, 2e8);
  model.workflow = {call(OperationKind::llm, 0, 2)};
  std::vector<std::pair<Duration, std::uint32_t>> of_request;
  std::vector<std::pair<Duration, std::uint32_t>> of_call;
  const auto note = [](auto& list, Address from) {
    return [&list, from](Time now, Address to, const Message& message, bool) {
      if (to != from) return;
      if (const auto* chunk = std::get_if<ModelChunk>(&message))
        list.emplace_back(now - Time{}, chunk->tokens);
      if (std::holds_alternative<Reply>(message)) list.emplace_back(now - Time{}, 0);
    };
  };
  const std::atomic<bool> stop{false};
  PassedOn reports([](const Settled&) {});
  const Policy checkpoint = policy(PolicyKind::checkpoint);
  const Address request{service_address(2).index, 0};
  const auto load = GetParam().make({.model = model,
                                     .policy = checkpoint,
                                     .reports = reports,
                                     .observer = note(of_request, request)});
  announce_load(model, *load);
  load->run(stop);

  Plan plan;
  expand(model, 0, plan);
  const PlanStep& step = plan.steps.front();
  OutsideCalls calls;
  calls.add(1, {.service = 0,
                .request = 0,
                .key = step.key,
                .sample = sample_of(model, 0, step),
                .chunk_tokens = step.chunk_tokens});
  Nobody nobody;
  const auto outside = GetParam().make({.model = model,
                                        .policy = checkpoint,
                                        .from_outside = {.calls = &calls},
                                        .play = LoadPlay::from_outside,
                                        .reports = nobody,
                                        .observer = note(of_call, outside_address(model))});
  outside->post(outside_address(model), AskFromOutside{1}, Time{});
  outside->run(stop);
  EXPECT_GT(of_request.size(), 3U);
  EXPECT_EQ(of_call, of_request);
}

}  // namespace
}  // namespace caesura
