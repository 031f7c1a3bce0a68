#pragma once

#include "doors/live/live_session.hpp"
#include "doors/control/call_error.hpp"
#include "doors/control/metrics.hpp"
#include "doors/muxi/api_call.hpp"
#include "doors/muxi/envelope.hpp"
#include "doors/muxi/gateway_options.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace caesura {

/// How calls are answered: with the headers that every answer has, counted and logged.
class Answers {
 public:
  /// All of these outlive it.
  Answers(LiveSession& session, Metrics& metrics, const GatewayOptions& options);

  ApiCallPtr call_of(std::shared_ptr<HttpCall> http);
  EnvelopeHead head_of(const ApiCall& call) const;
  HttpAnswer failed(const EnvelopeHead& head, const CallError& error) const;
  /// What a request that is not even HTTP, or too large, is answered.
  HttpAnswer refusal(unsigned status, std::string_view message);

  void send(const ApiCallPtr& call, HttpAnswer answer);
  void open_stream(const ApiCall& call, HttpAnswer head);
  /// It gets no answer.
  void log_unanswered(const ApiCall& call) { log(call, {}); }
  /// Does it for the call, which is answered if that throws a CallError. With whatever else it
  /// throws the server ends: it comes out of the loop.
  void attempt(const ApiCallPtr& call, const std::function<void()>& action);

 private:
  std::string new_id();
  void log(const ApiCall& call, std::optional<unsigned> status);
  void fail(const ApiCallPtr& call);

  LiveSession& session_;
  Metrics& metrics_;
  const GatewayOptions& options_;
  std::mt19937_64 ids_;
};

}  // namespace caesura
