#pragma once

#include "scenarios/format/scenario.hpp"
#include "doors/http/http_server.hpp"
#include "doors/live/live_session.hpp"
#include "doors/control/control.hpp"
#include "doors/control/io_loop.hpp"
#include "doors/control/metrics.hpp"
#include "doors/muxi/answers.hpp"
#include "doors/muxi/chats.hpp"
#include "doors/muxi/gateway_options.hpp"
#include "doors/muxi/request_calls.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace caesura {

/// A live scenario behind MUXI's HTTP API. Everything happens in the thread that runs the
/// io_context, which must outlive it. What an actor throws, and what the options' functions throw,
/// comes out of the io_context's run().
class Gateway {
 public:
  /// The scenario outlives the gateway. HTTP calls that it has not answered must not be answered
  /// after it has gone: close the server first.
  Gateway(boost::asio::io_context& io, const Scenario& scenario, GatewayOptions options);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  void handle(std::shared_ptr<HttpCall> http);

  /// What a request that is not even HTTP, or too large, is answered.
  HttpAnswer refusal(unsigned status, std::string_view message) {
    return answers_.refusal(status, message);
  }

  /// New chats are turned away from now on. `idle` is called, perhaps at once, when no request is
  /// in flight.
  void drain(std::function<void()> idle) { session_.drain(std::move(idle)); }
  /// Requests whose end the gateway has not been told yet.
  std::uint64_t in_flight() const { return session_.in_flight(); }
  /// As LiveRun::halt().
  void halt() { session_.halt(); }
  Results results() const { return session_.results(); }
  /// As LiveRun::take_csv().
  std::string take_csv(bool all) { return session_.take_csv(all); }

 private:
  void dispatch(const ApiCallPtr& call);
  HttpAnswer control(const ApiCall& call);
  HttpAnswer health() const;
  HttpAnswer not_allowed(const ApiCall& call) const;

  const GatewayOptions options_;
  IoLoop loop_;
  Metrics metrics_;
  LiveSession session_;
  Answers answers_;
  Chats chats_;
  RequestCalls requests_;
  Control control_;
};

}  // namespace caesura
