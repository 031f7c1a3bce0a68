#pragma once

#include "model/quantities.hpp"
#include "doors/world/director.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace caesura {

/// A model's answer, whatever the protocol.
struct ModelAnswer {
  std::string key = {};    ///< as Direction::key
  std::string model = {};  ///< as the call named it
  std::vector<GivenCall> calls = {};
  std::string text = {};  ///< without calls
  TokenCounts usage = {};
  /// Output tokens: the answer comes in so many pieces, some of which may be empty.
  std::uint32_t tokens() const { return static_cast<std::uint32_t>(usage.output.value); }
};

/// A part of an answer that some of its tokens are.
struct AnswerPiece {
  static constexpr std::size_t of_text = ~std::size_t{0};
  std::size_t call = of_text;  ///< index into the answer's calls
  bool begins = false;         ///< it is the first of this call
  std::string text = {};       ///< of the answer's text, or of the call's arguments
};

/// What tokens `first` to `first + count - 1` (from 0) of an answer bring, in order: its text, or
/// the arguments of its calls one after another, cut into as many pieces as it has tokens, never
/// within a UTF-8 character; filler of as many words as tokens comes word by word. One piece for
/// the text or for each call that they touch, none where they bring nothing. All tokens together
/// bring all of it, and begin every call. Without tokens the whole comes with (0, 0).
std::vector<AnswerPiece> pieces_of(const ModelAnswer& answer, std::uint32_t first,
                                   std::uint32_t count);

}  // namespace caesura
