#include "doors/mcp/mcp_sessions.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace caesura {
namespace {

const JsonRpcId one = 1;
const JsonRpcId one_as_text = "1";

TEST(McpSessions, ASessionIsFoundByItsIdUntilItIsClosed) {
  McpSessions sessions("world");
  const auto session = sessions.open({.path_run = "a"});
  EXPECT_EQ(session->id(), "world-1");
  EXPECT_EQ(session->hint().path_run, "a");
  EXPECT_EQ(sessions.find("world-1"), session);
  EXPECT_EQ(sessions.find("world-2"), nullptr);
  sessions.close(*session);
  EXPECT_EQ(sessions.find("world-1"), nullptr);
  EXPECT_EQ(sessions.size(), 0U);
  sessions.close(*session);
  EXPECT_EQ(sessions.size(), 0U);
}

TEST(McpSessions, AnIdIsNotGivenTwice) {
  McpSessions sessions("world");
  sessions.close(*sessions.open({}));
  EXPECT_EQ(sessions.open({})->id(), "world-2");
}

TEST(McpSessions, TheSameIdInTwoSessionsIsTwoCalls) {
  McpSessions sessions("world");
  const auto first = sessions.open({});
  const auto second = sessions.open({});
  first->begin(one, 10);
  EXPECT_TRUE(first->is_awaited(one));
  EXPECT_FALSE(second->is_awaited(one));
  second->begin(one, 11);
  EXPECT_EQ(sessions.call_of(*first, one), 10U);
  EXPECT_EQ(sessions.call_of(*second, one), 11U);
  sessions.end(*first, one, 10);
  sessions.end(*second, one, 11);
  EXPECT_EQ(sessions.call_of(*first, one), 10U);
  EXPECT_EQ(sessions.call_of(*second, one), 11U);
}

TEST(McpSessions, ANumberAndTheTextOfItAreTwoCalls) {
  McpSessions sessions("world");
  const auto session = sessions.open({});
  session->begin(one, 10);
  EXPECT_FALSE(session->is_awaited(one_as_text));
  EXPECT_EQ(sessions.call_of(*session, one_as_text), std::nullopt);
}

TEST(McpSessions, ACallThatIsOverIsStillKnownButItsIdIsFree) {
  McpSessions sessions("world");
  const auto session = sessions.open({});
  session->begin(one, 10);
  sessions.end(*session, one, 10);
  EXPECT_FALSE(session->is_awaited(one));
  EXPECT_EQ(session->in_progress(one), std::nullopt);
  EXPECT_TRUE(session->is_idle());
  EXPECT_EQ(sessions.call_of(*session, one), 10U);
  session->begin(one, 12);
  EXPECT_EQ(sessions.call_of(*session, one), 12U);
}

TEST(McpSessions, ACallWhoseClientHungUpGoesOnAndLetsAnotherHaveItsId) {
  McpSessions sessions("world");
  const auto session = sessions.open({});
  session->begin(one, 10);
  session->leave(one, 10);
  EXPECT_FALSE(session->is_awaited(one));
  EXPECT_EQ(session->in_progress(one), 10U);
  EXPECT_FALSE(session->is_idle());
  session->begin(one, 11);
  session->leave(one, 10);
  EXPECT_TRUE(session->is_awaited(one));
  sessions.end(*session, one, 10);
  EXPECT_EQ(session->in_progress(one), 11U);
  EXPECT_EQ(sessions.call_of(*session, one), 11U);
}

TEST(McpSessions, OfTwoCallsOfOneIdThatAreOverTheNewerIsKnown) {
  McpSessions sessions("world");
  const auto session = sessions.open({});
  session->begin(one, 10);
  session->leave(one, 10);
  session->begin(one, 11);
  sessions.end(*session, one, 11);
  sessions.end(*session, one, 10);
  EXPECT_EQ(sessions.call_of(*session, one), 11U);
}

TEST(McpSessions, AllCallsInProgressAreListed) {
  McpSession session(1, "world-1", {});
  session.begin(one_as_text, 12);
  session.begin(2, 11);
  session.begin(one, 10);
  session.leave(2, 11);
  EXPECT_EQ(session.all_in_progress(), (std::vector<WorldCallId>{10, 11, 12}));
}

TEST(McpSessions, TooManyForgetTheOneThatWasIdleLongest) {
  McpSessions sessions("world", {.sessions = 3});
  const auto busy = sessions.open({});
  busy->begin(one, 10);
  sessions.open({});
  sessions.open({});
  sessions.find("world-2");
  sessions.open({});
  EXPECT_EQ(sessions.size(), 3U);
  EXPECT_EQ(sessions.find("world-3"), nullptr);
  EXPECT_EQ(sessions.find("world-1"), busy);
  EXPECT_NE(sessions.find("world-2"), nullptr);
  EXPECT_NE(sessions.find("world-4"), nullptr);
}

TEST(McpSessions, IfAllAreBusyTheOldestIsForgotten) {
  McpSessions sessions("world", {.sessions = 2});
  sessions.open({})->begin(one, 10);
  sessions.open({})->begin(one, 11);
  sessions.open({});
  EXPECT_EQ(sessions.find("world-1"), nullptr);
  EXPECT_NE(sessions.find("world-2"), nullptr);
}

TEST(McpSessions, OnlySoManyCallsThatAreOverAreRemembered) {
  McpSessions sessions("world", {.ended_calls = 2});
  const auto session = sessions.open({});
  for (int id = 1; id <= 3; ++id) sessions.end(*session, id, static_cast<WorldCallId>(id));
  EXPECT_EQ(sessions.call_of(*session, 1), std::nullopt);
  EXPECT_EQ(sessions.call_of(*session, 2), 2U);
  EXPECT_EQ(sessions.call_of(*session, 3), 3U);
}

TEST(McpSessions, AnIdThatWasUsedAgainIsRememberedAsLongAsItsNewerCall) {
  McpSessions sessions("world", {.ended_calls = 2});
  const auto session = sessions.open({});
  sessions.end(*session, one, 1);
  sessions.end(*session, one, 2);
  sessions.end(*session, 3, 3);
  EXPECT_EQ(sessions.call_of(*session, one), 2U);
  sessions.end(*session, 4, 4);
  EXPECT_EQ(sessions.call_of(*session, one), std::nullopt);
}

}  // namespace
}  // namespace caesura
