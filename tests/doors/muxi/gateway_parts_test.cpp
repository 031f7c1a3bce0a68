#include "doors/http/silence.hpp"
#include "doors/live/api_clock.hpp"
#include "doors/live/due_queue.hpp"
#include "doors/live/filler.hpp"
#include "doors/muxi/envelope.hpp"
#include "doors/muxi/event_stream.hpp"
#include "doors/muxi/gateway_metrics.hpp"
#include "doors/muxi/idempotency.hpp"
#include "doors/muxi/request_registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

Time at(Duration t) { return Time{t}; }

TEST(Filler, PiecesPutTogetherAreTheWhole) {
  std::string pieces;
  for (std::uint32_t first = 0; first < 100; first += 7)
    pieces += filler(first, std::min(7U, 100 - first));
  EXPECT_EQ(pieces, filler(0, 100));
  EXPECT_EQ(std::count(pieces.begin(), pieces.end(), ' '), 99);
  EXPECT_EQ(filler(5, 0), "");
}

TEST(ApiClock, MomentsAreFloatsOrRfc3339AndGoAtTheirPace) {
  const ApiClock clock(std::chrono::system_clock::time_point(1785843861s), 10);
  EXPECT_EQ(clock.json(at(5s), TimeForm::seconds), 1785843861.5);
  EXPECT_EQ(clock.json(at(5s), TimeForm::rfc3339), "2026-08-04T11:44:21.500000Z");
  EXPECT_EQ(clock.milliseconds(at(990ms)), 1785843861099);
}

TEST(ApiClock, EndsWhereTimeEnds) {
  const std::chrono::system_clock::time_point start(1785843861s);
  EXPECT_EQ(ApiClock(start, 1).client_time(Time::max()), Time::max());
  EXPECT_EQ(ApiClock(start, 0.001).client_time(Time::max()), Time::max());
  EXPECT_EQ(ApiClock(start, 1000).client_time(at(5s)), at(5ms));
  EXPECT_EQ(ApiClock(start, 0.001).rfc3339(Time::max()), ApiClock(start, 1).rfc3339(Time::max()));
}

TEST(Envelope, HasAllFieldsAlways) {
  const EnvelopeHead head{.timestamp_ms = 7, .request_id = "req_1", .idempotency_key = "k"};
  EXPECT_EQ(
      success(202, head, "chat", "chat.async_accepted", {{"a", 1}}).body,
      R"({"object":"chat","timestamp":7,"type":"chat.async_accepted","request":{"id":"req_1","idempotency_key":"k"},)"
      R"("success":true,"error":null,"data":{"a":1}})");
  EXPECT_EQ(
      failure({.timestamp_ms = 7, .request_id = "req_1", .idempotency_key = {}},
              ApiError(404, "NOT_FOUND", "no"))
          .body,
      R"({"object":"error","timestamp":7,"type":"error.not_found","request":{"id":"req_1","idempotency_key":null},)"
      R"("success":false,"error":{"code":"NOT_FOUND","message":"no","data":{}},"data":{},"code":"NOT_FOUND","message":"no"})");
}

TEST(Envelope, OfAnErrorMayBeAlone) {
  const Json body =
      Json::parse(failure({}, ApiError(404, "NOT_FOUND", "no"), ErrorForm::envelope_alone).body);
  EXPECT_FALSE(body.contains("code"));
  EXPECT_FALSE(body.contains("message"));
  EXPECT_EQ(body.at("error").at("code"), "NOT_FOUND");
}

TEST(Envelope, ErrorTypesFollowTheirCodes) {
  const auto type_of = [](const char* code) {
    return Json::parse(failure({}, ApiError(400, code, "")).body)["type"].get<std::string>();
  };
  EXPECT_EQ(type_of("INVALID_REQUEST"), "error.validation");
  EXPECT_EQ(type_of("INVALID_PARAMS"), "error.validation");
  EXPECT_EQ(type_of("UNAUTHORIZED"), "error.authentication");
  EXPECT_EQ(type_of("FORBIDDEN"), "error.authorization");
  EXPECT_EQ(type_of("REQUEST_NOT_FOUND"), "error.not_found");
  EXPECT_EQ(type_of("OPERATION_FAILED"), "error.internal");
}

TEST(EventStream, AFrameIsOneLineWhateverIsInIt) {
  EXPECT_EQ(token_frame({{"content", "a\nb\"\xff"}}),
            "data: {\"token\": {\"content\":\"a\\nb\\\"\xef\xbf\xbd\"}}\n\n");
  EXPECT_EQ(error_frame("no", "INTERNAL_ERROR"),
            "event: error\ndata: {\"error\":\"no\",\"type\":\"INTERNAL_ERROR\"}\n\n");
}

TEST(SilenceWatch, TellsWhoHasBeenSilentLongest) {
  const SilenceWatch::Moment start{};
  SilenceWatch watch;
  EXPECT_EQ(watch.longest(), std::nullopt);
  std::vector<SilenceWatch::Stream> streams;
  for (int i = 0; i < 3; ++i)
    streams.push_back(std::make_shared<HttpCall>(HttpRequest{}, std::weak_ptr<HttpConnection>()));
  watch.heard(streams[0], start);
  watch.heard(streams[1], start + 1s);
  watch.heard(streams[2], start + 2s);
  watch.heard(streams[0], start + 3s);
  EXPECT_EQ(watch.longest(), start + 1s);
  EXPECT_EQ(watch.silent(start + 2s), (std::vector{streams[1], streams[2]}));
  watch.forget(streams[1]);
  watch.forget(streams[1]);
  EXPECT_EQ(watch.silent(start + 3s), (std::vector{streams[2], streams[0]}));
}

TEST(DueQueue, RunsWhatIsDueInOrderOfTimeAndWhatItAdds) {
  DueQueue queue;
  std::string order;
  queue.add(at(2s), [&] { order += 'c'; });
  queue.add(at(1s), [&] {
    order += 'a';
    queue.add(at(1s), [&] { order += 'b'; });
  });
  queue.add(at(3s), [&] { order += 'd'; });
  queue.run_until(at(2s));
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(queue.next(), at(3s));
}

TEST(IdempotencyMemory, GivesTheSameAnswerForADay) {
  IdempotencyMemory memory({});
  EXPECT_TRUE(std::holds_alternative<IdempotencyMemory::Unknown>(memory.find("k", at(0s))));
  memory.begin("k", 7, {});
  EXPECT_EQ(std::get<IdempotencyMemory::InFlight>(memory.find("k", at(0s))).call, 7U);
  memory.answer("k", {200, {}, "body"}, at(1s));
  EXPECT_EQ(std::get<IdempotencyMemory::Answered>(memory.find("k", at(1s) + 24h)).answer->body,
            "body");
  EXPECT_TRUE(std::holds_alternative<IdempotencyMemory::Unknown>(memory.find("k", at(2s) + 24h)));
}

TEST(IdempotencyMemory, ThatBeginsAgainForgetsWhatWasAnswered) {
  IdempotencyMemory memory({.kept = 24h, .answers = 3, .bytes = 10});
  for (std::uint64_t call = 1; call < 9; ++call) {
    memory.begin("k", call, {.id = "r1", .message = 7});
    const auto found = std::get<IdempotencyMemory::InFlight>(memory.find("k", at(0s)));
    EXPECT_EQ(found.call, call);
    EXPECT_EQ(found.sent->message, 7U);
    memory.answer("k", {200, {}, "body"}, at(0s));
  }
  EXPECT_EQ(memory.size(), 1U);
}

TEST(IdempotencyMemory, ForgetsFailuresAndThoseGivenUp) {
  IdempotencyMemory memory({});
  memory.begin("failed", 1, {});
  memory.answer("failed", {503, {}, ""}, at(0s));
  memory.begin("given up", 2, {});
  memory.forget("given up");
  memory.forget("never there");
  EXPECT_EQ(memory.size(), 0U);
}

TEST(IdempotencyMemory, IsBounded) {
  IdempotencyMemory memory({.kept = 24h, .answers = 3, .bytes = 10});
  for (const char* key : {"a", "b", "c", "d"}) {
    memory.begin(key, 1, {});
    memory.answer(key, {200, {}, "x"}, at(0s));
  }
  EXPECT_EQ(memory.size(), 3U);
  EXPECT_TRUE(std::holds_alternative<IdempotencyMemory::Unknown>(memory.find("a", at(0s))));
  memory.begin("e", 1, {});
  memory.answer("e", {200, {}, std::string(7, 'x')}, at(0s));
  EXPECT_EQ(memory.size(), 2U);
}

TEST(IdempotencyMemory, CountsKeysAndHeadersToo) {
  IdempotencyMemory memory({.kept = 24h, .answers = 3, .bytes = 10});
  for (const std::string key : {"four", "more"}) {
    memory.begin(key, 1, {});
    memory.answer(key, {200, {{"a", "b"}}, "x"}, at(0s));
  }
  EXPECT_EQ(memory.size(), 1U);
  EXPECT_EQ(std::get<IdempotencyMemory::Answered>(memory.find("more", at(0s))).answer->body, "x");
}

RequestRecord record_of(RequestNumber number, const std::string& id) {
  RequestRecord record;
  record.number = number;
  record.id = id;
  return record;
}

TEST(RequestRegistry, AnEndedRequestIsForgottenAfterFiveMinutes) {
  RequestRegistry registry({});
  registry.add(record_of(0, "a"));
  registry.ended(0, at(10s));
  registry.settled(0);
  registry.forget_until(at(309s));
  EXPECT_NE(registry.find("a"), nullptr);
  registry.forget_until(at(310s));
  EXPECT_EQ(registry.find("a"), nullptr);
  EXPECT_EQ(registry.count({}), 0U);
  EXPECT_EQ(registry.find(RequestNumber{0}), nullptr);
}

TEST(RequestRegistry, OneThatHasNotSettledCanStillBeFoundByNumber) {
  RequestRegistry registry({});
  registry.add(record_of(0, "a"));
  registry.ended(0, at(0s));
  registry.forget_until(at(1h));
  EXPECT_NE(registry.find(RequestNumber{0}), nullptr);
  registry.settled(0);
  EXPECT_EQ(registry.find(RequestNumber{0}), nullptr);
}

TEST(RequestRegistry, AnIdUsedAgainMeansTheNewRequest) {
  RequestRegistry registry({});
  registry.add(record_of(0, "a"));
  registry.add(record_of(1, "b"));
  registry.add(record_of(2, "a"));
  EXPECT_EQ(registry.find("a")->number, 2U);
  EXPECT_EQ(registry.newest({}, 9, {}), (std::vector<RequestNumber>{2, 1})) << "newest first";
  registry.ended(0, at(0s));
  registry.settled(0);
  registry.forget_until(at(1h));
  EXPECT_EQ(registry.find("a")->number, 2U);
}

TEST(RequestRegistry, ListsTheRequestsOfAUserInPages) {
  RequestRegistry registry({});
  for (RequestNumber number = 0; number < 6; ++number) {
    RequestRecord record = record_of(number, std::to_string(number));
    record.user = number % 2 == 0 ? "ada" : "bob";
    registry.add(std::move(record));
  }
  EXPECT_EQ(registry.newest("ada", 2, {}), (std::vector<RequestNumber>{4, 2}));
  EXPECT_EQ(registry.newest("ada", 2, 2), (std::vector<RequestNumber>{0}));
  EXPECT_EQ(registry.newest({}, 3, 4), (std::vector<RequestNumber>{3, 2, 1}));
  EXPECT_EQ(registry.count("bob"), 3U);
  EXPECT_EQ(registry.count("eve"), 0U);
  EXPECT_TRUE(registry.newest("eve", 9, {}).empty());
  registry.ended(1, at(0s));
  registry.forget_until(at(1h));
  EXPECT_EQ(registry.count("bob"), 2U) << "though it has not settled";
}

TEST(GatewayMetrics, CountInPrometheusFormat) {
  GatewayMetrics metrics;
  LiveRecord record;
  record.request.outcome = Outcome::cancelled;
  record.request.stopped = at(12s);
  record.request.saved.tokens.output = {70};
  record.request.saved.cost = {1'500'000'000'000};
  record.client.cancel_sent = at(10s);
  metrics.count_settled(record);
  metrics.count_cancel(CancelVerdict::accepted);
  metrics.count_call(Endpoint::chat, 200);
  const std::string text = metrics.text(3);
  for (const char* line :
       {"caesura_requests_total{outcome=\"cancelled\"} 1",
        "caesura_requests_total{outcome=\"completed\"} 0",
        "caesura_cancels_total{verdict=\"accepted\"} 1", "caesura_tokens_total{part=\"saved\"} 70",
        "caesura_cost_usd_total{part=\"saved\"} 1.5",
        "caesura_cancel_latency_seconds_bucket{le=\"2.5\"} 1",
        "caesura_cancel_latency_seconds_sum 2", "caesura_requests_in_flight 3",
        "caesura_http_calls_total{endpoint=\"chat\",status=\"200\"} 1"}) {
    EXPECT_NE(text.find(std::string(line)), std::string::npos) << line << "\n" << text;
  }
}

}  // namespace
}  // namespace caesura
