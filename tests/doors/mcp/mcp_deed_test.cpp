#include "doors/mcp/mcp_deed.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace caesura {
namespace {

class McpDeeds : public testing::Test {
 protected:
  McpDeed deed(const std::string& text, std::optional<std::string> in_session = {},
               std::optional<std::string> version = {}) {
    return deed_of({decode_json_rpc(text), std::move(in_session), std::move(version)}, sessions,
                   tools);
  }
  /// Of what is answered at once.
  McpAnswer answer(const std::string& text, std::optional<std::string> in_session = {},
                   std::optional<std::string> version = {}) {
    const auto done = deed(text, std::move(in_session), std::move(version));
    EXPECT_TRUE(std::holds_alternative<McpAnswer>(done)) << text;
    return std::holds_alternative<McpAnswer>(done) ? std::get<McpAnswer>(done) : McpAnswer{0, {}};
  }
  NoteCancel cancel(const std::string& params, std::optional<std::string> in_session = {}) {
    const auto done =
        deed(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":)" + params + "}",
             std::move(in_session));
    EXPECT_TRUE(std::holds_alternative<NoteCancel>(done)) << params;
    return std::holds_alternative<NoteCancel>(done) ? std::get<NoteCancel>(done) : NoteCancel{};
  }

  std::vector<WorldTool> tools{{.name = "search", .read_only = true}};
  McpSessions sessions{"world"};
  std::shared_ptr<McpSession> session = sessions.open({.path_run = "a"});
  std::string id = session->id();
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  const std::string search =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search"}})";
};

TEST_F(McpDeeds, InitializeOpensASession) {
  const auto done = deed(
      R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18"}})");
  ASSERT_TRUE(std::holds_alternative<OpenMcpSession>(done));
  const auto& opened = std::get<OpenMcpSession>(done).answer;
  EXPECT_EQ(opened.status, 200U);
  EXPECT_EQ(opened.body.substr(0, 63),
            R"({"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18)");
}

TEST_F(McpDeeds, InitializeOpensANewSessionWhateverItsHeadersSay) {
  EXPECT_TRUE(std::holds_alternative<OpenMcpSession>(deed(
      R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}})",
      "gone", "2026-07-28")));
}

TEST_F(McpDeeds, AnInitializeThatSaysNoRevisionOpensNone) {
  const auto refused = answer(R"({"jsonrpc":"2.0","id":0,"method":"initialize"})");
  EXPECT_EQ(refused.status, 200U);
  EXPECT_EQ(refused.body, R"({"jsonrpc":"2.0","id":0,"error":{"code":-32602,"message":)"
                          R"("Invalid params: protocolVersion is not a text"}})");
}

TEST_F(McpDeeds, AProbeForTheNextRevisionIsAnUnknownMethod) {
  const auto refused = answer(
      R"({"jsonrpc":"2.0","id":"server-discover-probe-1","method":"server/discover","params":{}})",
      {}, "2026-07-28");
  EXPECT_EQ(refused.status, 404U);
  EXPECT_EQ(refused.body, R"({"jsonrpc":"2.0","id":"server-discover-probe-1",)"
                          R"("error":{"code":-32601,"message":"Method not found"}})");
}

TEST_F(McpDeeds, APingIsAnsweredInASessionAndOutside) {
  for (const auto& in_session : {std::optional<std::string>(), std::optional(id)}) {
    const auto pong = answer(ping, in_session);
    EXPECT_EQ(pong.status, 200U);
    EXPECT_EQ(pong.body, R"({"jsonrpc":"2.0","id":1,"result":{}})");
  }
}

TEST_F(McpDeeds, ToolsAreListed) {
  const auto list = answer(R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}})", id);
  EXPECT_EQ(list.status, 200U);
  EXPECT_EQ(list.body, encode_result(JsonRpcId(1), tools_result(tools)));
}

TEST_F(McpDeeds, ACursorThatWasNeverGivenIsInvalid) {
  const auto list =
      answer(R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"x"}})", id);
  EXPECT_EQ(list.status, 200U);
  EXPECT_NE(list.body.find("-32602"), std::string::npos);
}

TEST_F(McpDeeds, WhatIsNotServedIsNotFound) {
  for (const char* method :
       {"resources/list", "resources/templates/list", "prompts/list", "logging/setLevel",
        "completion/complete", "tasks/list", "tasks/cancel", "Tools/List", ""}) {
    const auto refused =
        answer(R"({"jsonrpc":"2.0","id":1,"method":")" + std::string(method) + "\"}", id);
    EXPECT_EQ(refused.status, 200U) << method;
    EXPECT_EQ(refused.body,
              R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}})");
  }
}

TEST_F(McpDeeds, WhatIsNoMessageIsA400WithItsError) {
  const auto refused = answer("{", id);
  EXPECT_EQ(refused.status, 400U);
  EXPECT_EQ(refused.body, R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,)"
                          R"("message":"Parse error: We could not parse the JSON body of your )"
                          R"(request: send JSON in UTF-8."}})");
  EXPECT_EQ(answer("[" + ping + "]", id).status, 400U);
}

TEST_F(McpDeeds, AnUnknownSessionIsA404) {
  const auto refused = answer(ping, "world-77");
  EXPECT_EQ(refused.status, 404U);
  EXPECT_EQ(refused.body,
            R"({"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"Session not found"}})");
  EXPECT_EQ(answer(R"({"jsonrpc":"2.0","method":"notifications/initialized"})", "world-77").status,
            404U);
}

TEST_F(McpDeeds, AnUnknownVersionIsA400) {
  for (const char* version : {"2026-07-28", "nonsense", ""}) {
    const auto refused = answer(ping, id, version);
    EXPECT_EQ(refused.status, 400U) << version;
    EXPECT_EQ(refused.body, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32000,)"
                            R"("message":"Bad Request: Unsupported protocol version"}})");
  }
  for (const std::string_view version : mcp_versions)
    EXPECT_EQ(answer(ping, id, std::string(version)).status, 200U) << version;
}

TEST_F(McpDeeds, NotificationsAndAnswersOfTheClientAreAccepted) {
  for (const char* text : {R"({"jsonrpc":"2.0","method":"notifications/initialized"})",
                           R"({"jsonrpc":"2.0","method":"notifications/roots/list_changed"})",
                           R"({"jsonrpc":"2.0","method":"tools/call","params":{"name":"search"}})",
                           R"({"jsonrpc":"2.0","id":5,"result":{}})"}) {
    const auto accepted = answer(text, id);
    EXPECT_EQ(accepted.status, 202U) << text;
    EXPECT_EQ(accepted.body, "") << text;
  }
}

TEST_F(McpDeeds, ACallOfAToolBegins) {
  const auto done = deed(
      R"({"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"search","arguments":)"
      R"({"input":"a"},"_meta":{"progressToken":3}}})",
      id);
  ASSERT_TRUE(std::holds_alternative<BeginToolCall>(done));
  const auto& begin = std::get<BeginToolCall>(done);
  EXPECT_EQ(begin.id, JsonRpcId("x"));
  EXPECT_EQ(begin.call.name, "search");
  EXPECT_EQ(begin.call.arguments, nlohmann::json({{"input", "a"}}));
  EXPECT_EQ(begin.call.progress_token, JsonRpcId(3));
  EXPECT_EQ(begin.session, session);
}

TEST_F(McpDeeds, ACallOfAToolBeginsWithoutASessionToo) {
  const auto done = deed(search);
  ASSERT_TRUE(std::holds_alternative<BeginToolCall>(done));
  EXPECT_EQ(std::get<BeginToolCall>(done).session, nullptr);
}

TEST_F(McpDeeds, AnUnknownToolIsInvalidParameters) {
  const auto refused =
      answer(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"serch"}})", id);
  EXPECT_EQ(refused.status, 200U);
  EXPECT_EQ(refused.body,
            R"({"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Unknown tool: serch"}})");
}

TEST_F(McpDeeds, AnUnknownToolsNameIsQuotedInPart) {
  const auto refused =
      answer(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":")" +
                 std::string(1'000'000, 'x') + "\"}}",
             id);
  EXPECT_LT(refused.body.size(), 300U);
}

TEST_F(McpDeeds, AnIdInProgressIsRefusedInItsSessionOnly) {
  session->begin(1, 10);
  const auto refused = answer(search, id);
  EXPECT_EQ(refused.status, 400U);
  EXPECT_EQ(refused.body, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32600,)"
                          R"("message":"Invalid Request: a request of this id is in progress"}})");
  EXPECT_EQ(answer(ping, id).status, 400U);
  EXPECT_TRUE(std::holds_alternative<BeginToolCall>(deed(search, sessions.open({})->id())));
  EXPECT_TRUE(std::holds_alternative<BeginToolCall>(deed(search)));
}

TEST_F(McpDeeds, AnIdIsFreeAgainWhenItsCallIsOverOrItsClientHasHungUp) {
  session->begin(1, 10);
  session->leave(1, 10);
  EXPECT_TRUE(std::holds_alternative<BeginToolCall>(deed(search, id)));
  sessions.end(*session, 1, 10);
  EXPECT_TRUE(std::holds_alternative<BeginToolCall>(deed(search, id)));
}

TEST_F(McpDeeds, ACancelIsForTheCallOfItsSession) {
  const auto other = sessions.open({});
  session->begin(1, 10);
  other->begin(1, 11);
  const auto note = cancel(R"({"requestId":1,"reason":"user"})", id);
  EXPECT_EQ(note.call, 10U);
  EXPECT_EQ(note.session, session);
  EXPECT_EQ(note.answer.status, 202U);
  EXPECT_EQ(note.answer.body, "");
  EXPECT_EQ(cancel(R"({"requestId":1})", other->id()).call, 11U);
}

TEST_F(McpDeeds, ACancelForACallThatIsOverStillNamesIt) {
  session->begin(1, 10);
  sessions.end(*session, 1, 10);
  EXPECT_EQ(cancel(R"({"requestId":1})", id).call, 10U);
}

TEST_F(McpDeeds, ACancelAfterAHangUpIsForTheCallThatGoesOn) {
  session->begin(1, 10);
  session->leave(1, 10);
  EXPECT_EQ(cancel(R"({"requestId":1})", id).call, 10U);
}

TEST_F(McpDeeds, ACancelForWhatIsNoCallIsForNone) {
  session->begin(1, 10);
  for (const char* params : {R"({"requestId":2})", R"({"requestId":"1"})", R"({"requestId":null})",
                             R"({"requestId":{}})", "{}"}) {
    const auto note = cancel(params, id);
    EXPECT_EQ(note.call, std::nullopt) << params;
    EXPECT_EQ(note.answer.status, 202U) << params;
  }
  EXPECT_EQ(cancel(R"({"requestId":1})").call, std::nullopt);
}

TEST_F(McpDeeds, ACancelInAnUnknownSessionIsNotedAndRefused) {
  session->begin(1, 10);
  const auto note = cancel(R"({"requestId":1})", "world-77");
  EXPECT_EQ(note.call, std::nullopt);
  EXPECT_EQ(note.session, nullptr);
  EXPECT_EQ(note.answer.status, 404U);
}

TEST_F(McpDeeds, ARequestIsNoCancel) {
  session->begin(1, 10);
  EXPECT_EQ(answer(R"({"jsonrpc":"2.0","id":2,"method":"notifications/cancelled",)"
                   R"("params":{"requestId":1}})",
                   id)
                .status,
            200U);
}

TEST_F(McpDeeds, ACallIsOfTheRunOfItsOwnAddressOrKeyFirst) {
  const nlohmann::json none = nlohmann::json::object();
  EXPECT_EQ(hint_of({.path_run = "b"}, session.get(), none).path_run, "b");
  const auto by_key = hint_of({.key_run = "b"}, session.get(), none);
  EXPECT_EQ(by_key.path_run, std::nullopt);
  EXPECT_EQ(by_key.key_run, "b");
}

TEST_F(McpDeeds, ACallThatSaysNothingIsOfItsSessionsRun) {
  const nlohmann::json none = nlohmann::json::object();
  EXPECT_EQ(hint_of({}, session.get(), none).path_run, "a");
  EXPECT_EQ(hint_of({}, session.get(), {{"caesura_run", ""}}).path_run, "a");
  EXPECT_EQ(hint_of({}, session.get(), {{"caesura_run", 7}}).path_run, "a");
  EXPECT_EQ(hint_of({}, nullptr, none).path_run, std::nullopt);
}

TEST_F(McpDeeds, ACallsArgumentComesBeforeItsSession) {
  EXPECT_EQ(hint_of({}, session.get(), {{"caesura_run", "b/1#2"}}).path_run, std::nullopt);
}

}  // namespace
}  // namespace caesura
