#pragma once

#include "doors/openai/chat_answer.hpp"
#include "doors/world/world_door.hpp"
#include "doors/world/world_session.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace caesura {

/// How a chat is to be answered.
struct ChatForm {
  bool stream = false;
  bool with_usage = false;   ///< of a stream: as a last frame
  std::int64_t created = 0;  ///< seconds since 1970
};

/// What becomes of an answer on its way to the client.
struct ChatReports {
  std::function<void(std::uint32_t tokens)> delivered;  ///< so many from the first on
  std::function<void(bool says_usage)> answered;        ///< all of it
  std::function<void()> hung_up;                        ///< the client has, before that
};

/// A chat from its call to the end of its answer: writes what the model says as it is said.
///
/// The head of a stream goes out when the call is in service, so until then an error is an answer
/// with its own status; from then on it is a frame, after which the stream ends without [DONE].
/// The first frame goes out with the first token. An answer that is not streamed goes out whole at
/// its end.
///
/// Kept alive by whoever tells it what happens, and by the HTTP call while that is not over; keeps
/// the HTTP call no longer than it has something to write.
class ChatExchange final : public CallAudience, public std::enable_shared_from_this<ChatExchange> {
 public:
  /// Bytes that a stream's client may have left unread; then it is cut off, which is a hang-up.
  static constexpr std::size_t unsent_max = std::size_t{4} << 20U;

  ChatExchange(HttpCallPtr http, const ChatForm& form) : http_(std::move(http)), form_(form) {}

  /// To be called once, before it is told anything: what the tokens will bring. What the reports
  /// refer to outlives the HTTP call.
  void begin(ModelAnswer answer, ChatReports reports);

  void started() override;
  void generated(std::uint32_t first, std::uint32_t count) override;
  void ended(CallEnd end, std::string_view text) override;
  void broken() override;

 private:
  bool is_over() const { return http_ == nullptr || http_->is_over(); }
  void open_stream();
  void write_tokens(std::uint32_t first, std::uint32_t count);
  void finish();
  void fail(const Refusal& refusal);
  void hang_up();

  HttpCallPtr http_;  ///< null: nothing more is to be written
  const ChatForm form_;
  ModelAnswer answer_;
  ChatReports reports_;
  std::optional<ChatFrames> frames_;  ///< of a stream
  bool has_first_frame_ = false;
};

}  // namespace caesura
