#pragma once

#include "doors/http/http_server.hpp"
#include "doors/live/served_scenario.hpp"
#include "doors/muxi/gateway.hpp"
#include "tests/doors/http/count.hpp"
#include "tests/doors/http/raw_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>

namespace caesura {

using Json = nlohmann::ordered_json;

/// Requests plan for 10 s, search for 5 s, and write ten words in 11 s: a chunk of two each 2 s
/// from second 18 on. No link takes time.
inline const std::string small_scenario = R"(
scenario: small
seed: 1
load: {requests: 1, arrivals: at_once}
services:
  llm:
    planner: {latency: 10s, input_tokens: 100, output_tokens: 20, price: {per_1k: 0.01}}
    writer: {time_to_first_token: 2s, time_per_output_token: 1s, input_tokens: 100, output_tokens: 10, price: {per_1k: 0.01}}
  tool:
    search: {latency: 5s}
workflow: [{llm: planner}, {tool: search}, {llm: writer, stream: {chunk_tokens: 2}}]
policy: [checkpoint, {named: at-once, abort: {detect: 0s}}]
)";

/// The API of a scenario at a port, with a clock that is moved by hand unless the options say
/// otherwise, in a thread of its own.
class RunningGateway {
 public:
  explicit RunningGateway(GatewayOptions options = manual(),
                          const std::string& yaml = small_scenario)
      : served_(load(yaml)) {
    if (options.policy == 0) options.policy = served_.policy;
    gateway_ = std::make_unique<Gateway>(io_, served_.scenario, std::move(options));
    server_ = std::make_unique<HttpServer>(
        io_,
        HttpServerOptions{
            .refusal = [this](unsigned status, std::string_view message,
                              std::string_view) { return gateway_->refusal(status, message); }},
        [this](std::shared_ptr<HttpCall> call) {
          gateway_->handle(std::move(call));
          handled_.add();
        });
    thread_ = std::thread([this] { io_.run(); });
  }
  RunningGateway(const RunningGateway&) = delete;
  RunningGateway& operator=(const RunningGateway&) = delete;
  ~RunningGateway() {
    boost::asio::post(io_, [this] {
      server_->close();
      io_.stop();
    });
    thread_.join();
  }

  static GatewayOptions manual() {
    GatewayOptions options;
    options.manual_clock = true;
    options.start = std::chrono::system_clock::time_point(std::chrono::seconds(1'785'843'861));
    return options;
  }

  std::uint16_t port() const { return server_->port(); }

  static std::string bytes_of(const std::string& method, const std::string& target,
                              const std::string& headers, const std::string& body) {
    std::string length;
    if (!body.empty()) length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return method + " " + target + " HTTP/1.1\r\nHost: test\r\n" + headers + length + "\r\n" + body;
  }
  /// A call on a connection of its own; its answer is the client's to read.
  RawClient begin(const std::string& method, const std::string& target,
                  const std::string& headers = {}, const std::string& body = {}) const {
    RawClient client(port());
    client.send(bytes_of(method, target, headers, body));
    return client;
  }
  /// As begin(); on return the gateway has had the call. No other call may be on its way to it.
  RawClient hand_over(const std::string& method, const std::string& target,
                      const std::string& headers = {}, const std::string& body = {}) const {
    const std::size_t before = handled_.value();
    RawClient client = begin(method, target, headers, body);
    handled_.wait_for(before + 1);
    return client;
  }
  /// A call that is answered at once, on a connection that all of these share.
  RawAnswer call(const std::string& method, const std::string& target,
                 const std::string& headers = {}, const std::string& body = {}) const {
    if (!line_) line_.emplace(port());
    line_->send(bytes_of(method, target, headers, body));
    return line_->read_answer(method == "HEAD");
  }
  Json json(const std::string& method, const std::string& target, const std::string& headers = {},
            const std::string& body = {}) const {
    return Json::parse(call(method, target, headers, body).body);
  }

  /// A chat that is answered later, once its request is there.
  RawClient begin_chat(const std::string& id, const std::string& headers = {},
                       const std::string& more = {}) const {
    return hand_over("POST", "/v1/chat", headers,
                     R"({"message": "hi", "request_id": ")" + id + "\"" + more + "}");
  }
  RawClient begin_stream(const std::string& id, const std::string& headers = {}) const {
    return begin_chat(id, headers, R"(, "stream": true)");
  }
  void advance(const std::string& by) const {
    const RawAnswer answer = call("POST", "/v1/caesura/clock", {}, R"({"advance": ")" + by + "\"}");
    if (answer.status != 200) throw std::runtime_error("the clock was not moved: " + answer.body);
  }

  /// `data` of a request's status, as its user sees it.
  Json status(const std::string& id, const std::string& headers = {}) const {
    return json("GET", "/v1/requests/" + id, headers).at("data");
  }
  Json timeline(const std::string& id) const {
    return json("GET", "/v1/caesura/requests/" + id, "X-Muxi-Admin-Key: any\r\n");
  }

  /// Asks again and again. std::runtime_error if it has not come true within a minute.
  static void eventually(const std::function<bool()>& is_so) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!is_so()) {
      if (std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error("waited a minute for something to come true");
    }
  }

  static ServedScenario load(const std::string& yaml) {
    const std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
    const std::filesystem::path file =
        std::filesystem::path(testing::TempDir()) /
        ("gateway_" + test + "_" + std::to_string(::getpid()) + ".yaml");
    std::ofstream(file) << yaml;
    ServedScenario served = load_served(file.string(), {}, {});
    std::filesystem::remove(file);
    return served;
  }

 private:
  boost::asio::io_context io_{1};
  ServedScenario served_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<HttpServer> server_;
  mutable Count handled_;
  mutable std::optional<RawClient> line_;
  std::thread thread_;
};

}  // namespace caesura
