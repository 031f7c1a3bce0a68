#include "doors/http/http_server.hpp"
#include "tests/doors/http/raw_client.hpp"
#include "tests/doors/http/running_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;

void greet(const std::shared_ptr<HttpCall>& call) { call->answer({.body = "hello"}); }

/// Sends the bytes, expects that status and the connection's orderly end.
RawAnswer expect_refusal(const HttpServerOptions& options, const std::string& bytes,
                         unsigned status) {
  RunningServer server(options, greet);
  RawClient client(server.port());
  client.send(bytes);
  RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, status);
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  return answer;
}

TEST(HttpLimits, AreToldToTheClient) {
  expect_refusal({.header_bytes_max = 100}, "GET /" + std::string(200, 'x'), 431);
  expect_refusal({.body_bytes_max = 10}, "POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n", 413);
  expect_refusal({.body_bytes_max = 10},
                 "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n0", 413);
  expect_refusal({.body_bytes_max = 10},
                 "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n", 413);
  expect_refusal({}, "nonsense\r\n\r\n", 400);
}

TEST(HttpLimits, AreToldInTheWordsOfTheCaller) {
  const HttpServerOptions options{
      .body_bytes_max = 10,
      .refusal = [](unsigned status, std::string_view message, std::string_view target) {
        return HttpAnswer{.headers = {{"Content-Type", "application/json"}},
                          .body = std::to_string(status) + ' ' + std::string(target) + ": " +
                                  std::string(message)};
      }};
  const RawAnswer answer = expect_refusal(options, "nonsense\r\n\r\n", 400);
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(answer.body.substr(0, 6), "400 : ");
  const std::string large = "POST /here?x HTTP/1.1\r\nContent-Length: 11\r\n\r\n";
  EXPECT_EQ(expect_refusal(options, large, 413).body.substr(0, 13), "413 /here?x: ");
}

TEST(HttpLimits, AreToldToAClientThatGoesOnSending) {
  RunningServer server({.drain_timeout = 1min}, greet);
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nContent-Length: 30000000\r\n\r\n");
  client.send(std::string(30'000'000, 'x'));
  EXPECT_EQ(client.read_answer().status, 413U);
}

TEST(HttpLimits, HaveAnEndForAClientThatDoesNotClose) {
  RunningServer server({.drain_timeout = 20ms}, greet);
  RawClient client(server.port());
  client.get("/", "Connection: close\r\n");
  EXPECT_EQ(client.read_answer().status, 200U);
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  // The server has closed for good when it answers with a reset.
  EXPECT_ANY_THROW(for (;;) client.send("x"));
}

TEST(HttpLimits, OfTimeAreForAWholeRequest) {
  RunningServer server({.read_timeout = 200ms}, greet);
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n");
  while (!client.has_more_within(1ms)) client.send("x");
  EXPECT_EQ(client.read_answer().status, 408U);
}

TEST(HttpLimits, OfTimeCloseAnIdleConnection) {
  RunningServer server({.idle_timeout = 20ms}, greet);
  RawClient silent(server.port());
  EXPECT_EQ(silent.wait_for_end(), RawClient::End::closed);
}

TEST(HttpLimits, OfTimeAreNoneForTheAnswer) {
  std::shared_ptr<HttpCall> call;
  Count calls;
  const HttpServerOptions options{
      .read_timeout = 30ms, .idle_timeout = 30ms, .stall_timeout = 30ms};
  RunningServer server(options, [&](std::shared_ptr<HttpCall> arrived) {
    call = std::move(arrived);
    calls.add();
  });
  std::unique_ptr<RawClient> client;
  while (calls.value() == 0) {  // a slow client is too late, and tries again
    client = std::make_unique<RawClient>(server.port());
    try {
      client->get("/");
      while (calls.value() == 0 && !client->has_more_within(1ms)) continue;
    } catch (const std::exception&) {
      continue;
    }
  }
  RawClient clock(server.port());
  clock.wait_for_end();  // as long as the other would have taken
  server.in_loop([&](HttpServer&) {
    EXPECT_FALSE(call->is_over());
    call->answer({.body = "late"});
  });
  EXPECT_EQ(client->read_answer().body, "late");
  server.end();
}

TEST(HttpLimits, OfConnectionsAreToldToThoseTooMany) {
  RunningServer server({.connections_max = 2}, greet);
  RawClient first(server.port());
  RawClient second(server.port());
  for (RawClient* client : {&first, &second}) {
    client->get("/");
    EXPECT_EQ(client->read_answer().status, 200U);
  }
  {
    RawClient third(server.port());
    EXPECT_EQ(third.read_answer().status, 503U);
  }
  first.close();
  unsigned status = 503;
  while (status == 503) {
    RawClient next(server.port());
    next.get("/");
    status = next.read_answer().status;
  }
  EXPECT_EQ(status, 200U);
}

TEST(HttpLimits, OfConnectionsDoNotCountThoseTurnedAway) {
  RunningServer server({.drain_timeout = 1min, .connections_max = 1}, greet);
  RawClient first(server.port());
  first.get("/");
  EXPECT_EQ(first.read_answer().status, 200U);
  RawClient stays(server.port());
  EXPECT_EQ(stays.read_answer().status, 503U);
  first.get("/", "Connection: close\r\n");
  first.read_answer();
  first.close();
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  unsigned status = 503;
  while (status == 503 && std::chrono::steady_clock::now() < deadline) {
    RawClient next(server.port());
    next.get("/");
    status = next.read_answer().status;
  }
  EXPECT_EQ(status, 200U);
}

/// While it lives the process can open no further file.
class NoMoreFiles {
 public:
  NoMoreFiles() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = dup(STDOUT_FILENO);
    ::close(lowest_free);
    const rlimit none{static_cast<rlim_t>(lowest_free), before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  NoMoreFiles(const NoMoreFiles&) = delete;
  NoMoreFiles& operator=(const NoMoreFiles&) = delete;
  ~NoMoreFiles() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(HttpServer, GoesOnAfterTheSystemHadNoMoreFiles) {
  RunningServer server({}, greet);
  RawClient before(server.port());
  before.get("/");
  before.read_answer();
  server.catch_up();  // UBSan opens files when it sees a type for the first time
  RawClient client;
  {
    const NoMoreFiles no_more_files;
    EXPECT_EQ(dup(STDOUT_FILENO), -1);
    client.connect(server.port());
    client.get("/");
    server.catch_up();
    EXPECT_FALSE(client.has_more_within(0ms));
  }
  EXPECT_EQ(client.read_answer().body, "hello");
}

TEST(HttpServer, MayHaveAllTheFilesThatTheSystemAllows) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit fewer{before.rlim_max / 2, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &fewer);
  const RunningServer server;
  rlimit now{};
  getrlimit(RLIMIT_NOFILE, &now);
  EXPECT_EQ(now.rlim_cur, before.rlim_max);
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST(HttpServer, ServesHundredsOfStreamsAtOnce) {
  RunningServer server;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (std::size_t number = 0; number < 300; ++number) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    clients.back()->get("/" + std::to_string(number));
  }
  for (std::size_t number = 0; number < 300; ++number)
    server.with_call(number, [](HttpCall& call) { call.open_stream({}); });
  for (int round = 0; round < 5; ++round) {
    for (std::size_t number = 0; number < 300; ++number)
      server.with_call(number, [](HttpCall& call) { call.write(call.request().target); });
  }
  for (std::size_t number = 0; number < 300; ++number) {
    clients[number]->read_head();
    for (int round = 0; round < 5; ++round)
      ASSERT_EQ(clients[number]->read_chunk(), "/" + std::to_string(number));
  }
}

TEST(HttpServer, StopsAcceptingButServesThoseItHas) {
  RunningServer server({}, greet);
  RawClient client(server.port());
  client.get("/");
  client.read_answer();
  server.in_loop([](HttpServer& http) { http.stop_accepting(); });
  EXPECT_ANY_THROW(RawClient(server.port()));
  client.get("/");
  EXPECT_EQ(client.read_answer().body, "hello");
}

TEST(HttpServer, SendsWhatItCanBeforeItCloses) {
  RunningServer server;
  RawClient client(server.port());
  client.get("/");
  server.with_call(0, [](HttpCall& call) { call.answer({.body = "last"}); });
  server.end();
  EXPECT_EQ(client.read_answer().body, "last");
}

std::string why_not(const HttpServerOptions& options) {
  boost::asio::io_context io;
  try {
    const HttpServer server(io, options, greet);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "it listens";
}

TEST(HttpServer, SaysWhyItCannotListen) {
  const RunningServer server;
  EXPECT_EQ(why_not({.port = server.port()}),
            "cannot listen on 127.0.0.1:" + std::to_string(server.port()) +
                ": the port is in use by another program; choose another, or end that one");
  EXPECT_EQ(why_not({.address = "nowhere"}),
            "cannot listen on 'nowhere': not an IP address, such as 127.0.0.1 or ::1");
  EXPECT_EQ(why_not({.address = "192.0.2.1"}),
            "cannot listen on 192.0.2.1:0: this machine has no such address; 127.0.0.1 is itself, "
            "0.0.0.0 any of its addresses");
}

}  // namespace
}  // namespace caesura
