#include "doors/live/filler.hpp"
#include "doors/muxi/event_stream.hpp"
#include "tests/doors/muxi/running_gateway.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace caesura {
namespace {

using testing::HasSubstr;
using testing::Not;

/// The tokens of a whole stream's frames, without what is the same in all of them.
std::vector<std::string> tokens_of(const std::string& stream) {
  std::vector<std::string> tokens;
  const std::string start = "data: {\"token\": ";
  for (std::size_t at = stream.find(start); at != std::string::npos;
       at = stream.find(start, at + 1)) {
    const std::size_t begin = at + start.size();
    const Json token = Json::parse(stream.substr(begin, stream.find("}\n\n", begin) - begin));
    std::string text =
        token.at("type").get<std::string>() + ":" + token.at("content").get<std::string>();
    if (token.contains("stage")) text += token.at("stage").get<std::string>();
    tokens.push_back(text);
  }
  return tokens;
}

TEST(GatewayChat, IsAnsweredWhenItsRequestHasCompleted) {
  const RunningGateway gateway;
  RawClient chat = gateway.begin_chat("r1", "X-Muxi-User-ID: ada\r\n", R"(, "session_id": "s1")");
  EXPECT_FALSE(chat.has_more_within({}));
  gateway.advance("26s");
  const RawAnswer answer = chat.read_answer();
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  const Json body = Json::parse(answer.body);
  EXPECT_EQ(body.at("object"), "message");
  EXPECT_EQ(body.at("type"), "chat.completed");
  EXPECT_EQ(body.at("request").at("id"), "r1");
  EXPECT_EQ(body.at("timestamp"), 1785843887000);
  const std::string ten_words = filler(0, 10);
  EXPECT_EQ(body.at("data"), Json({{"message", {{"role", "assistant"}, {"content", ten_words}}},
                                   {"response", ten_words},
                                   {"content", ten_words},
                                   {"status", "completed"},
                                   {"user_id", "ada"},
                                   {"session_id", "s1"},
                                   {"request_id", "r1"}}));
}

TEST(GatewayChat, StreamsItsRequestAsItGoes) {
  const RunningGateway gateway;
  RawClient chat = gateway.begin_stream("r1");
  const RawAnswer head = chat.read_head();
  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.header("Content-Type"), "text/event-stream");
  EXPECT_EQ(head.header("Cache-Control"), "no-cache");
  EXPECT_EQ(chat.read_chunk(), keepalive_frame);
  const std::string init = chat.read_chunk();
  EXPECT_THAT(
      init,
      HasSubstr(
          R"(data: {"token": {"type":"progress","content":"","stage":"init","request_id":"r1","user_id":"0","session_id":"sess_)"));
  EXPECT_THAT(init, HasSubstr("\"timestamp\":1785843861.0}}\n\n"));
  gateway.advance("30s");
  std::string stream = init;
  for (std::string chunk = chat.read_chunk(); !chunk.empty(); chunk = chat.read_chunk())
    stream += chunk;
  EXPECT_EQ(tokens_of(stream),
            (std::vector<std::string>{"progress:init", "progress:agent_processing",
                                      "progress:tool_call", "progress:agent_processing",
                                      "content:" + filler(0, 2), "content:" + filler(2, 2),
                                      "content:" + filler(4, 2), "content:" + filler(6, 2),
                                      "content:" + filler(8, 2), "completed:" + filler(0, 10)}));
  EXPECT_TRUE(stream.ends_with(done_frame)) << stream;
}

TEST(GatewayChat, OperationsOnAStreamAreNamed) {
  const RunningGateway gateway;
  RawClient chat = gateway.begin_stream("r1");
  gateway.advance("12s");
  EXPECT_THAT(chat.read_until("\"tool_call\""), HasSubstr("agent_processing"));
  EXPECT_THAT(chat.read_until("\n\n"),
              HasSubstr(R"("operation":2,"kind":"tool","service":"search")"));
}

TEST(GatewayChat, ASilentStreamIsKeptAlive) {
  GatewayOptions options = RunningGateway::manual();
  options.keepalive = std::chrono::milliseconds(5);
  const RunningGateway gateway(std::move(options));
  RawClient chat = gateway.begin_stream("r1");
  chat.read_until("agent_processing");
  chat.read_until(keepalive_frame);
  chat.read_until(keepalive_frame);
  gateway.advance("30s");
  chat.read_until(done_frame);
}

TEST(GatewayChat, TheBodyAndElseAcceptDecidesWhetherItStreams) {
  const RunningGateway gateway;
  const std::string accept = "Accept: text/event-stream\r\n";
  RawClient by_accept = gateway.begin_chat("r1", accept);
  EXPECT_EQ(by_accept.read_head().header("Content-Type"), "text/event-stream");
  RawClient not_by_body = gateway.begin_chat("r2", accept, R"(, "stream": false)");
  RawClient by_default = gateway.begin_chat("r3");
  gateway.advance("30s");
  EXPECT_EQ(not_by_body.read_answer().header("Content-Type"), "application/json");
  EXPECT_EQ(by_default.read_answer().header("Content-Type"), "application/json");
}

TEST(GatewayChat, InAsyncModeIsAcceptedAndPolled) {
  const RunningGateway gateway;
  const RawAnswer answer = gateway.call(
      "POST", "/api/f/v1/chat", {}, R"({"message": "hi", "request_id": "a/b", "mode": "async"})");
  EXPECT_EQ(answer.status, 202U);
  const Json body = Json::parse(answer.body);
  EXPECT_EQ(body.at("type"), "chat.async_accepted");
  EXPECT_EQ(body.at("data"), Json({{"request_id", "a/b"},
                                   {"status", "processing"},
                                   {"delivery", "polling"},
                                   {"poll_url", "/api/f/v1/requests/a%2Fb"}}));
  gateway.advance("30s");
  const Json polled = gateway.json("GET", "/api/f/v1/requests/a%2Fb");
  EXPECT_EQ(polled.at("data").at("status"), "completed");
  EXPECT_EQ(polled.at("data").at("result").at("content"), filler(0, 10));
}

TEST(GatewayChat, WhatIsNoChatIsRefused) {
  const RunningGateway gateway;
  const Json bad = gateway.json("POST", "/v1/chat", {}, "{");
  EXPECT_EQ(bad.at("code"), "INVALID_REQUEST");
  const RawAnswer unfit = gateway.call("POST", "/v1/chat", {}, R"({"stream": 1})");
  EXPECT_EQ(unfit.status, 422U);
  EXPECT_EQ(Json::parse(unfit.body).at("error").at("data").at("validation_errors").size(), 2U);
  EXPECT_EQ(gateway.call("POST", "/v1/chat").status, 400U);
  EXPECT_EQ(gateway.json("GET", "/v1/requests").at("data").at("count"), 0);
}

TEST(GatewayChat, HeadersForTestsAreChecked) {
  const RunningGateway gateway;
  const std::string chat = R"({"message": "hi"})";
  for (const std::string header : {"X-Caesura-Seed: x", "X-Caesura-Policy: later",
                                   "X-Caesura-Hold: operation=4", "X-Caesura-Fault: fire"}) {
    EXPECT_EQ(gateway.call("POST", "/v1/chat", header + "\r\n", chat).status, 400U) << header;
  }
  EXPECT_THAT(gateway.call("POST", "/v1/chat", "X-Caesura-Policy: later\r\n", chat).body,
              HasSubstr("checkpoint, at-once, never, abort"));
  EXPECT_THAT(gateway.call("POST", "/v1/chat", "X-Caesura-Hold: operation=4\r\n", chat).body,
              HasSubstr("has 3 operations"));
  EXPECT_EQ(gateway.json("GET", "/v1/requests").at("data").at("count"), 0);
}

TEST(GatewayChat, AnIdIsTakenWhileItsRequestIsActiveAndByAnotherUser) {
  const RunningGateway gateway;
  const std::string body = R"({"message": "hi", "request_id": "r1", "mode": "async"})";
  const auto chat = [&](const std::string& user) {
    return gateway.call("POST", "/v1/chat", "X-Muxi-User-ID: " + user + "\r\n", body).status;
  };
  EXPECT_EQ(chat("ada"), 202U);
  EXPECT_EQ(chat("ada"), 409U);
  gateway.advance("30s");
  EXPECT_EQ(chat("bob"), 409U);
  EXPECT_EQ(chat("ada"), 202U);
  EXPECT_EQ(gateway.json("GET", "/v1/requests", "X-Muxi-User-ID: ada\r\n").at("data").at("count"),
            1);
  EXPECT_EQ(gateway.status("r1", "X-Muxi-User-ID: ada\r\n").at("status"), "processing");
}

TEST(GatewayChat, TooManyRequestsAreAnOverload) {
  GatewayOptions options = RunningGateway::manual();
  options.requests_max = 1;
  const RunningGateway gateway(std::move(options));
  const RawClient first = gateway.begin_chat("r1");
  const RawAnswer second = gateway.call("POST", "/v1/chat", {}, R"({"message": "hi"})");
  EXPECT_EQ(second.status, 503U);
  EXPECT_EQ(Json::parse(second.body).at("code"), "SYSTEM_OVERLOAD");
  gateway.advance("30s");
  EXPECT_EQ(gateway.call("POST", "/v1/chat", {}, R"({"message": "hi", "mode": "async"})").status,
            202U);
}

TEST(GatewayChat, FailedTimedOutAndRejectedRequestsAreErrors) {
  const auto outcome_of = [](const std::string& tool, const std::string& more) {
    const RunningGateway gateway(
        RunningGateway::manual(),
        "scenario: bad\nload: {requests: 1, arrivals: at_once}\nservices: {tool: {t: " + tool +
            "}}\nworkflow: [{tool: t}]\n" + more);
    RawClient stream = gateway.begin_stream("r1");
    RawClient chat = gateway.begin_chat("r2");
    gateway.advance("30s");
    EXPECT_EQ(gateway.status("r2").at("status"), "failed");
    EXPECT_THAT(gateway.status("r2").at("error").get<std::string>(), HasSubstr("e"));
    const RawAnswer answer = chat.read_answer();
    return std::make_pair(std::to_string(answer.status) + " " +
                              Json::parse(answer.body).at("code").get<std::string>(),
                          stream.read_answer().body);
  };
  const auto failed = outcome_of("{latency: 1s, failure_rate: 1, on_failure: fail}", "");
  EXPECT_EQ(failed.first, "500 INTERNAL_ERROR");
  EXPECT_THAT(failed.second, HasSubstr(R"("type":"failed")"));
  EXPECT_THAT(failed.second, HasSubstr("event: error\ndata: {\"error\":"));
  EXPECT_TRUE(failed.second.ends_with(done_frame));
  EXPECT_EQ(outcome_of("{latency: 1m}", "timeout: 10s\n").first, "500 INTERNAL_ERROR");
  const auto rejected = outcome_of("{latency: 1m, concurrency: 1, queue: 0}", "timeout: 10s\n");
  EXPECT_EQ(rejected.first, "503 SYSTEM_OVERLOAD");
}

TEST(GatewayChat, RequestsWithOneSeedAreAlike) {
  std::string yaml = small_scenario;
  yaml.replace(yaml.find("output_tokens: 10"), 17, "output_tokens: {uniform: [10, 10000]}");
  const RunningGateway gateway(RunningGateway::manual(), yaml);
  std::vector<RawClient> chats;
  for (const char* seed : {"7", "7", "8"}) {
    chats.push_back(gateway.begin_chat("r" + std::to_string(chats.size()),
                                       std::string("X-Caesura-Seed: ") + seed + "\r\n"));
  }
  gateway.advance("10h");
  std::vector<std::string> contents;
  for (RawClient& chat : chats)
    contents.push_back(Json::parse(chat.read_answer().body).at("data").at("content"));
  EXPECT_EQ(contents[0], contents[1]);
  EXPECT_NE(contents[0], contents[2]);
}

/// Four million words: in all more than the system takes from a stream that nobody reads.
std::string wordy_scenario() {
  std::string yaml = small_scenario;
  yaml.replace(yaml.find("output_tokens: 10"), 17, "output_tokens: 4000000");
  yaml.replace(yaml.find("chunk_tokens: 2"), 15, "chunk_tokens: 10000");
  return yaml;
}

GatewayOptions impatient() {
  GatewayOptions options = RunningGateway::manual();
  options.unsent_max = 100'000;
  return options;
}

TEST(GatewayChat, ASlowReadersStreamIsCutOff) {
  const RunningGateway gateway(impatient(), wordy_scenario());
  RawClient chat = gateway.begin_stream("r1");
  for (int day = 0; day < 40; ++day) gateway.advance("24h");
  EXPECT_EQ(chat.wait_for_end(), RawClient::End::reset);
  RunningGateway::eventually([&] { return gateway.status("r1").at("cancel_requested") == true; });
}

TEST(GatewayChat, AStreamThatIsReadGetsAllHoweverMuchComesAtOnce) {
  const RunningGateway gateway(impatient(), wordy_scenario());
  RawClient chat = gateway.begin_stream("r1");
  gateway.advance("2000h");
  const std::string stream = chat.read_answer().body;
  EXPECT_TRUE(stream.ends_with(done_frame));
}

TEST(GatewayChat, WhatFailsInAStreamIsWhatTheServerEndsWith) {
  boost::asio::io_context io;
  const ServedScenario served = RunningGateway::load(small_scenario);
  GatewayOptions options = RunningGateway::manual();
  options.requests_csv = [](std::string_view) { throw std::runtime_error("the disk is full"); };
  Gateway gateway(io, served.scenario, std::move(options));
  const HttpServer server(io, {},
                          [&](std::shared_ptr<HttpCall> call) { gateway.handle(std::move(call)); });
  RawClient client(server.port());
  client.send(
      RunningGateway::bytes_of("POST", "/v1/chat", {}, R"({"message": "hi", "stream": true})"));
  try {
    io.run();
    FAIL() << "it goes on";
  } catch (const std::exception& error) {
    EXPECT_STREQ(error.what(), "the disk is full");
  }
}

TEST(GatewayChat, WorksInRealTimeToo) {
  GatewayOptions options;
  options.time_scale = 1000;
  const RunningGateway gateway(std::move(options));
  EXPECT_EQ(gateway.json("POST", "/v1/chat", {}, R"({"message": "hi"})").at("data").at("content"),
            filler(0, 10));
  const RawAnswer stream =
      gateway.call("POST", "/v1/chat", {}, R"({"message": "hi", "stream": true})");
  std::string content;
  for (const std::string& token : tokens_of(stream.body)) {
    if (token.starts_with("content:")) content += token.substr(8);
  }
  EXPECT_EQ(content, filler(0, 10));
  EXPECT_EQ(gateway.call("POST", "/v1/caesura/clock", {}, R"({"advance": "1s"})").status, 400U);
}

}  // namespace
}  // namespace caesura
