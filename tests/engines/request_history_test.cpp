#include "actors/request_history.hpp"

#include "engines/world.hpp"
#include "tests/small_trees.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

namespace caesura {
namespace {

using namespace testing;
using What = RequestEvent::What;

/// All that happens in a world, and what its requests report.
struct Played {
  std::vector<RequestEvent> events;
  AllSettled settled;
};

Played played(const Model& model, const Policy& p, MakeWorld make) {
  Played all;
  PassedOn reports([&](const Settled& s) { all.settled[s.request.number] = s; });
  const auto world = make(
      {.model = model, .policy = p, .reports = reports, .history = [&](const RequestEvent& event) {
         all.events.push_back(event);
       }});
  announce_load(model, *world);
  const std::atomic<bool> stop{false};
  EXPECT_TRUE(world->run(stop));
  return all;
}

const std::vector<Policy> rules{policy(PolicyKind::never), policy(PolicyKind::checkpoint),
                                abort_after(25ms),         abort_after(3s),
                                disconnect_after(100ms),   escalate_after(1s, 25ms)};

/// An operation's life: what may come after what has come so far.
class Life {
 public:
  void follow(What what) {
    switch (what) {
      case What::asked:
        return expect(what, stage_ == Stage::none), move_to(Stage::asked);
      case What::queued:
      case What::turned_away:
        return expect(what, stage_ == Stage::asked), move_to(Stage::waiting);
      case What::started:
        expect(what, stage_ == Stage::asked || stage_ == Stage::waiting);
        return move_to(Stage::started);
      case What::ended:  // of one turned away too
        expect(what, stage_ == Stage::started || stage_ == Stage::waiting);
        return move_to(Stage::over);
      case What::withdrawn:
        expect(what, stage_ == Stage::asked || stage_ == Stage::waiting);
        return move_to(Stage::over);
      case What::cut_off:
      case What::left_running:
        return expect(what, stage_ == Stage::started), move_to(Stage::over);
      case What::began:
      case What::cancel_received:
      case What::stopped:
        return;
    }
  }
  bool is_over() const { return stage_ == Stage::over; }

 private:
  enum class Stage : std::uint8_t { none, asked, waiting, started, over };
  void expect(What what, bool fits) const {
    EXPECT_TRUE(fits) << "event " << static_cast<int>(what) << " in stage "
                      << static_cast<int>(stage_);
  }
  void move_to(Stage stage) { stage_ = stage; }
  Stage stage_ = Stage::none;
};

class RequestHistoryOnBothEngines : public ::testing::TestWithParam<Engine> {};

TEST_P(RequestHistoryOnBothEngines, EachOperationHasOneLifeAndNothingFollowsTheStop) {
  for (const Busy kind : every_busy) {
    for (const Policy& rule : rules) {
      using Actor = std::tuple<std::uint32_t, std::uint32_t>;
      std::map<Actor, std::map<std::uint32_t, Life>> lives;
      std::set<Actor> living;
      for (const RequestEvent& e : played(busy_model(kind), rule, GetParam().make).events) {
        const Actor actor{e.request.index, e.request.generation};
        if (e.what == What::began) {
          EXPECT_TRUE(living.insert(actor).second);
          continue;
        }
        EXPECT_TRUE(living.contains(actor)) << "event " << static_cast<int>(e.what);
        if (e.operation != 0) lives[actor][e.operation].follow(e.what);
        if (e.what != What::stopped) continue;
        living.erase(actor);
        for (const auto& [operation, life] : lives[actor])
          EXPECT_TRUE(life.is_over()) << "operation " << operation;
      }
      EXPECT_TRUE(living.empty());
    }
  }
}

TEST_P(RequestHistoryOnBothEngines, SaysWhatTheReportsCount) {
  for (const Busy kind : every_busy) {
    for (const Policy& rule : rules) {
      const Played all = played(busy_model(kind), rule, GetParam().make);
      std::uint64_t cut_off = 0;
      std::uint64_t orphans = 0;
      std::map<RequestNumber, std::optional<Time>> received;
      for (const RequestEvent& e : all.events) {
        cut_off += e.what == What::cut_off ? 1U : 0U;
        orphans += e.what == What::cut_off && e.is_orphan ? 1U : 0U;
        if (e.ticket == no_ticket) continue;
        if (e.what == What::cancel_received) received[e.number] = e.at;
        if (e.what != What::stopped) continue;
        EXPECT_EQ(all.settled.at(e.number).request.stopped, e.at);
        EXPECT_EQ(all.settled.at(e.number).request.outcome, e.outcome);
      }
      for (const auto& [number, settled] : all.settled) {
        for (const std::uint32_t count : settled.request.interrupted) cut_off -= count;
        orphans -= settled.request.orphans.count;
        EXPECT_EQ(settled.request.cancel_received, received[number]);
      }
      EXPECT_EQ(cut_off, 0U);
      EXPECT_EQ(orphans, 0U);
    }
  }
}

TEST_P(RequestHistoryOnBothEngines, SaysWhyAnOperationWasGivenUp) {
  Model model = one_child(untold);
  model.cancels = {cancel_after(3s)};
  std::vector<RequestEvent> given_up;
  const auto keep = [&](const Model& m, const Policy& p) {
    given_up.clear();
    for (const RequestEvent& e : played(m, p, GetParam().make).events) {
      if (e.what == What::cut_off || e.what == What::left_running) given_up.push_back(e);
    }
  };
  keep(model, abort_after(500ms));
  ASSERT_EQ(given_up.size(), 1U);
  EXPECT_EQ(given_up[0].why, RequestEvent::GivenUp::by_abort);
  EXPECT_TRUE(given_up[0].is_orphan);

  model = one_child(told);
  model.services[1].transactional = true;
  model.timeout = 4s;
  keep(model, policy(PolicyKind::checkpoint));
  ASSERT_EQ(given_up.size(), 1U);
  EXPECT_EQ(given_up[0].why, RequestEvent::GivenUp::by_parent);
  EXPECT_EQ(given_up[0].what, What::left_running);
  EXPECT_EQ(given_up[0].ends, at(11s));

  model = two_services();
  model.timeout = 4s;
  keep(model, policy(PolicyKind::checkpoint));
  ASSERT_EQ(given_up.size(), 1U);
  EXPECT_EQ(given_up[0].why, RequestEvent::GivenUp::by_limit);
  EXPECT_EQ(given_up[0].at, at(4s));
}

INSTANTIATE_TEST_SUITE_P(Engines, RequestHistoryOnBothEngines, ::testing::ValuesIn(both_engines),
                         [](const auto& engine) { return engine.param.name; });

}  // namespace
}  // namespace caesura
