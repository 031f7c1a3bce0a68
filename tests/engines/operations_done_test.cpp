#include "engines/world.hpp"
#include "tests/small_trees.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <utility>

// Which operations had run to their end when a request stopped: worked by hand.

namespace caesura {
namespace {

using namespace testing;

const Policy checkpoint = policy(PolicyKind::checkpoint);

class OperationsDone : public TreesOnBothEngines {};
INSTANTIATE_TEST_SUITE_P(Virtual, OperationsDone, ::testing::ValuesIn(both_engines));

/// An operation of each kind ends at 4 s, and its reply takes 2 s.
Model slow_replies(OperationKind kind) {
  Model model = two_services();
  for (ServiceProfile& profile : model.services) profile.latency = WholeLatency{fixed(2s)};
  model.links.llm = model.links.tool = model.links.agent = fixed(2s);
  model.services.push_back(service(ServiceKind::agent, fixed(2s)));
  switch (kind) {
    case OperationKind::llm:
    case OperationKind::decompose:
      model.workflow = {call(kind, 0)};
      break;
    case OperationKind::tool:
      model.workflow = {call(kind, 1)};
      break;
    case OperationKind::agent:
      model.workflow = {call(kind, 2)};
      break;
    case OperationKind::transaction:
      model.workflow = {{Wait{fixed(2s)}}, {Transaction{fixed(2s)}}};
      break;
  }
  return model;
}

TEST_P(OperationsDone, AreThoseThatHadEndedByTheTimeoutThoughTheirRepliesWereOnTheWay) {
  for (const OperationKind kind : all_kinds) {
    for (const std::optional<std::uint64_t> places : {std::optional<std::uint64_t>(), {1}}) {
      Model model = slow_replies(kind);
      for (ServiceProfile& profile : model.services) profile.concurrency = places;
      for (const auto& [timeout, done] :
           {std::pair<Duration, std::uint32_t>{3s, 0}, {3999ms, 0}, {4s, 1}, {5s, 1}}) {
        model.timeout = timeout;
        const RequestReport r = one(model, checkpoint).request;
        EXPECT_EQ(r.outcome, Outcome::timed_out);
        EXPECT_EQ(r.operations_done, done) << name_of(kind) << ", " << timeout / 1ms << " ms";
        EXPECT_EQ(r.interrupted[index_of(kind)], 1 - done);
      }
    }
  }
}

TEST_P(OperationsDone, AreThoseThatHadEndedByAnAbort) {
  for (const OperationKind kind : all_kinds) {
    for (const Policy& p : {abort_after(1s), escalate_after(500ms, 500ms),
                            cutting_off(PolicyKind::disconnect, 1s, all_kinds)}) {
      const RequestReport before = one(slow_replies(kind), p, 2900ms).request;
      EXPECT_EQ(before.operations_done, 0U);
      EXPECT_EQ(before.interrupted[index_of(kind)], 1U);
      const RequestReport after = one(slow_replies(kind), p, 4s).request;
      EXPECT_EQ(after.outcome, Outcome::cancelled);
      EXPECT_EQ(after.stopped, at(5s));
      EXPECT_EQ(after.operations_done, 1U) << name_of(kind);
      EXPECT_EQ(after.interrupted[index_of(kind)], 0U);
      EXPECT_FALSE(after.answer_discarded) << "it had not come";
    }
  }
}

TEST_P(OperationsDone, IncludeAToolThatIsTransactionalOnceItHasEnded) {
  Model model = slow_replies(OperationKind::tool);
  model.services[1].transactional = true;
  for (const auto& [timeout, done] : {std::pair<Duration, std::uint32_t>{3s, 0}, {5s, 1}}) {
    model.timeout = timeout;
    const RequestReport r = one(model, checkpoint).request;
    EXPECT_EQ(r.operations_done, done);
    EXPECT_EQ(r.interrupted[index_of(OperationKind::tool)], 0U);
    EXPECT_EQ(r.used, r.planned);
  }
}

TEST_P(OperationsDone, IncludeAChildWhoseReplyWasOnTheWay) {
  for (const bool propagate : {told, untold}) {
    Model model = one_child(propagate);  // from 2 s to 14 s
    model.links.agent = fixed(2s);
    for (const auto& [timeout, done] : {std::pair<Duration, std::uint32_t>{13s, 0}, {15s, 1}}) {
      model.timeout = timeout;
      EXPECT_EQ(one(model, checkpoint).request.operations_done, done);
    }
    model.timeout.reset();
    EXPECT_EQ(one(model, abort_after(0s), 15s).request.operations_done, 1U);
  }
}

TEST_P(OperationsDone, IncludeAChildThatHasStoppedThoughAnOrphanOfItRunsOn) {
  // The outer child hears of the cancel at 1.1 s, leaves its own at once, and replies until 1.2 s.
  Model model = nested({told, untold});
  model.timeout = 1150ms;
  const RequestReport r = one(model, abort_after(0s), 1s).request;
  EXPECT_EQ(r.outcome, Outcome::cancelled);
  EXPECT_EQ(r.stopped, at(1150ms));
  EXPECT_EQ(r.operations_done, 1U);
  EXPECT_EQ(r.orphans.count, 1U);
  EXPECT_EQ(r.used, r.planned);
}

}  // namespace
}  // namespace caesura
