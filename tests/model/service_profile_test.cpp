#include "model/service_profile.hpp"

#include "model/purpose.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace caesura {
namespace {

using namespace std::chrono_literals;

Distribution fixed(Duration d) { return Distribution::constant(static_cast<double>(d.count())); }

ServiceProfile by_token(double tokens = 100) {
  ServiceProfile profile;
  profile.latency = TokenLatency{fixed(800ms), fixed(25ms)};
  profile.output_tokens = Distribution::constant(tokens);
  profile.input_tokens = Distribution::constant(1200);
  return profile;
}

ServiceProfile whole(Duration d, double tokens) {
  ServiceProfile profile;
  profile.latency = WholeLatency{fixed(d)};
  profile.output_tokens = Distribution::constant(tokens);
  return profile;
}

TEST(ServiceProfile, AModelByTokenEndsWithItsLastTokenOneGapAfterTheOther) {
  EXPECT_EQ(sample_operation(by_token(100), {}).duration, Duration{800ms + 99 * 25ms});
}

TEST(ServiceProfile, AModelByTokenThatMakesOneTokenOrNoneTakesTheTimeToTheFirst) {
  for (const double tokens : {0.0, 1.0}) {
    const OperationSample sample = sample_operation(by_token(tokens), {});
    EXPECT_EQ(sample.duration, Duration{800ms});
    EXPECT_EQ(tokens_generated(sample, 800ms - 1ns), Tokens{0});
    EXPECT_EQ(tokens_generated(sample, 800ms), sample.tokens.output);
  }
}

TEST(ServiceProfile, TokensOfAModelByTokenExistFromTheirVeryInstant) {
  const OperationSample sample = sample_operation(by_token(), {});
  EXPECT_EQ(tokens_generated(sample, 799ms), Tokens{0});
  EXPECT_EQ(tokens_generated(sample, 800ms), Tokens{1});
  EXPECT_EQ(tokens_generated(sample, 824ms), Tokens{1});
  EXPECT_EQ(tokens_generated(sample, 825ms), Tokens{2});
  EXPECT_EQ(tokens_generated(sample, sample.duration), Tokens{100});
}

TEST(ServiceProfile, TokenKIsGeneratedExactlyFromItsTimeOn) {
  // Times that do not divide evenly, in both kinds of latency.
  for (const ServiceProfile& profile :
       {by_token(), by_token(1), whole(1000ms + 1ns, 7), whole(3ns, 7), whole(99ns, 1)}) {
    const OperationSample sample = sample_operation(profile, {});
    for (std::int64_t k = 1; k <= sample.tokens.output.value; ++k) {
      const Duration t = token_time(sample, k);
      EXPECT_GE(tokens_generated(sample, t).value, k);
      if (t > zero_duration) {
        EXPECT_LT(tokens_generated(sample, t - 1ns).value, k);
      }
    }
    EXPECT_EQ(token_time(sample, sample.tokens.output.value), sample.duration);
  }
}

TEST(ServiceProfile, AllTokensOfAnInstantCallExistAtOnce) {
  EXPECT_EQ(tokens_generated(sample_operation(whole(0s, 9), {}), 0s), Tokens{9});
}

TEST(ServiceProfile, CachedInputGrowsWithEachModelCall) {
  ServiceProfile profile = by_token();
  profile.cached_input_tokens = GrowingContext{.first = {20000}, .per_call = {1100}};
  EXPECT_EQ(sample_operation(profile, {.model_call = 0}).tokens.cached_input, Tokens{20000});
  EXPECT_EQ(sample_operation(profile, {.model_call = 3}).tokens.cached_input, Tokens{23300});
}

TEST(ServiceProfile, IsAPureFunctionOfItsKeyAndDependsOnAllOfIt) {
  ServiceProfile profile = by_token();
  profile.latency = WholeLatency{Distribution::exponential(1e9)};
  const auto duration = [&](const Call& call) { return sample_operation(profile, call).duration; };
  const Call call{.seed = 1, .request = 2, .key = 3};
  EXPECT_EQ(duration(call), duration(call));
  EXPECT_NE(duration(call), duration({.seed = 2, .request = 2, .key = 3}));
  EXPECT_NE(duration(call), duration({.seed = 1, .request = 3, .key = 3}));
  EXPECT_NE(duration(call), duration({.seed = 1, .request = 2, .key = 4}));
}

TEST(ServiceProfile, FailsInItsShareOfCalls) {
  ServiceProfile profile = by_token();
  profile.failure_rate = 0.1;
  int failures = 0;
  for (std::uint64_t n = 0; n < 10'000; ++n)
    failures += sample_operation(profile, {.request = n}).fails ? 1 : 0;
  EXPECT_NEAR(failures, 1000, 130);
}

TEST(ServiceProfile, WhatACutOffCallIsBilledDependsOnItsProvider) {
  ServiceProfile profile = by_token();
  const OperationSample sample = sample_operation(profile, {});
  const auto billed = [&](OnAbort rule) {
    profile.on_abort = rule;
    return usage_if_cut_off(profile, sample, 1275ms).billed;
  };
  EXPECT_EQ(usage_if_cut_off(profile, sample, 1275ms).used.output, Tokens{20});
  EXPECT_EQ(billed(OnAbort::generated), (TokenCounts{.input = {1200}, .output = {20}}));
  EXPECT_EQ(billed(OnAbort::full), (TokenCounts{.input = {1200}, .output = {100}}));
  EXPECT_EQ(billed(OnAbort::input), (TokenCounts{.input = {1200}}));
  EXPECT_EQ(billed(OnAbort::none), TokenCounts{});
}

TEST(ServiceProfile, WhatIsTransactionalIsNeverCutOff) {
  ServiceProfile profile = whole(2s, 0);
  profile.transactional = true;
  EXPECT_EQ(usage_if_cut_off(profile, sample_operation(profile, {}), 1s).busy, Duration{2s});
}

TEST(ServiceProfile, NoSampleIsLongerThanTheLongestDurationNorHasMoreThanTheMostTokens) {
  ServiceProfile profile = by_token();
  profile.output_tokens = Distribution::pareto(1e6, 0.01);
  profile.latency = TokenLatency{Distribution::pareto(1e9, 0.01), Distribution::pareto(1e9, 0.01)};
  for (std::uint64_t n = 0; n < 1000; ++n) {
    const OperationSample sample = sample_operation(profile, {.request = n});
    EXPECT_LE(sample.duration, longest_duration);
    EXPECT_LE(sample.tokens.output, most_tokens);
  }
}

TEST(Money, PricesOfMillionsOfTokensAreExact) {
  const Price price{.input = {3'000'000},
                    .cached_input = {300'000},
                    .output = {15'000'000}};  // $3, $0.30 and $15 per million
  EXPECT_EQ(
      cost_of(price, {.input = {1'000'000}, .cached_input = {1'000'000}, .output = {1'000'000}}),
      Money{18'300'000'000'000});
}

TEST(Money, ARequestThatCostsMoreThanSixtyFourBitsHoldIsRefusedNotWrapped) {
  Money money{std::numeric_limits<std::int64_t>::max()};
  EXPECT_THROW(money += Money{1}, std::overflow_error);
}

TEST(Draw, PurposesAndIndicesGiveDifferentNumbers) {
  EXPECT_NE(draw(1, 1, 1, Purpose::latency), draw(1, 1, 1, Purpose::failure));
  EXPECT_NE(draw(1, 1, 1, Purpose::latency, 0), draw(1, 1, 1, Purpose::latency, 1));
}

}  // namespace
}  // namespace caesura
