#include "model/pace.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;

OperationSample by_token(Duration first, Duration per_token, std::int64_t tokens) {
  OperationSample sample{.first_token = first, .per_token = per_token, .by_token = true};
  sample.tokens.output = {tokens};
  fit_duration(sample);
  return sample;
}

OperationSample whole(Duration duration, std::int64_t tokens) {
  OperationSample sample{.duration = duration};
  sample.tokens = {.input = {100}, .cached_input = {10}, .output = {tokens}};
  return sample;
}

const std::vector<OperationSample> samples{
    by_token(5ns, 3ns, 7), by_token(0ns, 2ns, 4), by_token(4ns, 0ns, 5), by_token(6ns, 3ns, 0),
    whole(20ns, 7),        whole(20ns, 0),        whole(0ns, 3),         whole(3ns, 11)};

std::vector<Pace> paces_of(const OperationSample& sample) {
  std::vector<Pace> paces{Pace{}, hanging};
  for (std::int64_t token = 0; token <= sample.tokens.output.value + 1; ++token) {
    paces.push_back(stalling(sample, token));
    for (const Duration lasts : {0ns, 1ns, 9ns}) paces.push_back(stalling(sample, token, lasts));
  }
  return paces;
}

/// Longer than any of them takes, if it ends.
constexpr Duration long_enough = 50ns;

template <class Check>
void for_each_pace(const Check& check) {
  for (std::size_t s = 0; s < samples.size(); ++s) {
    const std::vector<Pace> paces = paces_of(samples[s]);
    for (std::size_t p = 0; p < paces.size(); ++p) {
      SCOPED_TRACE("sample " + std::to_string(s) + ", pace " + std::to_string(p));
      check(samples[s], paces[p]);
    }
  }
}

TEST(Pace, WhatHasBeenWorkedWhenAMomentFallsDueIsThatMoment) {
  for_each_pace([](const OperationSample&, const Pace& pace) {
    for (Duration work = 0ns; work < long_enough; ++work) {
      const std::optional<Duration> moment = due(pace, work);
      if (!moment) continue;
      EXPECT_EQ(worked(pace, *moment), work);
    }
  });
}

TEST(Pace, WhatHasBeenWorkedIsTheLatestMomentThatHasFallenDue) {
  for_each_pace([](const OperationSample&, const Pace& pace) {
    for (Duration elapsed = 0ns; elapsed < long_enough; ++elapsed) {
      Duration latest{-1};
      for (Duration work = 0ns; work < long_enough; ++work) {
        const auto moment = due(pace, work);
        if (moment && *moment <= elapsed) latest = work;
      }
      EXPECT_EQ(worked(pace, elapsed), latest) << elapsed.count() << " ns after the start";
    }
  });
}

TEST(Pace, ATokenExistsFromTheMomentItIsDue) {
  for_each_pace([](const OperationSample& sample, const Pace& pace) {
    for (Duration elapsed = 0ns; elapsed < long_enough; ++elapsed) {
      std::int64_t exist = 0;
      for (std::int64_t k = 1; k <= sample.tokens.output.value; ++k) {
        const auto moment = due(pace, token_time(sample, k));
        if (moment && *moment <= elapsed) ++exist;
      }
      EXPECT_EQ(tokens_generated(sample, pace, elapsed).value, exist)
          << elapsed.count() << " ns after the start";
    }
  });
}

TEST(Pace, UndisturbedItChangesNothing) {
  ServiceProfile profile;
  profile.on_abort = OnAbort::input;
  for (const OperationSample& sample : samples) {
    EXPECT_EQ(whole_duration(sample, {}), sample.duration);
    for (Duration elapsed = 0ns; elapsed < long_enough; ++elapsed) {
      const Usage paced = usage_if_cut_off(profile, sample, Pace{}, elapsed);
      const Usage plain = usage_if_cut_off(profile, sample, elapsed);
      EXPECT_EQ(paced.used, plain.used);
      EXPECT_EQ(paced.billed, plain.billed);
      EXPECT_EQ(paced.busy, plain.busy);
    }
  }
}

TEST(Pace, AStallPutsOffWhatIsDueAfterItsToken) {
  const OperationSample sample = by_token(500ms, 100ms, 10);
  const Pace pace = stalling(sample, 3, 10s);
  EXPECT_EQ(due(pace, token_time(sample, 3)), 700ms);
  EXPECT_EQ(due(pace, token_time(sample, 4)), 10'800ms);
  EXPECT_EQ(whole_duration(sample, pace), 11'400ms);
  const Pace from_the_start = stalling(sample, 0, 10s);
  EXPECT_EQ(due(from_the_start, token_time(sample, 1)), 10'500ms);
  const Pace for_good = stalling(sample, 3);
  EXPECT_EQ(due(for_good, token_time(sample, 3)), 700ms);
  EXPECT_EQ(due(for_good, token_time(sample, 4)), std::nullopt);
  EXPECT_EQ(whole_duration(sample, for_good), std::nullopt);
}

TEST(Pace, AStallAfterATokenThatIsTheEndOrNeverMadeChangesNothing) {
  const OperationSample sample = by_token(500ms, 100ms, 10);
  EXPECT_EQ(whole_duration(sample, stalling(sample, 10)), sample.duration);
  EXPECT_EQ(whole_duration(sample, stalling(sample, 11)), sample.duration);
  EXPECT_EQ(whole_duration(whole(1s, 0), stalling(whole(1s, 0), 1)), 1s);
}

TEST(Pace, OfAHangNothingEverFallsDueAndAllTimeIsBusy) {
  const OperationSample sample = by_token(0ns, 2ns, 4);
  EXPECT_EQ(due(hanging, 0ns), std::nullopt);
  EXPECT_EQ(whole_duration(whole(0ns, 0), hanging), std::nullopt);
  const Usage usage = usage_if_cut_off({}, whole(3ns, 11), hanging, 1h);
  EXPECT_EQ(usage.used, (TokenCounts{.input = {100}, .cached_input = {10}, .output = {0}}));
  EXPECT_EQ(usage.busy, 1h);
  EXPECT_EQ(tokens_generated(sample, hanging, 1h), Tokens{});
}

TEST(Pace, TimeThatStandsStillIsBusy) {
  const OperationSample sample = whole(20ns, 10);
  const Pace pace = stalling(sample, 5, 9ns);
  const auto busy = [&](Duration elapsed) {
    EXPECT_EQ(usage_so_far(sample, pace, elapsed).busy,
              usage_if_cut_off({}, sample, pace, elapsed).busy);
    return usage_so_far(sample, pace, elapsed).busy;
  };
  EXPECT_EQ(busy(10ns), 10ns);
  EXPECT_EQ(busy(15ns), 15ns);
  EXPECT_EQ(busy(28ns), 28ns);
  EXPECT_EQ(busy(29ns), 29ns);
  EXPECT_EQ(busy(1h), 29ns);
  EXPECT_EQ(usage_so_far(sample, pace, 15ns).used.output, Tokens{5});
  EXPECT_EQ(usage_if_cut_off({}, sample, pace, 28ns).used.output, Tokens{9});
  EXPECT_EQ(usage_if_cut_off({}, sample, pace, 29ns).used.output, Tokens{10});
}

TEST(Pace, WhatIsBilledIsWhatTheServiceSaysOfWhatExists) {
  ServiceProfile profile;
  profile.on_abort = OnAbort::full;
  const OperationSample sample = whole(20ns, 10);
  const Usage usage = usage_if_cut_off(profile, sample, stalling(sample, 5), 1h);
  EXPECT_EQ(usage.used.output, Tokens{5});
  EXPECT_EQ(usage.billed, sample.tokens);
  EXPECT_EQ(usage.busy, 1h);
}

TEST(Pace, ATransactionalOperationIsNeverCutOffShortOfItsEnd) {
  ServiceProfile profile;
  profile.transactional = true;
  const OperationSample sample = whole(20ns, 10);
  const Usage delayed = usage_if_cut_off(profile, sample, stalling(sample, 5, 9ns), 3ns);
  EXPECT_EQ(delayed.used, sample.tokens);
  EXPECT_EQ(delayed.busy, 29ns);
  const Usage endless = usage_if_cut_off(profile, sample, stalling(sample, 5), 100ns);
  EXPECT_EQ(endless.used.output, Tokens{5});
  EXPECT_EQ(endless.busy, 100ns);
}

TEST(Slowed, MultipliesAllTimesToTheNearestNanosecond) {
  const OperationSample slow = slowed(by_token(5ns, 3ns, 7), 1.5);
  EXPECT_EQ(slow.first_token, 8ns);
  EXPECT_EQ(slow.per_token, 5ns);
  EXPECT_EQ(slow.duration, 8ns + 6 * 5ns);
  EXPECT_EQ(slow.tokens.output, Tokens{7});
  EXPECT_EQ(slowed(whole(7ns, 3), 10).duration, 70ns);
  EXPECT_EQ(slowed(whole(7ns, 3), 0.5).duration, 4ns);
}

TEST(Slowed, ByOneChangesNothing) {
  const OperationSample longest = whole(longest_duration - 1ns, 3);
  EXPECT_EQ(slowed(longest, 1).duration, longest.duration);
}

TEST(Slowed, LastsNoLongerThanTheLongestDuration) {
  EXPECT_EQ(slowed(whole(1h, 3), 1e9).duration, longest_duration);
  const OperationSample slow = slowed(by_token(1h, 1h, 7), 1e9);
  EXPECT_EQ(slow.duration, longest_duration);
  EXPECT_EQ(token_time(slow, 7), slow.duration);
}

}  // namespace
}  // namespace caesura
