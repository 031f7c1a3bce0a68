#include "scenarios/run/live_services.hpp"

#include "tests/small_models.hpp"
#include "tests/small_trees.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using What = CallEvent::What;

Scenario scenario_of(Model model) {
  Scenario scenario;
  scenario.name = "asked";
  scenario.file = "asked.yaml";
  scenario.model = std::move(model);
  scenario.policies = {policy(PolicyKind::checkpoint)};
  return scenario;
}

/// Both services of so many places.
Scenario limited(std::uint64_t places, std::optional<std::uint64_t> queue = std::nullopt) {
  Model model = two_services();
  for (ServiceProfile& profile : model.services) {
    profile.concurrency = places;
    profile.queue = queue;
  }
  return scenario_of(std::move(model));
}

OperationSample lasting(Duration duration) { return {.duration = duration}; }

OperationSample by_token(Duration first, Duration per_token, std::int64_t tokens) {
  OperationSample sample{.first_token = first, .per_token = per_token, .by_token = true};
  sample.tokens.output = {tokens};
  fit_duration(sample);
  return sample;
}

std::string word(const CallEvent& event) {
  switch (event.what) {
    case What::queued:
      return "queued";
    case What::turned_away:
      return "turned away";
    case What::started:
      return "started";
    case What::tokens:
      return "+" + std::to_string(event.tokens);
    case What::ended:
      return event.result == OperationResult::ok       ? "ok"
             : event.result == OperationResult::failed ? "failed"
                                                       : "rejected";
  }
  return "";
}

/// "1 started at 0": times in milliseconds.
std::vector<std::string> words(const std::vector<CallEvent>& events) {
  std::vector<std::string> all;
  for (const CallEvent& event : events) {
    all.push_back(std::to_string(event.call) + " " + word(event) + " at " +
                  std::to_string((event.at - Time{}) / 1ms));
  }
  return all;
}

class ManualServices {
 public:
  explicit ManualServices(Scenario scenario)
      : scenario_(std::move(scenario)), services_(scenario_, {.manual_clock = true}) {}

  LiveServices* operator->() { return &services_; }
  std::vector<std::string> happened() { return words(services_.take_events()); }
  std::vector<std::string> happened_after(Duration by) {
    services_.advance(by);
    return happened();
  }

 private:
  const Scenario scenario_;
  LiveServices services_;
};

TEST(LiveServices, ACallRunsToItsEndAsTimeIsAdvanced) {
  ManualServices services(limited(1));
  services->ask({.sample = by_token(500ms, 100ms, 3), .chunk_tokens = 2});
  services->ask({.sample = lasting(1s)});
  EXPECT_THAT(services.happened(), ElementsAre("1 started at 0", "2 queued at 0"));
  EXPECT_THAT(services.happened_after(599ms), IsEmpty());
  EXPECT_THAT(services.happened_after(1ms), ElementsAre("1 +2 at 600"));
  EXPECT_THAT(services.happened_after(1h),
              ElementsAre("1 +1 at 700", "1 ok at 700", "2 started at 700", "2 ok at 1700"));
  EXPECT_EQ(services->now(), at(1h + 600ms));
  EXPECT_EQ(services->open(), 0U);
  EXPECT_EQ(services->open_peak(), 2U);
}

TEST(LiveServices, ACallThatFindsNoWaitingPlaceIsTurnedAway) {
  ManualServices services(limited(1, 0));
  services->ask({.sample = lasting(1s)});
  services->ask({.sample = lasting(1s)});
  EXPECT_THAT(services.happened(),
              ElementsAre("1 started at 0", "2 turned away at 0", "2 rejected at 0"));
}

TEST(LiveServices, OfACallThatWasHungUpNothingComesAndTheNextStartsAtOnce) {
  ManualServices services(limited(1));
  const CallNumber first = services->ask({.sample = by_token(1s, 1s, 9), .chunk_tokens = 1});
  services->ask({.sample = lasting(1s)});
  services.happened();
  services->advance(2500ms);
  EXPECT_TRUE(services->hang_up(first));
  EXPECT_THAT(services.happened(), ElementsAre("2 started at 2500"))
      << "nor what it had not taken before";
  EXPECT_THAT(services.happened_after(1h), ElementsAre("2 ok at 3500"));
  EXPECT_FALSE(services->hang_up(first));
}

TEST(LiveServices, ACallThatNobodyHangsUpRunsOnToItsEnd) {
  ManualServices services(limited(2));
  const CallNumber first = services->ask({.sample = lasting(100s)});
  services->ask({.sample = lasting(100s)});
  services.happened();
  services->advance(50s);
  services->hang_up(first);
  EXPECT_THAT(services.happened_after(1h), ElementsAre("2 ok at 100000"));
}

TEST(LiveServices, AHangUpOfACallThatIsOverTakesNothingBack) {
  ManualServices services(limited(1));
  const CallNumber call = services->ask({.sample = lasting(1s)});
  services->advance(1s);
  EXPECT_FALSE(services->hang_up(call));
  EXPECT_THAT(services.happened(), ElementsAre("1 started at 0", "1 ok at 1000"));
  EXPECT_FALSE(services->hang_up(call));
  EXPECT_FALSE(services->hang_up(77));
  EXPECT_THAT(services.happened_after(1h), IsEmpty());
}

TEST(LiveServices, FaultsOfACallAreItsOwn) {
  ManualServices services(limited(9));
  const OperationSample sample = by_token(500ms, 100ms, 3);
  OperationSample failing = sample;
  failing.fails = true;
  services->ask({.sample = sample, .chunk_tokens = 1, .pace = hanging});
  services->ask({.sample = sample, .chunk_tokens = 1, .pace = stalling(sample, 1, 1s)});
  services->ask({.sample = sample, .chunk_tokens = 1, .pace = stalling(sample, 2)});
  services->ask({.sample = failing});
  services->ask({.service = 1, .sample = slowed(sample, 10)});
  EXPECT_THAT(services.happened(), ElementsAre("1 started at 0", "2 started at 0", "3 started at 0",
                                               "4 started at 0", "5 started at 0"));
  EXPECT_THAT(services.happened_after(1h),
              ElementsAre("2 +1 at 500", "3 +1 at 500", "3 +1 at 600", "4 failed at 700",
                          "2 +1 at 1600", "2 +1 at 1700", "2 ok at 1700", "5 ok at 7000"));
  EXPECT_EQ(services->open(), 2U) << "one hangs, one stands still";
}

TEST(LiveServices, WhatCannotBeAskedIsRefused) {
  ManualServices services(scenario_of(two_services()));
  EXPECT_THROW(services->ask({.service = 2}), std::out_of_range);
  Model with_child = two_services();
  with_child.children = {ChildWorkflow{.workflow = with_child.workflow}};
  ManualServices agents(scenario_of(with_child));
  EXPECT_THROW(agents->ask({.service = 0}), std::invalid_argument);
  EXPECT_EQ(agents->ask({.service = 1}), 1U);
}

TEST(LiveServices, LinksAreDrawnAsTheRequestsSeedHasThem) {
  Model model = two_services();
  model.links.llm = Distribution::uniform(0, 1e9);
  const Scenario scenario = scenario_of(model);
  OwnSeeds own;
  own.add(5, 4711);
  Model other = model;
  other.seed = 4711;
  const Scenario of_that_seed = scenario_of(other);
  const auto started = [](const Scenario& s, const OwnSeeds* seeds, RequestNumber request) {
    LiveServices services(s, {.manual_clock = true, .own_seeds = seeds});
    services.ask({.request = request, .key = 3, .sample = lasting(1s)});
    services.advance(1h);
    return services.take_events().front().at;
  };
  EXPECT_EQ(started(scenario, &own, 5), started(of_that_seed, nullptr, 0));
  EXPECT_NE(started(scenario, nullptr, 5), started(of_that_seed, nullptr, 0));
}

TEST(LiveServices, TellsOnceThatThereAreEvents) {
  const Scenario scenario = limited(2);
  int told = 0;
  LiveServices services(scenario, {.manual_clock = true, .on_events = [&] { ++told; }});
  services.ask({.sample = lasting(1s)});
  services.ask({.sample = lasting(1s)});
  services.advance(1h);
  EXPECT_EQ(told, 1);
  EXPECT_EQ(services.take_events().size(), 4U);
  services.ask({.sample = lasting(1s)});
  EXPECT_EQ(told, 2);
}

/// In real time, as fast as the machine can: what is told of each call is the same, whatever the
/// moments.
class RealTimeLiveServices : public ::testing::Test {
 protected:
  LiveServicesOptions options() {
    LiveServicesOptions options;
    options.on_events = [this] {
      const std::lock_guard lock(mutex_);
      is_told_ = true;
      told_.notify_one();
    };
    return options;
  }
  /// Waits for events until `done` holds of those so far.
  template <class Done>
  void collect(LiveServices& services, const Done& done) {
    while (!done()) {
      std::unique_lock lock(mutex_);
      if (!told_.wait_for(lock, 60s, [this] { return is_told_; }))
        throw std::runtime_error("nothing more happens");
      is_told_ = false;
      lock.unlock();
      for (const CallEvent& event : services.take_events()) events_.push_back(event);
    }
  }
  std::ptrdiff_t count(What what) const {
    return std::count_if(events_.begin(), events_.end(),
                         [&](const CallEvent& e) { return e.what == what; });
  }
  static std::map<CallNumber, std::vector<std::string>> by_call(
      const std::vector<CallEvent>& events) {
    std::map<CallNumber, std::vector<std::string>> all;
    for (const CallEvent& event : events) all[event.call].push_back(word(event));
    return all;
  }

  std::mutex mutex_;
  std::condition_variable told_;
  bool is_told_ = false;
  std::vector<CallEvent> events_;
};

/// The first hangs and has the only place until all others wait, but those that the queue has no
/// room for.
std::vector<OutsideCall> one_after_another() {
  const OperationSample sample = by_token(5ms, 1ms, 5);
  OperationSample failing = sample;
  failing.fails = true;
  return {{.sample = sample, .chunk_tokens = 1, .pace = hanging},
          {.sample = sample, .chunk_tokens = 2},
          {.sample = lasting(2ms)},
          {.sample = failing, .chunk_tokens = 1},
          {.sample = sample, .chunk_tokens = 1, .pace = stalling(sample, 3, 7ms)},
          {.sample = slowed(sample, 1.5), .chunk_tokens = 3},
          {.sample = sample}};
}

TEST_F(RealTimeLiveServices, TellsOfEachCallWhatIsToldWithAManualClock) {
  const Scenario scenario = limited(1, 5);
  const std::vector<OutsideCall> calls = one_after_another();

  LiveServices manual(scenario, {.manual_clock = true});
  for (const OutsideCall& call : calls) manual.ask(call);
  std::vector<CallEvent> expected = manual.take_events();
  manual.hang_up(1);
  manual.advance(1h);
  for (const CallEvent& event : manual.take_events()) expected.push_back(event);

  LiveServices services(scenario, options());
  for (const OutsideCall& call : calls) services.ask(call);
  collect(services, [&] { return count(What::ended) == 1; });  // the last was turned away
  services.hang_up(1);
  collect(services, [&] { return count(What::ended) == 6; });
  EXPECT_EQ(by_call(events_), by_call(expected));
  EXPECT_EQ(by_call(events_).size(), calls.size());
}

TEST_F(RealTimeLiveServices, NothingComesBeforeItIsDueFromTheStartThatTheServiceTells) {
  const Scenario scenario = scenario_of(two_services());
  const OperationSample sample = by_token(2ms, 1ms, 8);
  const Pace pace = stalling(sample, 4, 3ms);
  LiveServices services(scenario, options());
  const Time asked = services.now();
  services.ask({.sample = sample, .chunk_tokens = 1, .pace = pace});
  collect(services, [&] { return count(What::ended) == 1; });
  ASSERT_EQ(events_.size(), 10U);
  const Time start = events_.front().at;
  EXPECT_GE(start, asked);
  for (std::int64_t k = 1; k <= 8; ++k)
    EXPECT_GE(events_.at(static_cast<std::size_t>(k)).at,
              start + *due(pace, token_time(sample, k)));
  EXPECT_GE(events_.back().at, start + *whole_duration(sample, pace));
}

TEST_F(RealTimeLiveServices, ManyCallsEachComeToTheirEndOrTheirHangUp) {
  const Scenario scenario = limited(50);
  LiveServices services(scenario, options());
  constexpr CallNumber calls = 600;
  const OperationSample sample = by_token(1ms, 100us, 5);
  for (CallNumber call = 1; call <= calls; ++call)
    services.ask({.service = static_cast<std::uint16_t>(call % 2),
                  .sample = sample,
                  .chunk_tokens = call % 3,
                  .pace = call % 5 == 0 ? stalling(sample, 2) : Pace{}});
  std::ptrdiff_t hung_up = 0;
  for (CallNumber call = 1; call <= calls; ++call) {
    // A call that stands still for good ends no other way.
    if (call % 7 == 0 || call % 5 == 0) hung_up += services.hang_up(call) ? 1 : 0;
  }
  EXPECT_GE(hung_up, calls / 5);
  collect(services, [&] { return services.open() == 0; });
  for (const CallEvent& event : services.take_events()) events_.push_back(event);
  std::map<CallNumber, std::uint32_t> tokens;
  for (const CallEvent& event : events_) tokens[event.call] += event.tokens;
  std::ptrdiff_t ended = 0;
  for (const CallEvent& event : events_) {
    if (event.what != What::ended) continue;
    ++ended;
    EXPECT_EQ(tokens[event.call], event.call % 3 == 0 ? 0U : 5U) << "call " << event.call;
  }
  EXPECT_EQ(ended + hung_up, calls);
}

TEST_F(RealTimeLiveServices, NothingHappensOnceItHasBeenHalted) {
  const Scenario scenario = limited(1);
  LiveServices services(scenario, options());
  services.ask({.sample = lasting(1h)});
  collect(services, [&] { return count(What::started) == 1; });
  services.halt();
  services.ask({.sample = lasting(1ms)});
  EXPECT_THAT(services.take_events(), IsEmpty());
  EXPECT_EQ(services.open(), 2U);
}

}  // namespace
}  // namespace caesura
