#include "exam/http_subject.hpp"

#include "tests/exam/canned_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::SizeIs;

class HttpSubjectTest : public testing::Test {
 protected:
  HttpSubjectTest() : server_(io_, [this](const std::string& head) { return answer_(head); }) {
    file_.name = "server";
    file_.folder = "/";
    file_.speaks = SubjectFile::Speaks::http;
    http_.start = {.method = "POST",
                   .url = server_.url() + "/chat/{run}",
                   .headers = {{"X-User", "{user}"}},
                   .json = R"({"message":"{prompt}"})"};
    http_.prompt = http_.start;
    http_.cancel = SubjectHttpCall{.method = "DELETE", .url = server_.url() + "/chat/{run}"};
    http_.outcome_at = "/status";
    http_.cancelled = {"cancelled"};
  }

  void make() {
    SubjectAudience audience;
    audience.ready = [this] { is_ready_ = true; };
    audience.settled = [this](std::string_view, const SettledLine& line) { settled_ = line; };
    audience.ended = [](bool, std::string_view) {};
    subject_.emplace(io_, file_, http_, run_, audience);
  }

  void run_until(const std::function<bool()>& is_done) {
    const auto late = std::chrono::steady_clock::now() + 60s;
    while (!is_done() && std::chrono::steady_clock::now() < late) {
      io_.restart();
      io_.run_one_until(late);
    }
    ASSERT_TRUE(is_done());
  }

  /// What a turn that is answered so comes to.
  std::optional<Outcome> outcome_of(const std::string& answer) {
    answer_ = [answer](const std::string&) { return answer; };
    make();
    settled_.reset();
    subject_->start(run_, [] {});
    run_until([this] { return settled_.has_value(); });
    if (!settled_) return std::nullopt;
    return settled_->outcome;
  }
  std::optional<Outcome> outcome_of_body(const std::string& body) {
    return outcome_of(http_answer(body));
  }

  boost::asio::io_context io_;
  CannedServer::Answer answer_;
  CannedServer server_;
  SubjectFile file_;
  HttpSubjectFile http_;
  SubjectRun run_{.run = "mid-text-1", .prompt = "[caesura mid-text-1/1] \"please\""};
  std::optional<HttpSubject> subject_;
  std::optional<SettledLine> settled_;
  bool is_ready_ = false;
};

TEST_F(HttpSubjectTest, IsAskedWithItsWordsFilledIn) {
  EXPECT_EQ(outcome_of_body("{}"), Outcome::completed);
  EXPECT_TRUE(is_ready_);
  ASSERT_THAT(server_.calls(), SizeIs(1));
  EXPECT_THAT(server_.calls()[0], HasSubstr("POST /chat/mid-text-1 HTTP/1.1\r\n"));
  EXPECT_THAT(server_.calls()[0], HasSubstr("X-User: caesura\r\n"));
  EXPECT_THAT(server_.calls()[0], HasSubstr(R"({"message":"[caesura mid-text-1/1] \"please\""})"));
}

TEST_F(HttpSubjectTest, SettlesAsItsAnswerSays) {
  EXPECT_EQ(outcome_of_body(R"({"status":"cancelled"})"), Outcome::cancelled);
  EXPECT_EQ(outcome_of_body(R"({"status":"done"})"), Outcome::completed);
  EXPECT_EQ(outcome_of_body("no JSON"), Outcome::completed);
  EXPECT_EQ(outcome_of(http_answer(R"({"status":"done"})", 500)), Outcome::failed);
  EXPECT_EQ(outcome_of(http_answer(R"({"status":"cancelled"})", 499)), Outcome::cancelled);
  EXPECT_EQ(outcome_of("HTTP/1.1 200 -\r\nContent-Length: 100\r\n\r\n{}"), Outcome::failed);
  EXPECT_EQ(settled_->error, "the connection was broken before the answer's end");
  EXPECT_EQ(outcome_of("no HTTP at all\r\n\r\n"), Outcome::failed);
}

TEST_F(HttpSubjectTest, SettlesAsTheLastOfItsEventsSaysThatSaysIt) {
  EXPECT_EQ(outcome_of_body("data: {\"status\":\"running\"}\n\n"
                            "event: end\ndata: {\"status\":\ndata: \"cancelled\"}\n\n"
                            "data: {\"finished\":true}\n\ndata: [DONE]\n\n: bye\n\n"),
            Outcome::cancelled);
  EXPECT_EQ(outcome_of_body("data: {\"status\":\"cancelled\"}\r\n\r\n"
                            "data: {\"status\":\"done\"}\r\n\r\n"),
            Outcome::completed);
  EXPECT_EQ(outcome_of_body("data:{\"status\":\"done\",\"text\":\"data: {}\"}\n\n"
                            "data:{\"status\":\"cancelled\"}"),
            Outcome::cancelled);
}

TEST_F(HttpSubjectTest, TakesJsonOfAnyForm) {
  EXPECT_EQ(outcome_of_body("[]"), Outcome::completed);
  EXPECT_EQ(outcome_of_body(R"(["status","cancelled"])"), Outcome::completed);
  EXPECT_EQ(outcome_of_body("data: [1]\n\n"), Outcome::completed);
  EXPECT_EQ(outcome_of_body(R"({"status":["cancelled"]})"), Outcome::completed);
  EXPECT_EQ(outcome_of_body(R"("cancelled")"), Outcome::completed);
  http_.outcome_at = "/a~1b/0/m~0n";
  EXPECT_EQ(outcome_of_body(R"({"a/b":[{"m~n":"cancelled"}]})"), Outcome::cancelled);
  EXPECT_EQ(outcome_of_body(R"({"a/b":{"0":{"m~n":"cancelled"}}})"), Outcome::cancelled);
  EXPECT_EQ(outcome_of_body(R"({"a/b":[]})"), Outcome::completed);
  http_.outcome_at = "/99999999999999999999999";
  EXPECT_EQ(outcome_of_body(R"(["cancelled"])"), Outcome::completed);
  http_.outcome_at = "/-";
  EXPECT_EQ(outcome_of_body(R"(["cancelled"])"), Outcome::completed);
  http_.outcome_at = "";
  EXPECT_EQ(outcome_of_body(R"("cancelled")"), Outcome::cancelled);
  http_.outcome_at = "/n";
  http_.cancelled = {"499", "true"};
  EXPECT_EQ(outcome_of_body(R"({"n":499})"), Outcome::cancelled);
  EXPECT_EQ(outcome_of_body(R"({"n":true})"), Outcome::cancelled);
}

TEST_F(HttpSubjectTest, TakesJsonOfAnyDepth) {
  constexpr std::size_t deep = 10'000'000;
  EXPECT_EQ(outcome_of_body(std::string(deep, '[')), Outcome::completed);
  EXPECT_EQ(outcome_of_body(std::string(deep, '[') + std::string(deep, ']')), Outcome::completed);
  EXPECT_EQ(outcome_of_body("{\"status\":" + std::string(deep, '[') + std::string(deep, ']') + "}"),
            Outcome::completed);
  EXPECT_EQ(outcome_of_body("data: {\"status\":\"cancelled\"}\n\ndata: " + std::string(deep, '[') +
                            std::string(deep, ']') + "\n\n"),
            Outcome::cancelled);
}

// They end in seconds if a byte is looked at a few times, and not within a day if as often as there
// are others.
TEST_F(HttpSubjectTest, TakesLongAnswersInTimeLinearInThem) {
  constexpr std::size_t long_size = std::size_t{32} << 20U;
  std::string one_line = "data:";
  while (one_line.size() < long_size) one_line += "data:{";
  EXPECT_EQ(outcome_of_body(one_line), Outcome::completed);
  std::string events;
  while (events.size() < long_size) events += "data: {\"status\":\n\n";
  EXPECT_EQ(outcome_of_body(events), Outcome::completed);
  std::string chunked = "HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n";
  while (chunked.size() < long_size) chunked += "1\r\nx\r\n";
  EXPECT_EQ(outcome_of(chunked + "0\r\n\r\n"), Outcome::completed);
}

TEST_F(HttpSubjectTest, FailsWithMoreThanItMaySay) {
  EXPECT_EQ(outcome_of(http_answer(std::string(HttpSubject::answer_max + 1, ' '))),
            Outcome::failed);
  EXPECT_EQ(outcome_of("HTTP/1.1 200 -\r\nContent-Length: 9000000000000000000\r\n\r\n{}"),
            Outcome::failed);
  std::string chunked = "HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 65; ++i) chunked += "100000\r\n" + std::string(0x100000, ' ') + "\r\n";
  EXPECT_EQ(outcome_of(chunked + "0\r\n\r\n"), Outcome::failed);
}

TEST_F(HttpSubjectTest, HearsACancelAsACallOrAsAHangUp) {
  answer_ = [](const std::string& head) {
    return head.starts_with("DELETE") ? http_answer("{}") : std::string();
  };
  for (const bool is_call : {true, false}) {
    if (!is_call) http_.cancel.reset();
    make();
    EXPECT_EQ(subject_->settles_after_cancel(), is_call);
    bool is_started = false;
    bool is_cancelled = false;
    const std::size_t before = server_.calls().size();
    subject_->start(run_, [&] { is_started = true; });
    run_until([&] { return is_started && server_.calls().size() > before; });
    const std::size_t calls = server_.calls().size();
    subject_->cancel(run_.run, [&] { is_cancelled = true; });
    EXPECT_FALSE(is_cancelled);
    run_until([&] {
      return is_cancelled && (is_call ? server_.calls().size() > calls : server_.hang_ups() > 1);
    });
    if (is_call) {
      EXPECT_THAT(server_.calls().back(), HasSubstr("DELETE /chat/mid-text-1 HTTP/1.1\r\n"));
    }
    EXPECT_FALSE(settled_.has_value());
  }
}

// ---- MUXI: the frames are those of doors/muxi

constexpr const char* muxi_begin =
    ": keepalive\n\n"
    "data: {\"token\": {\"type\":\"progress\",\"content\":\"\",\"stage\":\"init\"}}\n\n"
    "data: {\"token\": {\"type\":\"content\",\"content\":\"cancelled\"}}\n\n";
constexpr const char* muxi_end = "event: done\ndata: {\"finished\": true}\n\n";

class MuxiSubjectTest : public HttpSubjectTest {
 protected:
  MuxiSubjectTest() {
    file_.speaks = SubjectFile::Speaks::muxi;
    http_ = http_of_muxi({.url = server_.url() + "/", .key = "fmc_key"});
  }
};

TEST_F(MuxiSubjectTest, IsAskedInItsWords) {
  EXPECT_EQ(outcome_of_body(std::string(muxi_begin) + muxi_end), Outcome::completed);
  EXPECT_THAT(server_.calls()[0], HasSubstr("POST /v1/chat HTTP/1.1\r\n"));
  EXPECT_THAT(server_.calls()[0], HasSubstr("X-Muxi-Client-Key: fmc_key\r\n"));
  EXPECT_THAT(server_.calls()[0], HasSubstr("X-Muxi-User-Id: caesura\r\n"));
  EXPECT_THAT(server_.calls()[0], HasSubstr(R"("stream":true,"request_id":"mid-text-1"})"));
}

TEST_F(MuxiSubjectTest, SettlesAsItsStreamEnds) {
  const std::string begin = muxi_begin;
  EXPECT_EQ(
      outcome_of_body(begin + "data: {\"token\": {\"type\":\"completed\",\"content\":\"x\"}}\n\n" +
                      muxi_end),
      Outcome::completed);
  EXPECT_EQ(
      outcome_of_body(begin + "data: {\"token\": {\"type\":\"cancelled\",\"content\":\"\"}}\n\n" +
                      muxi_end),
      Outcome::cancelled);
  EXPECT_EQ(outcome_of_body(begin +
                            "data: {\"token\": {\"type\":\"failed\",\"content\":\"no\"}}\n\n"
                            "event: error\ndata: {\"error\": \"no\", \"type\": \"INTERNAL\"}\n\n" +
                            muxi_end),
            Outcome::failed);
  EXPECT_EQ(outcome_of(http_answer("{}", 401)), Outcome::failed);
}

}  // namespace
}  // namespace caesura
