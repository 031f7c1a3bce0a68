#pragma once

#include "doors/http/silence.hpp"
#include "doors/live/audience.hpp"
#include "doors/live/live_session.hpp"
#include "doors/muxi/answers.hpp"
#include "doors/muxi/chat.hpp"
#include "doors/muxi/gateway_options.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string_view>

namespace caesura {

/// What happens to requests, as server-sent events of their chats.
class ChatStreams {
 public:
  /// All of these outlive it.
  ChatStreams(LiveSession& session, Answers& answers, const GatewayOptions& options)
      : session_(session), answers_(answers), options_(options) {}
  ChatStreams(const ChatStreams&) = delete;
  ChatStreams& operator=(const ChatStreams&) = delete;

  /// A chat that was sent again is first told what the one before was.
  void begin(const ApiCallPtr& call, const LiveRequest& request, Chat& chat);
  void operation_started(const LiveRequest& request, const Chat& chat, std::uint32_t operation,
                         Time at);
  void said(const LiveRequest& request, Chat& chat, const SaidWords& words, Time at);
  /// It has stopped: all of its streams end.
  void finish(const LiveRequest& request, Chat& chat, Time at);
  /// Its client has hung up.
  void forget(const ApiCallPtr& call) { silence_.forget(call->http); }

 private:
  void write(const Chat& chat, std::string_view bytes);
  void write(const SilenceWatch::Stream& stream, std::string_view bytes);
  void write_token(const LiveRequest& request, const Chat& chat, Time at, const char* type,
                   std::string_view content, const nlohmann::ordered_json& more);
  void write_token(const ApiCall& stream, const LiveRequest& request, const Chat& chat, Time at,
                   const char* type, std::string_view content, const nlohmann::ordered_json& more);
  void write_end(const LiveRequest& request, const Chat& chat, Time at);
  bool is_muted(const LiveRequest& request) const;
  void end(const std::vector<ApiCallPtr>& calls);
  void keep_alive();
  void arm_keepalive();

  LiveSession& session_;
  Answers& answers_;
  const GatewayOptions& options_;
  SilenceWatch silence_;
  bool keepalive_armed_ = false;
};

}  // namespace caesura
