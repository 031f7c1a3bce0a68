#include "exam/lines_codec.hpp"

#include "tests/exam/fed_lines.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace caesura {
namespace {

using Json = nlohmann::json;

template <typename Line>
Line decoded(std::string_view line) {
  const SubjectLine said = decode_subject_line(line);
  EXPECT_TRUE(std::holds_alternative<Line>(said)) << line;
  const Line* found = std::get_if<Line>(&said);
  return found == nullptr ? Line{} : *found;
}

std::string wrong(std::string_view line) { return decoded<WrongLine>(line).what_is_wrong; }

TEST(LinesCodec, WritesEachLineAsAnObject) {
  const SubjectRun run{.run = "a", .prompt = "say \"x\"\n", .env = {{"CAESURA_RUN", "a"}}};
  EXPECT_EQ(Json::parse(start_line(run)), Json::parse(R"({"do":"start","run":"a",
      "prompt":"say \"x\"\n","env":{"CAESURA_RUN":"a"}})"));
  EXPECT_EQ(cancel_line("a"), R"({"do":"cancel","run":"a"})");
  EXPECT_EQ(leave_line("a"), R"({"do":"leave","run":"a"})");
  EXPECT_EQ(prompt_line("a", "again"), R"({"do":"prompt","run":"a","prompt":"again"})");
  EXPECT_EQ(end_line(), R"({"do":"end"})");
  EXPECT_EQ(start_line(run).find('\n'), std::string::npos);
}

TEST(LinesCodec, ReadsWhatASubjectSays) {
  decoded<ReadyLine>(R"({"is":"ready","more":[1]})");
  decoded<ReadyLine>("\xEF\xBB\xBF {\"is\":\"ready\"} ");
  const auto text = decoded<TextLine>(R"({"is":"text","run":"a","text":"\u00e9"})");
  EXPECT_EQ(text.run, "a");
  EXPECT_EQ(text.text, "\xC3\xA9");
  const auto outcome = decoded<OutcomeLine>(
      R"({"is":"settled","outcome":"cancelled","error":"e","usage":{"input_tokens":7}})");
  EXPECT_EQ(outcome.run, "");
  EXPECT_EQ(outcome.settled.outcome, Outcome::cancelled);
  EXPECT_EQ(outcome.settled.error, "e");
  EXPECT_EQ(outcome.settled.input_tokens, 7);
  EXPECT_EQ(outcome.settled.output_tokens, std::nullopt);
  EXPECT_EQ(
      decoded<OutcomeLine>(R"({"is":"settled","outcome":"failed","usage":null})").settled.outcome,
      Outcome::failed);
}

TEST(LinesCodec, TakesWhatItDoesNotKnowForOutput) {
  for (const char* line : {"", " ", "hello", "{", "}", "{}", "[]", "{\"is\":1}", "{\"is\":\"who\"}",
                           "{\"is\":\"ready\"", "\"is\"", "{\"is\":\"ready\"}}", "\xEF\xBB\xBF",
                           "{\"is\":\"text\",\"text\":\"\xFF\"}"})
    decoded<OtherOutput>(line);
  decoded<OtherOutput>("{\"is\":\"ready\",\"x\":" + std::string(400'000, '[') +
                       std::string(400'000, ']') + "}");
}

TEST(LinesCodec, SaysWhatIsWrongWithALineThatItKnows) {
  EXPECT_EQ(wrong(R"({"is":"text"})"), "a `text` without `text`");
  EXPECT_EQ(wrong(R"({"is":"text","run":7,"text":""})"), "a `text` whose `run` is no text");
  EXPECT_EQ(wrong(R"({"is":"settled"})"), "a `settled` without `outcome`");
  EXPECT_EQ(wrong(R"({"is":"settled","outcome":"done"})"),
            "a `settled` whose `outcome` is none of completed, cancelled, failed");
  EXPECT_EQ(wrong(R"({"is":"settled","outcome":"failed","usage":[]})"),
            "a `settled` whose `usage` is no object");
  for (const char* number : {"-1", "1.5", "\"1\"", "9007199254740993", "1e3", "true"}) {
    const std::string line =
        std::string(R"({"is":"settled","run":"a","outcome":"failed","usage":{"output_tokens":)") +
        number + "}}";
    EXPECT_EQ(wrong(line),
              "a `settled` whose usage has a `output_tokens` that is no whole number from 0");
    EXPECT_EQ(decoded<WrongLine>(line).run, "a");
  }
}

TEST(LinesCodec, CutsTheSameLinesHoweverTheyCome) {
  int played = 0;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(CAESURA_SOURCE_DIR) / "tests/exam/corpus/lines")) {
    std::ostringstream bytes;
    bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    for (const std::size_t part : {1U, 2U, 7U, 100U, 65536U})
      EXPECT_NO_THROW(feed_lines(bytes.str(), part)) << entry.path();
    ++played;
  }
  EXPECT_GT(played, 10);
}

}  // namespace
}  // namespace caesura
