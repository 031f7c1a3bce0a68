#include "scenarios/format/printable.hpp"

#include "scenarios/format/format_value.hpp"

#include <gtest/gtest.h>

#include <string>

namespace caesura {
namespace {

TEST(PrintableLine, HasNothingThatATerminalWouldObey) {
  EXPECT_EQ(printable_line("a\x1b[31mb\r\nc\td"), "a [31mb  c d");
  EXPECT_EQ(printable_line("\u009b31m \u202egnp.exe \u2028"), " 31m gnp.exe  ");
  EXPECT_EQ(printable_line("\xff\xc3"), "\uFFFD\uFFFD");
  EXPECT_EQ(printable_line("grün 中文 🙂"), "grün 中文 🙂");
}

TEST(EscapedLine, ShowsWhatIsNotPrinted) {
  EXPECT_EQ(escaped_line("a\x1b[31mb\r\nc\td\x7f"), "a\\x1b[31mb\\r\\nc\\td\\x7f");
  EXPECT_EQ(escaped_line("\u009b31m \u202egnp.exe \u2028\u2066"),
            "\\u009b31m \\u202egnp.exe \\u2028\\u2066");
  EXPECT_EQ(escaped_line("\xff ü \xc3"), "\\xff ü \\xc3");
  EXPECT_EQ(escaped_line(std::string("\0", 1)), "\\x00");
  EXPECT_EQ(escaped_line("grün 中文 🙂 \uFFFD"), "grün 中文 🙂 \uFFFD");
}

TEST(EscapedLine, LeavesWhatItHasMadeAsItIs) {
  std::string every;
  for (int c = 0; c < 256; ++c) every += static_cast<char>(c);
  EXPECT_EQ(escaped_line(escaped_line(every)), escaped_line(every));
}

TEST(Messages, ShowWhyANameThatLooksRightIsWrong) {
  EXPECT_EQ(cited("can\u202ecel"), "'can\\u202ecel'");
  EXPECT_EQ(suggestion("can\u202ecel", {"cancel"}), "; did you mean 'cancel'?");
  EXPECT_EQ(cited(std::string(59, 'a') + "ü"), "'" + std::string(59, 'a') + "…'");
}

}  // namespace
}  // namespace caesura
