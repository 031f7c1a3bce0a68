#pragma once

#include "doors/world/answer_pieces.hpp"
#include "doors/world/refusal.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// A whole answer: the JSON of a chat.completion. `created`: seconds since 1970.
std::string chat_completion(const ModelAnswer& answer, std::int64_t created);

/// The same answer as server-sent events, byte for byte: first(), pieces() for all of its tokens in
/// order, finish(), usage() if it is asked for, done_frame. Each ends with an empty line.
class ChatFrames {
 public:
  /// `with_usage`: the call asks for it; then every frame has the member.
  ChatFrames(const ModelAnswer& answer, std::int64_t created, bool with_usage);

  std::string first() const;  ///< whose words they are
  /// A frame for the text, and one for each call, that the pieces are of. Of no pieces: a frame
  /// that adds nothing, so that each token is seen.
  std::string pieces(const ModelAnswer& answer, const std::vector<AnswerPiece>& pieces) const;
  std::string finish() const;  ///< why it has ended
  std::string usage() const;   ///< empty if it is not asked for

  static constexpr std::string_view done_frame = "data: [DONE]\n\n";
  /// What comes in place of the rest when it fails; nothing may follow, done_frame neither.
  static std::string error_frame(const Refusal& refusal);

 private:
  std::string choice(std::string_view delta, std::string_view finish_reason) const;

  std::string head_;         ///< up to the choices
  std::string empty_usage_;  ///< the member, if all have it
  std::string usage_;        ///< the frame
  bool has_calls_;
};

}  // namespace caesura
