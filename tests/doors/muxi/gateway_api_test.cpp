#include "tests/doors/muxi/running_gateway.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace caesura {
namespace {

using testing::HasSubstr;

const std::string async_chat = R"({"message": "hi", "mode": "async", "request_id": ")";

TEST(GatewayApi, ListsARequestOfItsUserNewestFirst) {
  const RunningGateway gateway;
  for (const std::string id : {"r1", "r2"})
    gateway.call("POST", "/v1/chat", {}, async_chat + id + "\"}");
  gateway.call("POST", "/v1/chat", "X-Muxi-User-ID: bob\r\n", async_chat + "r3\"}");
  gateway.advance("500ms");
  const Json list = gateway.json("GET", "/v1/requests");
  EXPECT_EQ(list.at("object"), "request_list");
  EXPECT_EQ(list.at("type"), "request.list.retrieved");
  EXPECT_EQ(list.at("data").at("count"), 2);
  EXPECT_EQ(list.at("data").at("requests")[0], Json({{"request_id", "r2"},
                                                     {"user_id", "0"},
                                                     {"status", "processing"},
                                                     {"cancel_requested", false},
                                                     {"progress", nullptr},
                                                     {"created_at", 1785843861.0},
                                                     {"completed_at", nullptr}}));
  EXPECT_EQ(list.at("data").at("requests")[1].at("request_id"), "r1");
  EXPECT_EQ(gateway.json("GET", "/v1/requests", "X-Muxi-Admin-Key: any\r\n").at("data").at("count"),
            3);
}

TEST(GatewayApi, ShowsARequestToItsUserAndAdmins) {
  const RunningGateway gateway;
  gateway.call("POST", "/v1/chat", "X-Muxi-User-ID: ada\r\n", async_chat + "r1\"}");
  gateway.advance("30s");
  const Json shown = gateway.json("GET", "/v1/requests/r1", "X-Muxi-User-ID: ada\r\n");
  EXPECT_EQ(shown.at("object"), "request_status");
  EXPECT_EQ(shown.at("type"), "request.status.retrieved");
  EXPECT_EQ(shown.at("data").at("completed_at"), 1785843887.0);
  EXPECT_EQ(gateway.json("GET", "/v1/requests/r1").at("code"), "FORBIDDEN");
  EXPECT_EQ(gateway.call("GET", "/v1/requests/r1").status, 403U);
  EXPECT_EQ(gateway.call("GET", "/v1/caesura/requests/r1").status, 403U);
  EXPECT_EQ(gateway.json("GET", "/v1/requests/r2").at("code"), "REQUEST_NOT_FOUND");
  EXPECT_EQ(gateway.json("GET", "/v1/requests/r1", "X-Muxi-Admin-Key: any\r\n").at("success"),
            true);
}

TEST(GatewayApi, HidesOthersRequestsIfItIsToldTo) {
  GatewayOptions options = RunningGateway::manual();
  options.hides_others = true;
  const RunningGateway gateway(std::move(options));
  gateway.call("POST", "/v1/chat", "X-Muxi-User-ID: ada\r\n", async_chat + "r1\"}");
  EXPECT_EQ(gateway.json("GET", "/v1/requests/r1").at("code"), "REQUEST_NOT_FOUND");
  EXPECT_EQ(gateway.json("DELETE", "/v1/requests/r1").at("code"), "NOT_FOUND");
}

TEST(GatewayApi, TellsTheGoClientTimesThatItCanParse) {
  const RunningGateway gateway;
  gateway.call("POST", "/v1/chat", {}, async_chat + "r1\"}");
  EXPECT_EQ(gateway.status("r1", "X-Muxi-SDK: go/0.20260801\r\n").at("created_at"),
            "2026-08-04T11:44:21.000000Z");
  EXPECT_EQ(gateway.status("r1", "X-Muxi-SDK: python/0.2\r\n").at("created_at"), 1785843861.0);
}

TEST(GatewayApi, WantsTheConfiguredKeysOnAllButHealthMetricsAndPage) {
  GatewayOptions options = RunningGateway::manual();
  options.access = {.client_key = "secret", .admin_key = "master"};
  const RunningGateway gateway(std::move(options));
  for (const char* call :
       {"POST /v1/chat", "GET /v1/requests", "GET /v1/requests/x", "DELETE /v1/requests/x",
        "GET /v1/caesura/clock", "POST /v1/caesura/clock", "GET /v1/caesura/results",
        "GET /v1/caesura/requests/x", "POST /v1/caesura/requests/x/release"}) {
    const std::string text = call;
    const std::string method = text.substr(0, text.find(' '));
    const std::string target = text.substr(text.find(' ') + 1);
    for (const std::string key : {"", "X-Muxi-Client-Key: wrong\r\n"}) {
      const RawAnswer answer = gateway.call(method, target, key);
      EXPECT_EQ(answer.status, 401U) << call;
      EXPECT_EQ(Json::parse(answer.body).at("code"), "UNAUTHORIZED") << call;
      EXPECT_EQ(Json::parse(answer.body).at("type"), "error.authentication") << call;
    }
    EXPECT_NE(gateway.call(method, target, "x-muxi-client-key: secret\r\n").status, 401U) << call;
    EXPECT_NE(gateway.call(method, target, "X-MUXI-ADMIN-KEY: master\r\n").status, 401U) << call;
  }
  for (const char* target : {"/health", "/metrics", "/"})
    EXPECT_EQ(gateway.call("GET", target).status, 200U) << target;
}

TEST(GatewayApi, ForgetsARequestFiveMinutesAfterItsEnd) {
  const RunningGateway gateway;
  gateway.call("POST", "/v1/chat", {}, async_chat + "r1\"}");
  gateway.advance("30s");
  gateway.advance("299s");
  EXPECT_EQ(gateway.call("GET", "/v1/requests/r1").status, 200U);
  gateway.advance("1s");
  EXPECT_EQ(gateway.call("GET", "/v1/requests/r1").status, 404U);
  EXPECT_EQ(gateway.json("DELETE", "/v1/requests/r1").at("code"), "NOT_FOUND");
}

TEST(GatewayApi, AllowsBrowsersFromAnywhereAlsoToSeeErrors) {
  const RunningGateway gateway;
  for (const char* target : {"/v1/requests", "/v1/requests/none", "/nowhere"}) {
    const RawAnswer answer = gateway.call("GET", target);
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "*") << target;
    EXPECT_THAT(answer.header("Access-Control-Expose-Headers"),
                HasSubstr("X-Caesura-Cancel-Received"));
  }
  const RawAnswer preflight =
      gateway.call("OPTIONS", "/v1/requests/x",
                   "Origin: http://a\r\nAccess-Control-Request-Method: "
                   "DELETE\r\nAccess-Control-Request-Headers: x-muxi-user-id\r\n");
  EXPECT_EQ(preflight.status, 204U);
  EXPECT_THAT(preflight.header("Access-Control-Allow-Methods"), HasSubstr("DELETE"));
  EXPECT_EQ(preflight.header("Access-Control-Allow-Headers"), "x-muxi-user-id");
  RawClient too_large = gateway.begin("POST", "/v1/chat", "Content-Length: 99999999\r\n");
  EXPECT_EQ(too_large.read_answer().header("Access-Control-Allow-Origin"), "*");
}

TEST(GatewayApi, RefusesOtherPathsAndMethods) {
  const RunningGateway gateway;
  const RawAnswer missing = gateway.call("GET", "/v1/nothing");
  EXPECT_EQ(missing.status, 404U);
  EXPECT_EQ(Json::parse(missing.body).at("code"), "NOT_FOUND");
  const RawAnswer wrong = gateway.call("PUT", "/v1/requests/x");
  EXPECT_EQ(wrong.status, 405U);
  EXPECT_EQ(wrong.header("Allow"), "GET, HEAD, DELETE, OPTIONS");
}

TEST(GatewayApi, TakesUsersAndKeysOf256BytesAtMost) {
  const RunningGateway gateway;
  const auto status_of = [&](const std::string& header, std::size_t size) {
    return gateway
        .call("POST", "/v1/chat", header + ": " + std::string(size, 'x') + "\r\n",
              R"({"message": "hi", "mode": "async"})")
        .status;
  };
  for (const std::string header : {"X-Muxi-User-ID", "X-Muxi-Idempotency-Key"}) {
    EXPECT_EQ(status_of(header, 256), 202U) << header;
    EXPECT_EQ(status_of(header, 257), 400U) << header;
  }
  EXPECT_EQ(gateway.call("GET", "/v1/requests", "X-Muxi-User-ID: " + std::string(257, 'x') + "\r\n")
                .status,
            400U);
}

TEST(GatewayApi, TakesIdsThatAreNotEscapedAndOddRequests) {
  const RunningGateway gateway;
  gateway.call("POST", "/v1/chat", {}, async_chat + "a/b c\"}");
  EXPECT_EQ(gateway.status("a/b%20c").at("request_id"), "a/b c");
  EXPECT_EQ(gateway.status("a%2Fb%20c").at("request_id"), "a/b c");
  EXPECT_EQ(gateway.call("GET", "/v1/requests/%ff%00").status, 404U);
  RawClient chunked(gateway.port());
  chunked.send(
      "POST /v1/chat HTTP/1.1\r\nhost: x\r\nx-muxi-user-ID: ada\r\ntransfer-encoding: "
      "chunked\r\n\r\n10\r\n{\"message\": \"hi\"\r\n14\r\n, "
      "\"use_async\": true}\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.read_answer().status, 202U);
  EXPECT_EQ(gateway.json("GET", "/v1/requests", "X-Muxi-User-ID: ada\r\n").at("data").at("count"),
            1);
  RawClient pipelined(gateway.port());
  pipelined.send(RunningGateway::bytes_of("GET", "/health", {}, {}) +
                 RunningGateway::bytes_of("GET", "/v1/requests/none", {}, {}) +
                 RunningGateway::bytes_of("HEAD", "/v1/requests", {}, {}));
  EXPECT_EQ(pipelined.read_answer().status, 200U);
  EXPECT_EQ(pipelined.read_answer().status, 404U);
  EXPECT_EQ(pipelined.read_answer(true).status, 200U);
}

TEST(GatewayApi, TheHealthIsPlainAndUnderEveryPrefix) {
  const RunningGateway gateway;
  for (const char* target : {"/health", "/v1/health", "/api/f/v1/health", "/draft/f/v1/health"}) {
    const Json health = gateway.json("GET", target);
    EXPECT_EQ(health.at("status"), "healthy") << target;
    EXPECT_EQ(health.at("formation_id"), "small");
    EXPECT_EQ(health.at("timestamp"), "2026-08-04T11:44:21.000000Z");
    EXPECT_FALSE(health.contains("success"));
  }
}

TEST(GatewayControl, TheClockMovesWhenItIsTold) {
  const RunningGateway gateway;
  EXPECT_EQ(gateway.json("POST", "/v1/caesura/clock", {}, R"({"advance": "1500ms"})").at("now_s"),
            1.5);
  EXPECT_EQ(gateway.json("GET", "/v1/caesura/clock"),
            Json({{"now_s", 1.5}, {"mode", "manual"}, {"time_scale", 1.0}}));
  for (const std::string body : {"", "{}", "[]", R"({"advance": 30})", R"({"advance": "-1s"})",
                                 R"({"advance": "30"})", "{\"advance\": \"\xff\"}"}) {
    EXPECT_EQ(gateway.call("POST", "/v1/caesura/clock", {}, body).status, 400U) << body;
  }
}

TEST(GatewayControl, TheClockStopsWhereTimeEnds) {
  const RunningGateway gateway;
  unsigned status = 200;
  for (int year = 0; year < 400 && status == 200; ++year) {
    status = gateway.call("POST", "/v1/caesura/clock", {}, R"({"advance": "8760h"})").status;
  }
  EXPECT_EQ(status, 400U);
  EXPECT_EQ(gateway.call("GET", "/health").status, 200U) << "the server goes on";
}

TEST(GatewayControl, TheTimelineOfARequestHasWhatWasSaved) {
  const RunningGateway gateway;
  gateway.call("POST", "/v1/chat", {}, async_chat + "r1\"}");
  gateway.advance("12s");
  EXPECT_EQ(gateway.timeline("r1").at("tokens"), nullptr);
  gateway.call("DELETE", "/v1/requests/r1");
  gateway.advance("10s");
  const Json timeline = gateway.timeline("r1");
  EXPECT_EQ(timeline.at("cancel_received_s"), 12.0);
  EXPECT_EQ(timeline.at("stopped_s"), 15.0);
  EXPECT_EQ(timeline.at("operations").size(), 2U);
  EXPECT_EQ(timeline.at("operations")[1].at("cut_off"), false);
  EXPECT_EQ(timeline.at("tokens"),
            Json({{"planned", 230}, {"used", 120}, {"saved", 110}, {"used_after_cancel", 0}}));
  EXPECT_EQ(timeline.at("policy"), "checkpoint");
  EXPECT_EQ(gateway.timeline("r2").at("code"), "REQUEST_NOT_FOUND");
}

TEST(GatewayControl, AnOperationThatWasCutOffEndsAtTheStop) {
  const RunningGateway gateway;
  gateway.call("POST", "/v1/chat", "X-Caesura-Policy: at-once\r\n", async_chat + "r1\"}");
  gateway.advance("12s");
  gateway.call("DELETE", "/v1/requests/r1");
  const Json operation = gateway.timeline("r1").at("operations")[1];
  EXPECT_EQ(operation.at("end_s"), 12.0);
  EXPECT_EQ(operation.at("cut_off"), true);
}

TEST(GatewayControl, ResultsAndMetricsCountWhatHasHappened) {
  const RunningGateway gateway;
  for (const std::string id : {"r1", "r2"})
    gateway.call("POST", "/v1/chat", {}, async_chat + id + "\"}");
  gateway.advance("12s");
  gateway.call("DELETE", "/v1/requests/r1");
  EXPECT_THAT(gateway.call("GET", "/metrics").body, HasSubstr("caesura_requests_in_flight 2"));
  gateway.advance("30s");
  gateway.call("DELETE", "/v1/requests/r2");
  const Json results = gateway.json("GET", "/v1/caesura/results");
  EXPECT_EQ(results.at("schema"), "caesura.results/1");
  EXPECT_EQ(results.at("policies")[0].at("requests").at("cancelled"), 1);
  EXPECT_EQ(results.at("policies")[0].at("requests").at("completed"), 1);
  const RawAnswer metrics = gateway.call("GET", "/metrics");
  EXPECT_THAT(metrics.header("Content-Type"), HasSubstr("text/plain; version=0.0.4"));
  for (const char* line :
       {"caesura_requests_total{outcome=\"cancelled\"} 1",
        "caesura_requests_total{outcome=\"completed\"} 1",
        "caesura_cancels_total{verdict=\"accepted\"} 1",
        "caesura_cancels_total{verdict=\"too_late\"} 1", "caesura_cancel_latency_seconds_sum 3",
        "caesura_tokens_total{part=\"saved\"} 110", "caesura_requests_in_flight 0",
        "caesura_http_calls_total{endpoint=\"request_cancel\",status=\"400\"} 1"}) {
    EXPECT_THAT(metrics.body, HasSubstr(line));
  }
}

TEST(GatewayControl, EveryCallIsLoggedOnce) {
  std::string log;
  GatewayOptions options = RunningGateway::manual();
  options.access_log = [&log](const Json& call) {
    log += call.at("method").get<std::string>() + " " + call.at("target").get<std::string>() + " " +
           call.at("status").dump() + "\n";
  };
  {
    const RunningGateway gateway(std::move(options));
    gateway.call("GET", "/health");
    gateway.call("DELETE", "/v1/requests/a/b");
  }
  EXPECT_EQ(log, "GET /health 200\nDELETE /v1/requests/a/b 404\n");
}

TEST(GatewayControl, AChatWhoseClientHangsUpIsLoggedWithoutAStatus) {
  Count hang_ups;
  GatewayOptions options = RunningGateway::manual();
  options.access_log = [&](const Json& call) {
    if (call.at("status").is_null() && call.at("endpoint") == "chat" &&
        call.at("request_id") == "r1")
      hang_ups.add();
  };
  const RunningGateway gateway(std::move(options));
  gateway.begin_chat("r1").close();
  hang_ups.wait_for(1);
}

}  // namespace
}  // namespace caesura
