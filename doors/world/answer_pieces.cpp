#include "doors/world/answer_pieces.hpp"

#include "doors/live/filler.hpp"

#include <algorithm>
#include <string_view>

namespace caesura {
namespace {

/// How many bytes the first `words` words of the filler have. Its words come round again, so that
/// none need be read.
std::size_t filler_size(std::uint32_t words) {
  constexpr std::uint32_t round = 24;
  static const std::size_t bytes_of_round = filler(round, round).size();
  static const std::vector<std::size_t> bytes_of_first = [] {
    std::vector<std::size_t> bytes;
    for (std::uint32_t i = 0; i <= round; ++i) bytes.push_back(filler(round, i).size());
    return bytes;
  }();
  if (words == 0) return 0;
  return words / round * bytes_of_round + bytes_of_first[words % round] - 1;
}

bool is_filler(std::string_view text, std::uint32_t words) {
  constexpr std::uint32_t some = 24;
  return text.size() == filler_size(words) && text.starts_with(filler(0, std::min(words, some)));
}

/// A place in a text or before it that is not within a character.
std::size_t between_characters(std::string_view text, std::size_t at) {
  const auto goes_on = [&](std::size_t i) {
    return (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
  };
  for (int i = 0; i < 3 && at > 0 && at < text.size() && goes_on(at); ++i) --at;
  return at;
}

/// Where each token of an answer ends in a text of `size` bytes.
class Cuts {
 public:
  Cuts(std::size_t size, std::uint32_t tokens, bool by_word)
      : size_(size), tokens_(tokens), by_word_(by_word) {}
  std::size_t before(std::uint32_t token) const {
    if (token == 0) return 0;
    if (token >= tokens_) return size_;
    if (by_word_) return filler_size(token);
    // 128 bits are not needed: an answer is shorter than 2^32 bytes, and has fewer tokens.
    return static_cast<std::size_t>(std::uint64_t{size_} * token / tokens_);
  }

 private:
  std::size_t size_;
  std::uint32_t tokens_;
  bool by_word_;
};

std::vector<AnswerPiece> text_piece(const ModelAnswer& answer, std::uint32_t first,
                                    std::uint32_t end) {
  const std::string_view text = answer.text;
  const Cuts cuts(text.size(), answer.tokens(), is_filler(text, answer.tokens()));
  const std::size_t begin = between_characters(text, cuts.before(first));
  const std::size_t behind =
      end >= answer.tokens() ? text.size() : between_characters(text, cuts.before(end));
  if (begin == behind) return {};
  return {{.text = std::string(text.substr(begin, behind - begin))}};
}

std::vector<AnswerPiece> call_pieces(const ModelAnswer& answer, std::uint32_t first,
                                     std::uint32_t end) {
  std::size_t size = 0;
  for (const GivenCall& call : answer.calls) size += call.arguments.size();
  const Cuts cuts(size, answer.tokens(), false);
  const bool is_last = end >= answer.tokens();
  const std::size_t begin = cuts.before(first);
  const std::size_t behind = is_last ? size : cuts.before(end);
  std::vector<AnswerPiece> pieces;
  std::size_t at = 0;  // where the call's arguments begin among those of all
  for (std::size_t i = 0; i < answer.calls.size(); ++i) {
    const std::string_view arguments = answer.calls[i].arguments;
    const auto within = [&](std::size_t place) {
      return between_characters(arguments, std::clamp(place, at, at + arguments.size()) - at);
    };
    const bool begins = at >= begin && (at < behind || is_last);
    const std::size_t from = within(begin);
    const std::size_t to = within(behind);
    if (begins || from < to)
      pieces.push_back(
          {.call = i, .begins = begins, .text = std::string(arguments.substr(from, to - from))});
    at += arguments.size();
  }
  return pieces;
}

}  // namespace

std::vector<AnswerPiece> pieces_of(const ModelAnswer& answer, std::uint32_t first,
                                   std::uint32_t count) {
  const std::uint32_t tokens = answer.tokens();
  if (tokens > 0 && (count == 0 || first >= tokens)) return {};
  if (tokens == 0 && (first > 0 || count > 0)) return {};
  const std::uint32_t end = first + std::min(count, tokens - first);
  return answer.calls.empty() ? text_piece(answer, first, end) : call_pieces(answer, first, end);
}

}  // namespace caesura
