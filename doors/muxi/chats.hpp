#pragma once

#include "doors/live/audience.hpp"
#include "doors/live/live_session.hpp"
#include "doors/muxi/answers.hpp"
#include "doors/muxi/chat.hpp"
#include "doors/muxi/chat_body.hpp"
#include "doors/muxi/chat_streams.hpp"
#include "doors/muxi/gateway_options.hpp"
#include "doors/muxi/idempotency.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>

namespace caesura {

/// Chats: calls that start requests, and are answered by what becomes of these.
class Chats final : public Audience {
 public:
  /// All of these outlive it; the session calls it only from within calls, and from its loop.
  Chats(LiveSession& session, Answers& answers, const GatewayOptions& options);
  Chats(const Chats&) = delete;
  Chats& operator=(const Chats&) = delete;

  /// Throws CallError.
  void chat(const ApiCallPtr& call);
  /// Of a request that came by another door: empty.
  const Chat& of(const LiveRequest& request) const;

  void operation_started(LiveRequest& request, std::uint32_t operation, Time at) override;
  void said(LiveRequest& request, const SaidWords& words, Time at) override;
  void answered(LiveRequest& request, Time at) override;
  void forgotten(const LiveRequest& request) override { chats_.erase(request.number); }

 private:
  enum class Mode : std::uint8_t { wait, stream, poll };
  static const char* word_of(Mode mode);

  Mode mode_of(const ChatBody& body, const HttpRequest& request) const;
  std::string idempotency_of(ApiCall& call, const std::string& user, Mode mode) const;
  bool joins_earlier(const ApiCallPtr& call, const std::string& key, const ChatBody& body);
  LiveRequest& start(const ApiCall& call, const ChatBody& body, const std::string& user);
  void accept(const ApiCallPtr& call, const LiveRequest& request, const Chat& chat);
  void wait_or_stream(const ApiCallPtr& call, const LiveRequest& request, Chat& chat);
  void hung_up(const ApiCallPtr& call, RequestNumber number);
  void break_streams(const LiveRequest& request, const Chat& chat);
  void answer_waiting(const LiveRequest& request, Chat& chat);

  LiveSession& session_;
  Answers& answers_;
  const GatewayOptions& options_;
  ChatStreams streams_;
  IdempotencyMemory memory_{{}};
  std::unordered_map<RequestNumber, Chat> chats_;
};

}  // namespace caesura
