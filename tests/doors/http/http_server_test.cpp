#include "doors/http/http_server.hpp"

#include "tests/doors/http/raw_client.hpp"
#include "tests/doors/http/running_server.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace caesura {
namespace {

/// Answers with what it was asked.
void echo(const std::shared_ptr<HttpCall>& call) {
  const HttpRequest& request = call->request();
  call->answer({.headers = {{"X-Peer", request.peer}},
                .body = request.method + " " + request.target + " " + request.body});
}

TEST(HttpServer, AnswersAndKeepsTheConnection) {
  RunningServer server({}, echo);
  RawClient client(server.port());
  for (const std::string target : {"/first", "/second"}) {
    client.send("POST " + target + " HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
    const RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.head, "HTTP/1.1 200 OK\r\nX-Peer: 127.0.0.1\r\nContent-Length: " +
                               std::to_string(answer.body.size()) + "\r\n\r\n");
    EXPECT_EQ(answer.body, "POST " + target + " hi");
  }
}

TEST(HttpServer, KnowsAClientOfThisMachine) {
  RunningServer server;
  RawClient client(server.port());
  client.get("/");
  server.with_call(0, [](HttpCall& call) {
    EXPECT_TRUE(call.request().from_loopback);
    EXPECT_EQ(call.request().peer, "127.0.0.1");
  });
}

TEST(HttpServer, KnowsAClientOfThisMachineWhereItServesBothFamilies) {
  const auto any_server = [] {
    return std::make_unique<RunningServer>(HttpServerOptions{.address = "::"});
  };
  std::unique_ptr<RunningServer> server;
  try {
    server = any_server();
  } catch (const std::runtime_error& error) {
    // A machine without IPv6: then it says so.
    EXPECT_NE(std::string(error.what()).find("cannot listen on "), std::string::npos)
        << error.what();
    return;
  }
  RawClient client(server->port());
  client.get("/");
  server->with_call(0, [](HttpCall& call) {
    EXPECT_TRUE(call.request().from_loopback);
    EXPECT_EQ(call.request().peer, "127.0.0.1");
  });
}

TEST(HttpServer, AnswersPipelinedRequestsInTheirOrder) {
  RunningServer server;
  RawClient client(server.port());
  client.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n");
  for (std::size_t number = 0; number < 3; ++number) {
    server.with_call(number, [](HttpCall& call) { call.answer({.body = call.request().target}); });
    EXPECT_EQ(client.read_answer().body, "/" + std::to_string(number + 1));
  }
}

TEST(HttpServer, LetsAPipelinedRequestWaitUntilTheCallBeforeIsOver) {
  RunningServer server;
  RawClient client(server.port());
  client.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
  server.with_call(0, [](HttpCall& call) { call.open_stream({}); });
  client.read_head();
  server.catch_up();
  EXPECT_EQ(server.calls_count(), 1U);
  server.with_call(0, [](HttpCall& call) { call.finish(); });
  server.with_call(1, [](HttpCall& call) { EXPECT_EQ(call.request().target, "/2"); });
}

TEST(HttpServer, AnswersMoreRequestsAtOnceThanFitIntoOneRead) {
  RunningServer server({}, echo);
  RawClient client(server.port());
  std::string requests;
  for (int number = 0; number < 5000; ++number)
    requests += "GET /" + std::to_string(number) + " HTTP/1.1\r\n\r\n";
  client.send(requests);
  for (int number = 0; number < 5000; ++number)
    ASSERT_EQ(client.read_answer().body, "GET /" + std::to_string(number) + " ");
}

TEST(HttpServer, LeavesARequestUnreadWhileTheClientHasNotReadTheAnswerBefore) {
  RunningServer server;
  RawClient client(server.port());
  client.get("/1");
  server.with_call(0, [](HttpCall& call) { call.answer({.body = std::string(40'000'000, 'x')}); });
  EXPECT_EQ(client.read_head().status, 200U);
  client.get("/2");
  server.catch_up();
  client.read_exactly(40'000'000);
  server.with_call(1, [](HttpCall& call) { call.answer({.body = call.request().target}); });
  EXPECT_EQ(client.read_answer().body, "/2");
}

TEST(HttpServer, ReadsChunkedBodies) {
  RunningServer server({}, echo);
  RawClient client(server.port());
  client.send(
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\nGET "
      "/next HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "POST / hello");
  EXPECT_EQ(client.read_answer().body, "GET /next ");
}

TEST(HttpServer, TellsAClientThatAsksToSendItsBody) {
  RunningServer server({}, echo);
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_head().head, "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  EXPECT_EQ(client.read_answer().body, "POST / hi");
}

TEST(HttpServer, AnswersHeadWithHeadersOnly) {
  RunningServer server({}, echo);
  RawClient client(server.port());
  client.send("HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.read_answer(true).header("Content-Length"), "7");
  EXPECT_EQ(client.read_answer().body, "GET / ");
}

TEST(HttpServer, SendsNoBodyWhereThereIsNone) {
  RunningServer server({}, [](const std::shared_ptr<HttpCall>& call) {
    call->answer({.status = 204, .body = "dropped"});
  });
  RawClient client(server.port());
  for (int time = 0; time < 2; ++time) {
    client.get("/");
    EXPECT_EQ(client.read_answer().head, "HTTP/1.1 204 No Content\r\n\r\n");
  }
}

TEST(HttpServer, ClosesAfterAnAnswerWhereTheClientWantsIt) {
  RunningServer server({}, echo);
  RawClient old(server.port());
  old.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read_answer().header("Connection"), "close");
  EXPECT_EQ(old.wait_for_end(), RawClient::End::closed);
  RawClient client(server.port());
  client.get("/", "Connection: close\r\n");
  EXPECT_EQ(client.read_answer().header("Connection"), "close");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
}

TEST(HttpServer, KeepsAnOldClientThatAsksForIt) {
  RunningServer server({}, echo);
  RawClient client(server.port());
  for (int time = 0; time < 2; ++time) {
    client.send("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    EXPECT_EQ(client.read_answer().header("Connection"), "keep-alive");
  }
}

TEST(HttpServer, LetsNoHeaderOfAnAnswerBecomeTwo) {
  RunningServer server({}, [](const std::shared_ptr<HttpCall>& call) {
    call->answer({.headers = {{"A", "1\r\nB: 2"}}});
  });
  RawClient client(server.port());
  client.get("/");
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.header("A"), "1  B: 2");
  EXPECT_EQ(answer.header("B"), "");
}

TEST(HttpStream, SendsEachWriteAsAChunkAtOnce) {
  RunningServer server;
  RawClient client(server.port());
  client.get("/");
  server.with_call(0, [](HttpCall& call) {
    call.open_stream({.status = 202, .headers = {{"Content-Type", "text/event-stream"}}});
  });
  EXPECT_EQ(client.read_head().head,
            "HTTP/1.1 202 Accepted\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: "
            "chunked\r\n\r\n");
  server.with_call(0, [](HttpCall& call) { call.write("one"); });
  EXPECT_EQ(client.read_exactly(8), "3\r\none\r\n");
  server.with_call(0, [](HttpCall& call) {
    call.write("");
    call.write(std::string(26, 'x'));
    call.write("two");
    call.finish();
    EXPECT_TRUE(call.is_over());
    call.write("too late");
  });
  EXPECT_EQ(client.read_exactly(45), "1a\r\n" + std::string(26, 'x') + "\r\n3\r\ntwo\r\n0\r\n\r\n");
  client.get("/next");
  server.with_call(1, [](HttpCall& call) { call.answer({}); });
  EXPECT_EQ(client.read_answer().status, 200U);
}

TEST(HttpStream, EndsWithTheConnectionForAnOldClient) {
  RunningServer server;
  RawClient client(server.port());
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  server.with_call(0, [](HttpCall& call) {
    call.open_stream({});
    call.write("one");
    call.write("two");
    call.finish();
  });
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.head, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(answer.body, "onetwo");
}

TEST(HttpStream, SendsItsHeadAloneForHead) {
  RunningServer server;
  RawClient client(server.port());
  client.send("HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  server.with_call(0, [](HttpCall& call) {
    call.open_stream({});
    call.write("one");
    call.finish();
  });
  server.with_call(1, [](HttpCall& call) { call.answer({.body = "next"}); });
  EXPECT_EQ(client.read_answer(true).header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(client.read_answer().body, "next");
}

TEST(HttpStream, OfManyBytesArrivesWhole) {
  RunningServer server;
  RawClient client(server.port());
  client.get("/");
  std::string sent;
  server.with_call(0, [&](HttpCall& call) {
    call.open_stream({});
    for (int number = 0; number < 300; ++number) {
      const std::string part(50'000, static_cast<char>('a' + number % 26));
      call.write(part);
      sent += part;
    }
    call.finish();
  });
  EXPECT_TRUE(client.read_answer().body == sent);
}

TEST(HttpCall, IsAnsweredInOneWayOnly) {
  RunningServer server;
  RawClient client(server.port());
  client.get("/");
  server.with_call(0, [](HttpCall& call) {
    EXPECT_THROW(call.write("x"), std::logic_error);
    EXPECT_THROW(call.finish(), std::logic_error);
    call.open_stream({});
    EXPECT_THROW(call.open_stream({}), std::logic_error);
    EXPECT_THROW(call.answer({}), std::logic_error);
    call.finish();
    call.answer({.body = "ignored"});
  });
  EXPECT_EQ(client.read_answer().body, "");
}

TEST(HttpCall, BreaksOffAfterWhatWasWritten) {
  RunningServer server;
  RawClient client(server.port());
  client.get("/");
  server.with_call(0, [](HttpCall& call) {
    call.open_stream({});
    call.write("one");
    call.reset();
    EXPECT_TRUE(call.is_over());
  });
  client.read_head();
  EXPECT_EQ(client.read_chunk(), "one");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
}

TEST(HttpCall, BreaksOffWithoutAWord) {
  RunningServer server({}, [](const std::shared_ptr<HttpCall>& call) { call->reset(); });
  RawClient client(server.port());
  client.get("/");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
}

TEST(HttpCall, DroppedUnansweredEndsItsConnection) {
  RunningServer server({}, [](const std::shared_ptr<HttpCall>&) {});
  RawClient client(server.port());
  client.get("/");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
}

TEST(HttpCall, OutlivesServerAndLoop) {
  std::shared_ptr<HttpCall> call;
  Count notices;
  {
    RunningServer server;
    RawClient client(server.port());
    client.get("/");
    call = server.take_call(0);
    server.in_loop([&](HttpServer&) { call->on_hang_up([&, call] { notices.add(); }); });
    server.end();
    EXPECT_TRUE(call->is_over());
    EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  }
  call->open_stream({});
  call->write("x");
  call->finish();
  call->reset();
  EXPECT_EQ(call->unsent(), 0U);
  EXPECT_EQ(notices.value(), 0U);
}

TEST(HttpCall, OutlivesALoopThatRunsNoMore) {
  std::shared_ptr<HttpCall> call;
  {
    boost::asio::io_context io;
    HttpServer server(io, {}, [&](std::shared_ptr<HttpCall> arrived) {
      call = std::move(arrived);
      call->on_hang_up([call] {});
      io.stop();
    });
    RawClient client(server.port());
    client.get("/");
    io.run();
    EXPECT_FALSE(call->is_over());
  }
  EXPECT_TRUE(call->is_over());
  call->answer({});
}

TEST(HttpServer, MayBeDestroyedByItsOwnHandler) {
  boost::asio::io_context io;
  std::unique_ptr<HttpServer> server;
  server = std::make_unique<HttpServer>(io, HttpServerOptions{},
                                        [&](const std::shared_ptr<HttpCall>& call) {
                                          call->answer({.body = "last"});
                                          server.reset();
                                        });
  RawClient client(server->port());
  client.get("/");
  io.run();
  EXPECT_EQ(client.read_answer().body, "last");
}

}  // namespace
}  // namespace caesura
