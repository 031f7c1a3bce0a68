#include "scenarios/study/sensitivity.hpp"

#include "tests/small_models.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caesura {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Scenario of(Model model) {
  Scenario scenario;
  scenario.file = "sensitivity.yaml";
  scenario.model = std::move(model);
  return scenario;
}

std::vector<std::string> names(const Sensitivity& sensitivity) {
  std::vector<std::string> all;
  for (const auto& effect : sensitivity.effects) all.push_back(effect.assumption);
  return all;
}

/// An LLM call of 1 s and a tool call of 10 s, twice; a cancel after 3 s stops it at 11 s.
Model cancelled_in_the_tool(std::uint64_t requests) {
  Model model = two_services(requests);
  model.services[0].output_tokens = Distribution::constant(100);
  model.services[0].price.output = Money{20'000'000};
  model.cancels = {cancel_after(3s)};
  return model;
}

TEST(Sensitivity, EachAssumptionIsMadeLargerByItself) {
  const Sensitivity s =
      analyse_sensitivity(of(cancelled_in_the_tool(10)), policy(PolicyKind::checkpoint), 2000);
  EXPECT_EQ(s.policy, "checkpoint");
  EXPECT_EQ(s.requests, 10U);
  EXPECT_EQ(s.tried, 3U);
  EXPECT_EQ(s.base.cancel_latency_mean_s, 8);
  EXPECT_EQ(s.base.saved_tokens, 1000);
  EXPECT_EQ(s.base.saved_usd, 0.02);
  // Tool of 15 s: stops at 16 s. Cancel after 4.5 s. LLM call of 1.5 s: stops at 11.5 s.
  EXPECT_THAT(names(s),
              ElementsAre("latency of tool tool", "time before the cancel", "latency of llm llm"));
  EXPECT_EQ(s.effects[0].figures.cancel_latency_mean_s, 13);
  EXPECT_EQ(s.effects[1].figures.cancel_latency_mean_s, 6.5);
  EXPECT_EQ(s.effects[2].figures.cancel_latency_mean_s, 8.5);
}

TEST(Sensitivity, ScalesLinksProbabilitiesAndModelsGivenByTheToken) {
  Model model = cancelled_in_the_tool(400);
  model.services[0].latency = TokenLatency{fixed(505ms), fixed(5ms)};
  model.links.client = fixed(1s);
  model.cancels[0].probability = 0.4;
  const Sensitivity s = analyse_sensitivity(of(model), policy(PolicyKind::checkpoint), 400);
  EXPECT_EQ(s.tried, 5U);
  EXPECT_THAT(names(s), ::testing::UnorderedElementsAre(
                            "latency of llm llm", "latency of tool tool", "link: client",
                            "probability of the cancel", "time before the cancel"));
  for (const auto& effect : s.effects) {
    if (effect.assumption == "probability of the cancel") {
      EXPECT_NEAR(effect.figures.saved_usd / s.base.saved_usd, 1.5, 0.2);
      EXPECT_EQ(effect.figures.cancel_latency_mean_s, s.base.cancel_latency_mean_s);
    }
    // At the server a link of 1.5 s makes it stop half a second later.
    if (effect.assumption == "link: client") {
      EXPECT_EQ(effect.figures.cancel_latency_mean_s, *s.base.cancel_latency_mean_s + 0.5);
    }
    if (effect.assumption == "latency of llm llm") {
      EXPECT_EQ(effect.figures.cancel_latency_mean_s, *s.base.cancel_latency_mean_s + 0.5);
    }
  }
}

TEST(Sensitivity, AProbabilityDoesNotExceedOneAndWhatChangesNothingIsLeftOut) {
  Model model = cancelled_in_the_tool(50);
  model.services.push_back(service(ServiceKind::agent, fixed(1h)));  // that nobody calls
  model.cancels[0].probability = 0.9;
  const Sensitivity s = analyse_sensitivity(of(model), policy(PolicyKind::checkpoint), 50);
  EXPECT_EQ(s.tried, 5U);
  for (const auto& effect : s.effects) {
    EXPECT_NE(effect.assumption, "latency of agent agent");
    if (effect.assumption == "probability of the cancel") {
      EXPECT_EQ(effect.figures.saved_tokens, 50 * 100);
    }
  }
}

TEST(Sensitivity, RunsNoMoreRequestsThanItIsTold) {
  EXPECT_EQ(analyse_sensitivity(of(cancelled_in_the_tool(5000)), policy(PolicyKind::checkpoint), 20)
                .requests,
            20U);
}

TEST(Sensitivity, WhereNothingIsCancelledNothingMatters) {
  Model model = two_services(5);
  const Sensitivity s = analyse_sensitivity(of(model), policy(PolicyKind::checkpoint), 20);
  EXPECT_FALSE(s.base.cancel_latency_mean_s);
  EXPECT_THAT(names(s), IsEmpty());
}

}  // namespace
}  // namespace caesura
