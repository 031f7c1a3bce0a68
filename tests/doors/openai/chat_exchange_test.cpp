#include "doors/openai/chat_exchange.hpp"

#include "tests/doors/http/count.hpp"
#include "tests/doors/http/raw_client.hpp"
#include "tests/doors/http/running_server.hpp"
#include "tests/doors/openai/small_answers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace caesura {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// One chat over a real connection, of which the test tells what the model does.
class OneChat {
 public:
  explicit OneChat(const ChatForm& form, ModelAnswer answer = small_text())
      : server_({},
                [this, form, answer](std::shared_ptr<HttpCall> http) {
                  exchange_ = std::make_shared<ChatExchange>(std::move(http), form);
                  exchange_->begin(
                      answer,
                      {.delivered = [this](std::uint32_t tokens) { delivered_.push_back(tokens); },
                       .answered = [this](bool /*says_usage*/) { ++answered_; },
                       .hung_up = [this] { hang_ups_.add(); }});
                  watch_ = exchange_;
                  begun_.add();
                }),
        client_(server_.port()) {
    client_.get("/");
    begun_.wait_for(1);
  }

  void tell(const std::function<void(ChatExchange&)>& what) {
    server_.in_loop([&](HttpServer&) { what(*exchange_); });
  }
  /// Whoever told it what happens has nothing more to tell.
  void let_go() {
    server_.in_loop([&](HttpServer&) { exchange_.reset(); });
  }
  bool is_alive() {
    bool alive = false;
    server_.in_loop([&](HttpServer&) { alive = !watch_.expired(); });
    return alive;
  }
  std::vector<std::uint32_t> delivered() {
    std::vector<std::uint32_t> counts;
    server_.in_loop([&](HttpServer&) { counts = delivered_; });
    return counts;
  }
  int answered() {
    int times = 0;
    server_.in_loop([&](HttpServer&) { times = answered_; });
    return times;
  }
  void await_hang_up() { hang_ups_.wait_for(1); }
  std::size_t hang_ups() {
    server_.catch_up();
    return hang_ups_.value();
  }
  RawClient& client() { return client_; }

 private:
  std::vector<std::uint32_t> delivered_;
  int answered_ = 0;
  Count hang_ups_;
  Count begun_;
  std::shared_ptr<ChatExchange> exchange_;
  std::weak_ptr<ChatExchange> watch_;
  RunningServer server_;
  RawClient client_;
};

constexpr ChatForm whole{.stream = false, .with_usage = false, .created = 1};
constexpr ChatForm stream{.stream = true, .with_usage = false, .created = 1};
constexpr ChatForm stream_with_usage{.stream = true, .with_usage = true, .created = 1};

TEST(ChatExchange, AWholeAnswerComesAtItsEnd) {
  OneChat chat(whole);
  chat.tell([](ChatExchange& exchange) {
    exchange.started();
    exchange.generated(0, 2);
  });
  EXPECT_THAT(chat.delivered(), IsEmpty());
  chat.tell([](ChatExchange& exchange) { exchange.ended(CallEnd::ok, {}); });
  const RawAnswer answer = chat.client().read_answer();
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(answer.body, chat_completion(small_text(), 1));
  EXPECT_THAT(chat.delivered(), ElementsAre(2U));
  EXPECT_EQ(chat.answered(), 1);
  EXPECT_EQ(chat.hang_ups(), 0U);
}

TEST(ChatExchange, AStreamsHeadComesWhenTheCallIsInServiceAndAFrameWithEachToken) {
  OneChat chat(stream);
  chat.tell([](ChatExchange& exchange) { exchange.started(); });
  const RawAnswer head = chat.client().read_head();
  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.header("Content-Type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(head.header("Cache-Control"), "no-cache");
  EXPECT_THAT(chat.delivered(), IsEmpty());

  const ModelAnswer answer = small_text();
  const ChatFrames frames(answer, 1, false);
  chat.tell([](ChatExchange& exchange) { exchange.generated(0, 1); });
  EXPECT_EQ(chat.client().read_chunk(),
            frames.first() + frames.pieces(answer, pieces_of(answer, 0, 1)));
  EXPECT_THAT(chat.delivered(), ElementsAre(1U));
  chat.tell([](ChatExchange& exchange) { exchange.generated(1, 1); });
  EXPECT_EQ(chat.client().read_chunk(), frames.pieces(answer, pieces_of(answer, 1, 1)));
  EXPECT_EQ(chat.answered(), 0);
  chat.tell([](ChatExchange& exchange) { exchange.ended(CallEnd::ok, {}); });
  EXPECT_EQ(chat.client().read_chunk(), frames.finish() + "data: [DONE]\n\n");
  EXPECT_EQ(chat.client().read_chunk(), "");
  EXPECT_THAT(chat.delivered(), ElementsAre(1U, 2U));
  EXPECT_EQ(chat.answered(), 1);
  EXPECT_EQ(chat.hang_ups(), 0U);
}

TEST(ChatExchange, AStreamEndsWithItsUsageIfThatIsAskedFor) {
  OneChat chat(stream_with_usage, small_calls());
  chat.tell([](ChatExchange& exchange) {
    exchange.started();
    exchange.generated(0, 3);
    exchange.ended(CallEnd::ok, {});
  });
  const ChatFrames frames(small_calls(), 1, true);
  const RawAnswer answer = chat.client().read_answer();
  ASSERT_FALSE(answer.chunks.empty());
  EXPECT_EQ(answer.chunks.back(), frames.finish() + frames.usage() + "data: [DONE]\n\n");
}

TEST(ChatExchange, AnAnswerWithoutTokensHasItsCallsAllTheSame) {
  ModelAnswer silent = small_calls();
  silent.usage.output = {0};
  OneChat chat(stream, silent);
  chat.tell([](ChatExchange& exchange) {
    exchange.started();
    exchange.ended(CallEnd::ok, {});
  });
  const RawAnswer answer = chat.client().read_answer();
  EXPECT_THAT(answer.body, HasSubstr(R"("role":"assistant")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("id":"call_r1_1_2")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("id":"call_r1_1_3")"));
  EXPECT_THAT(answer.body, HasSubstr("[DONE]"));
}

TEST(ChatExchange, AFailureIs500UntilAStreamIsOpen) {
  for (const ChatForm& form : {whole, stream}) {
    OneChat chat(form);
    chat.tell([](ChatExchange& exchange) { exchange.ended(CallEnd::failed, "disk full"); });
    const RawAnswer answer = chat.client().read_answer();
    EXPECT_EQ(answer.status, 500U);
    EXPECT_EQ(
        answer.body,
        R"({"error":{"message":"disk full","type":"server_error","param":null,"code":null}})");
    EXPECT_EQ(chat.hang_ups(), 0U);
  }
}

TEST(ChatExchange, AFailureOfAWholeAnswerIs500EvenAfterItsTokens) {
  OneChat chat(whole);
  chat.tell([](ChatExchange& exchange) {
    exchange.started();
    exchange.generated(0, 2);
    exchange.ended(CallEnd::failed, {});
  });
  const RawAnswer answer = chat.client().read_answer();
  EXPECT_EQ(answer.status, 500U);
  EXPECT_THAT(answer.body, HasSubstr("The server had an error"));
  EXPECT_THAT(chat.delivered(), IsEmpty());
}

TEST(ChatExchange, AFailureInAStreamIsItsLastFrame) {
  OneChat chat(stream);
  chat.tell([](ChatExchange& exchange) {
    exchange.started();
    exchange.generated(0, 1);
    exchange.ended(CallEnd::failed, "disk full");
  });
  const RawAnswer answer = chat.client().read_answer();
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.chunks.back(),
            R"(data: {"error":{"message":"disk full","type":"server_error","param":null,)"
            R"("code":null}})"
            "\n\n");
  EXPECT_THAT(answer.body, Not(HasSubstr("[DONE]")));
}

TEST(ChatExchange, OneThatIsTurnedAwayIs503) {
  for (const ChatForm& form : {whole, stream}) {
    OneChat chat(form);
    chat.tell([](ChatExchange& exchange) { exchange.ended(CallEnd::turned_away, {}); });
    const RawAnswer answer = chat.client().read_answer();
    EXPECT_EQ(answer.status, 503U);
    EXPECT_THAT(answer.body, HasSubstr("overloaded"));
  }
}

TEST(ChatExchange, ABrokenOneIsReset) {
  for (const ChatForm& form : {whole, stream}) {
    OneChat chat(form);
    chat.tell([](ChatExchange& exchange) {
      exchange.started();
      exchange.generated(0, 1);
      exchange.broken();
    });
    EXPECT_EQ(chat.client().wait_for_end(), RawClient::End::reset);
    EXPECT_EQ(chat.hang_ups(), 0U);
    EXPECT_EQ(chat.answered(), 0);
  }
}

TEST(ChatExchange, AClientThatClosesBeforeItsAnswerIsWholeHasHungUpAndGetsNoMore) {
  for (const ChatForm& form : {whole, stream}) {
    OneChat chat(form);
    chat.tell([](ChatExchange& exchange) {
      exchange.started();
      exchange.generated(0, 1);
    });
    const std::vector<std::uint32_t> before = chat.delivered();
    chat.client().close();
    chat.await_hang_up();
    chat.tell([](ChatExchange& exchange) {
      exchange.generated(1, 1);
      exchange.ended(CallEnd::ok, {});
    });
    EXPECT_EQ(chat.delivered(), before);
    EXPECT_EQ(chat.answered(), 0);
    EXPECT_EQ(chat.hang_ups(), 1U);
  }
}

TEST(ChatExchange, AClientThatResetsOrClosesHalfHasHungUpToo) {
  for (const bool resets : {true, false}) {
    OneChat chat(stream);
    chat.tell([](ChatExchange& exchange) { exchange.started(); });
    (void)chat.client().read_head();
    if (resets) {
      chat.client().reset();
    } else {
      chat.client().close_sending();
    }
    chat.await_hang_up();
    EXPECT_EQ(chat.hang_ups(), 1U);
  }
}

TEST(ChatExchange, AConnectionClosedAfterTheLastFrameIsNoHangUp) {
  OneChat chat(stream);
  chat.tell([](ChatExchange& exchange) {
    exchange.started();
    exchange.generated(0, 2);
    exchange.ended(CallEnd::ok, {});
  });
  chat.client().close();
  EXPECT_EQ(chat.hang_ups(), 0U);
  EXPECT_EQ(chat.answered(), 1);
}

TEST(ChatExchange, AStreamThatItsClientDoesNotReadIsCutOff) {
  ModelAnswer large = small_text();
  large.text = std::string(4 * ChatExchange::unsent_max, 'x');  // more than sockets hold
  OneChat chat(stream, large);
  chat.tell([](ChatExchange& exchange) {
    exchange.started();
    exchange.generated(0, 1);
    exchange.generated(1, 1);
  });
  EXPECT_EQ(chat.hang_ups(), 0U);  // catches up: the system has been offered it
  chat.tell([](ChatExchange& exchange) { exchange.generated(1, 1); });
  chat.await_hang_up();
  EXPECT_EQ(chat.client().wait_for_end(), RawClient::End::reset);
  EXPECT_THAT(chat.delivered(), ElementsAre(1U, 2U));
}

TEST(ChatExchange, GoesWithTheLastThatHoldsIt) {
  OneChat open(stream);
  open.tell([](ChatExchange& exchange) { exchange.started(); });
  open.let_go();
  EXPECT_TRUE(open.is_alive());  // its client may still hang up
  open.client().close();
  open.await_hang_up();
  EXPECT_FALSE(open.is_alive());

  OneChat over(stream);
  over.tell([](ChatExchange& exchange) {
    exchange.started();
    exchange.generated(0, 2);
    exchange.ended(CallEnd::ok, {});
  });
  over.let_go();
  EXPECT_FALSE(over.is_alive());
}

}  // namespace
}  // namespace caesura
