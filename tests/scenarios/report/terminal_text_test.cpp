#include "scenarios/report/terminal_text.hpp"

#include "scenarios/format/printable.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace caesura {
namespace {

using testing::ElementsAre;

TEST(DisplayWidth, CountsColumnsAndNotBytes) {
  EXPECT_EQ(display_width("250 µs — p99"), 12U);
  EXPECT_EQ(display_width("日本"), 4U);
  EXPECT_EQ(display_width("🚀"), 2U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
  EXPECT_EQ(display_width("\xC3"), 1U);
  EXPECT_EQ(display_width(""), 0U);
}

TEST(Wrapped, BreaksAtSpaces) {
  EXPECT_THAT(wrapped("a cancel takes  effect", 8), ElementsAre("a cancel", "takes", "effect"));
  EXPECT_THAT(wrapped("ab cd", 5), ElementsAre("ab cd"));
  EXPECT_THAT(wrapped("  ", 5), ElementsAre(""));
  EXPECT_THAT(wrapped("µ — µ — µ", 5), ElementsAre("µ — µ", "— µ"));
}

TEST(Wrapped, KeepsANumberAndItsUnitTogether) {
  EXPECT_THAT(wrapped("saved 31 %, after 4.1 s; in 9 steps", 10),
              ElementsAre("saved", "31 %,", "after", "4.1 s; in", "9 steps"));
  EXPECT_THAT(wrapped("took 250 µs", 9), ElementsAre("took", "250 µs"));
}

TEST(Wrapped, BreaksAWordThatIsTooLong) {
  EXPECT_THAT(wrapped("a abcdefghij b", 4), ElementsAre("a", "abcd", "efgh", "ij b"));
  EXPECT_THAT(wrapped("日本語", 5), ElementsAre("日本", "語"));
}

TEST(PrintableLine, HasNoControlCharacters) {
  EXPECT_EQ(printable_line("a\nb\tc\x1b[31m\x7f"), "a b c [31m ");
  EXPECT_EQ(printable_line("a\u009bb\u2028c"), "a b c");
  EXPECT_EQ(printable_line("a\u202eb"), "ab");
  EXPECT_EQ(printable_line("µ — 日本 🚀"), "µ — 日本 🚀");
}

TEST(PrintableLine, IsUtf8) {
  EXPECT_EQ(printable_line("a\xFFz"), "a\uFFFDz");
  EXPECT_EQ(printable_line("\xC0\xAF"), "\uFFFD\uFFFD");
  EXPECT_EQ(printable_line("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(printable_line("\xE2\x82"), "\uFFFD\uFFFD");
}

TEST(TerminalText, IsShortenedToAWidthWithoutCuttingACharacter) {
  EXPECT_EQ(shortened_to("search", 6), "search");
  EXPECT_EQ(shortened_to("searches", 6), "searc…");
  EXPECT_EQ(shortened_to("größer", 4), "grö…");
  EXPECT_EQ(shortened_to("検索する", 6), "検索…");  // two columns each
  EXPECT_EQ(shortened_to("検索", 1), "…");
  EXPECT_EQ(shortened_to("", 1), "");
}

}  // namespace
}  // namespace caesura
