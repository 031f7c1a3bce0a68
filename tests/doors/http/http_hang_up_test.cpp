#include "doors/http/http_server.hpp"
#include "tests/doors/http/raw_client.hpp"
#include "tests/doors/http/running_server.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

namespace caesura {
namespace {

using namespace std::chrono_literals;

/// Has a call under way, lets the client go, and waits for the notice.
void expect_notice(const std::function<void(HttpCall&)>& begin,
                   const std::function<void(RawClient&)>& go) {
  Count notices;
  RunningServer server;
  RawClient client(server.port());
  client.get("/");
  server.with_call(0, [&](HttpCall& call) {
    call.on_hang_up([] { FAIL() << "it was replaced"; });
    call.on_hang_up([&] {
      EXPECT_TRUE(call.is_over());
      notices.add();
    });
    begin(call);
  });
  go(client);
  notices.wait_for(1);
  server.with_call(0, [](HttpCall& call) {
    EXPECT_TRUE(call.is_over());
    call.on_hang_up([] { FAIL() << "it is over"; });
    call.answer({.body = "ignored"});
  });
  server.end();
  EXPECT_EQ(notices.value(), 1U);
}

void wait(HttpCall&) {}
void stream(HttpCall& call) {
  call.open_stream({});
  call.write("one");
}

TEST(HttpHangUp, IsNoticedInAWaitingCall) {
  expect_notice(wait, [](RawClient& client) { client.close(); });
  expect_notice(wait, [](RawClient& client) { client.reset(); });
}

TEST(HttpHangUp, IsNoticedInAStream) {
  expect_notice(stream, [](RawClient& client) {
    client.read_head();
    EXPECT_EQ(client.read_chunk(), "one");
    client.close();
  });
  expect_notice(stream, [](RawClient& client) { client.reset(); });
}

TEST(HttpHangUp, IsAHalfCloseToo) {
  expect_notice(wait, [](RawClient& client) { client.close_sending(); });
}

TEST(HttpHangUp, IsNoticedBehindRequestsSentAhead) {
  expect_notice(wait, [](RawClient& client) {
    client.get("/next");
    client.close();
  });
}

TEST(HttpHangUp, IsToSendMoreAheadThanARequestMayHave) {
  expect_notice(wait, [](RawClient& client) {
    try {
      for (int time = 0; time < 20; ++time) client.send(std::string(100'000, 'x'));
    } catch (const std::exception&) {
      // The server has closed meanwhile.
    }
  });
}

TEST(HttpHangUp, OfAClientThatDoesNotReadIsSeenInTime) {
  Count notices;
  RunningServer server({.stall_timeout = 20ms});
  RawClient client(server.port());
  client.get("/");
  server.with_call(0, [&](HttpCall& call) {
    call.on_hang_up([&] { notices.add(); });
    call.open_stream({});
    call.write(std::string(40'000'000, 'x'));
    EXPECT_EQ(call.unsent(), 0U) << "the system has not been offered any of it";
  });
  notices.wait_for(1);
  server.with_call(0, [](HttpCall& call) { EXPECT_EQ(call.unsent(), 0U); });
}

TEST(HttpHangUp, OfAClientThatDoesNotReadIsSeenThoughLittleIsSentAtATime) {
  Count notices;
  RunningServer server({.stall_timeout = 20ms});
  RawClient client(server.port());
  client.get("/");
  server.with_call(0, [&](HttpCall& call) {
    call.on_hang_up([&] { notices.add(); });
    call.open_stream({});
  });
  bool is_full = false;
  while (!is_full) {
    server.with_call(0, [&](HttpCall& call) {
      is_full = call.unsent() > 0 || call.is_over();
      call.write(std::string(1000, 'x'));
    });
  }
  notices.wait_for(1);
}

TEST(HttpHangUp, OfAClientThatDoesNotReadCanBeToldFromWhatIsUnsent) {
  constexpr std::size_t more = 1'000'000;
  RunningServer server;
  RawClient client(server.port());
  client.get("/");
  server.with_call(0, [&](HttpCall& call) { call.open_stream({}); });
  std::size_t unsent = 0;
  while (unsent == 0) {
    server.with_call(0, [&](HttpCall& call) {
      unsent = call.unsent();
      call.write(std::string(more, 'x'));
    });
  }
  // The system takes nothing any more: whatever is written from now on stays.
  server.with_call(0, [&](HttpCall& call) {
    const std::size_t before = call.unsent();
    call.write(std::string(more, 'x'));
    EXPECT_GE(call.unsent(), before + more);
  });
}

TEST(HttpHangUp, OfAClientThatIsCutOffIsNoticedAndBreaksTheConnection) {
  Count notices;
  RunningServer server;
  RawClient client(server.port());
  client.get("/");
  server.with_call(0, [&](HttpCall& call) {
    call.on_hang_up([&] { notices.add(); });
    call.open_stream({});
    call.write(std::string(40'000'000, 'x'));
  });
  server.catch_up();
  server.with_call(0, [&](HttpCall& call) {
    EXPECT_GT(call.unsent(), 0U);
    call.cut_off();
    EXPECT_TRUE(call.is_over());
    EXPECT_EQ(notices.value(), 0U);
  });
  notices.wait_for(1);
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
}

TEST(HttpHangUp, WithoutANoticeEndsTheCall) {
  RunningServer server;
  RawClient client(server.port());
  client.get("/");
  server.with_call(0, stream);
  client.reset();
  bool is_over = false;
  while (!is_over) server.with_call(0, [&](HttpCall& call) { is_over = call.is_over(); });
}

TEST(HttpHangUp, IsOfNoInterestAfterTheAnswer) {
  Count notices;
  RunningServer server;
  RawClient client(server.port());
  client.get("/");
  const auto alive = std::make_shared<int>();
  server.with_call(0, [&](HttpCall& call) {
    call.on_hang_up([&notices, alive] { notices.add(); });
    call.answer({.body = "done"});
    EXPECT_EQ(alive.use_count(), 1) << "the notice is kept";
  });
  EXPECT_EQ(client.read_answer().body, "done");
  client.reset();
  server.catch_up();
  server.end();
  EXPECT_EQ(notices.value(), 0U);
}

TEST(HttpHangUp, TakesNoAnswerFromAClientThatHasClosedItsSendingHalf) {
  boost::asio::io_context io;
  HttpServer server(io, {}, [](const std::shared_ptr<HttpCall>& call) {
    call->answer({.body = call->request().target});
  });
  RawClient client(server.port());
  client.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
  client.close_sending();
  std::thread thread([&] { io.run(); });
  EXPECT_EQ(client.read_answer().body, "/1");
  EXPECT_EQ(client.read_answer().body, "/2");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  boost::asio::post(io, [&] { server.close(); });
  thread.join();
}

TEST(HttpHangUp, AtAnyByteHarmsNobody) {
  RunningServer server({}, [](const std::shared_ptr<HttpCall>& call) {
    call->open_stream({});
    for (int number = 0; number < 10; ++number) call->write("part");
    call->finish();
  });
  const std::string request =
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\n\r\nGET /next "
      "HTTP/1.1\r\n\r\n";
  for (std::size_t count = 0; count <= request.size(); ++count) {
    RawClient broken(server.port());
    broken.send(request.substr(0, count));
    broken.reset();
    RawClient closed(server.port());
    closed.send(request.substr(0, count));
    closed.close();
  }
  RawClient client(server.port());
  client.get("/");
  EXPECT_EQ(client.read_answer().chunks.size(), 10U);
}

}  // namespace
}  // namespace caesura
