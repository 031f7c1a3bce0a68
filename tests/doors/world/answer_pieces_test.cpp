#include "doors/world/answer_pieces.hpp"

#include "doors/live/filler.hpp"

#include <gtest/gtest.h>

namespace caesura {
namespace {

ModelAnswer text_answer(std::string text, std::int64_t tokens) {
  return {.text = std::move(text), .usage = {.output = Tokens{tokens}}};
}
ModelAnswer call_answer(const std::vector<std::string>& arguments, std::int64_t tokens) {
  ModelAnswer answer{.usage = {.output = Tokens{tokens}}};
  for (const std::string& one : arguments) answer.calls.push_back({.arguments = one});
  return answer;
}

struct Whole {
  std::string text;
  std::vector<std::string> arguments;
  std::vector<bool> begun;
};
/// What all tokens bring, `step` at a time.
Whole all_of(const ModelAnswer& answer, std::uint32_t step) {
  Whole whole{.text = {},
              .arguments = std::vector<std::string>(answer.calls.size()),
              .begun = std::vector<bool>(answer.calls.size())};
  for (std::uint32_t first = 0; first < std::max(answer.tokens(), 1U); first += step) {
    for (const AnswerPiece& piece : pieces_of(answer, first, answer.tokens() == 0 ? 0 : step)) {
      if (piece.call == AnswerPiece::of_text) {
        whole.text += piece.text;
      } else {
        EXPECT_EQ(piece.begins, !whole.begun[piece.call]) << "call " << piece.call;
        whole.begun[piece.call] = true;
        whole.arguments[piece.call] += piece.text;
      }
    }
  }
  return whole;
}

TEST(AnswerPieces, OfFillerAreItsWords) {
  for (const std::uint32_t words : {1U, 2U, 24U, 25U, 100U}) {
    const ModelAnswer answer = text_answer(filler(0, words), words);
    for (std::uint32_t i = 0; i < words; ++i) {
      const auto pieces = pieces_of(answer, i, 1);
      ASSERT_EQ(pieces.size(), 1U);
      EXPECT_EQ(pieces[0].text, filler(i, 1));
    }
  }
}

TEST(AnswerPieces, BringAllOfATextHoweverManyAreTakenAtOnce) {
  for (const std::int64_t tokens : {0, 1, 2, 3, 7, 50, 1000}) {
    for (const std::uint32_t step : {1U, 2U, 5U, 2000U}) {
      const std::string text = "{\"answer\": \"Zäsur, 句読点, 🎵\"}";
      EXPECT_EQ(all_of(text_answer(text, tokens), step).text, text) << tokens << ' ' << step;
    }
  }
}

TEST(AnswerPieces, NeverCutACharacter) {
  const std::string text = "🎵🎵🎵🎵🎵句句句ää";
  for (std::uint32_t i = 0; i < 40; ++i) {
    for (const AnswerPiece& piece : pieces_of(text_answer(text, 40), i, 1)) {
      EXPECT_FALSE((static_cast<unsigned char>(piece.text.front()) & 0xC0U) == 0x80U);
    }
  }
}

TEST(AnswerPieces, OfBytesThatAreNoTextAreAllThere) {
  const std::string bytes(50, '\x80');
  EXPECT_EQ(all_of(text_answer(bytes, 7), 1).text, bytes);
}

TEST(AnswerPieces, BeginEveryCallOnceAndBringItsArguments) {
  const std::vector<std::string> arguments{R"({"input":"a long text, more or less"})", "{}", "",
                                           R"({"q":1})", ""};
  for (const std::int64_t tokens : {0, 1, 2, 3, 4, 5, 10, 500}) {
    for (const std::uint32_t step : {1U, 3U, 1000U}) {
      const Whole whole = all_of(call_answer(arguments, tokens), step);
      EXPECT_EQ(whole.arguments, arguments) << tokens << ' ' << step;
      for (const bool begun : whole.begun) EXPECT_TRUE(begun) << tokens << ' ' << step;
    }
  }
}

TEST(AnswerPieces, OfTokensThatThereAreNotAreNone) {
  EXPECT_TRUE(pieces_of(text_answer("text", 3), 3, 1).empty());
  EXPECT_TRUE(pieces_of(text_answer("text", 3), 0, 0).empty());
  EXPECT_EQ(pieces_of(text_answer("text", 3), 1, ~0U)[0].text, "ext");
}

}  // namespace
}  // namespace caesura
