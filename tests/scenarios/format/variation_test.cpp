#include "scenarios/format/variation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace caesura {
namespace {

using testing::ElementsAre;

using Texts = std::vector<std::string>;

std::string error_of(const Texts& texts) {
  try {
    parse_variations(texts);
  } catch (const ScenarioError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Variation, IsAPathAndItsValues) {
  const Variation variation = parse_variation("policy.0.escalate.after=1s, 2s ,5s");
  EXPECT_EQ(variation.path, "policy.0.escalate.after");
  EXPECT_THAT(variation.values, ElementsAre("1s", "2s", "5s"));
}

TEST(Variation, MayHaveOneValue) { EXPECT_THAT(parse_variation("a=1").values, ElementsAre("1")); }

TEST(Variation, IsNotCutInsideBracketsBracesAndQuotes) {
  EXPECT_THAT(
      parse_variation("policy=never,abort: {operations: [llm, tool], detect: 1s},[never, abort]")
          .values,
      ElementsAre("never", "abort: {operations: [llm, tool], detect: 1s}", "[never, abort]"));
  EXPECT_THAT(parse_variation(R"(description='a, ''b''',"c, \", d",it's, so)").values,
              ElementsAre("'a, ''b'''", R"("c, \", d")", "it's", "so"));
  EXPECT_THAT(parse_variation("x={a: ']', b: 1},2").values, ElementsAre("{a: ']', b: 1}", "2"));
}

TEST(Variation, KeepsWhatFollowsTheFirstEqualsSign) {
  EXPECT_THAT(parse_variation("a=b=c,d").values, ElementsAre("b=c", "d"));
}

TEST(Variation, ThatCannotBeReadIsRefusedByItsOption) {
  EXPECT_EQ(error_of({"load.requests"}),
            "--vary load.requests: this is not PATH=V1,V2,…; write it as in --vary "
            "load.requests=1000,10000");
  EXPECT_EQ(error_of({"=1"}),
            "--vary =1: this is not PATH=V1,V2,…; write it as in --vary load.requests=1000,10000");
  EXPECT_EQ(error_of({"a=1,,2"}), "--vary a=1,,2: there is a comma too many: a value is empty");
  EXPECT_EQ(error_of({"a=1,2,"}), "--vary a=1,2,: there is a comma too many: a value is empty");
  EXPECT_EQ(error_of({"a="}), "--vary a=: there is a comma too many: a value is empty");
  EXPECT_EQ(error_of({"a=[1,2"}), "--vary a=[1,2: a [ is never closed");
  EXPECT_EQ(error_of({"a=\"1,2"}), "--vary a=\"1,2: a \" is never closed");
  EXPECT_EQ(error_of({"a=1,2,1"}), "--vary a=1,2,1: '1' is there twice");
}

TEST(Variations, DoNotOverwriteEachOther) {
  EXPECT_EQ(error_of({"a=1", "a=2"}), "--vary a=2: a is varied twice");
  EXPECT_EQ(error_of({"a.b=1", "a=2"}),
            "--vary a=2: it overwrites a.b, which is varied before it; give it first");
  EXPECT_EQ(error_of({"a=2", "a.b=1", "ab=1"}), "no error");
}

TEST(Variations, OfTooManyPointsAreRefused) {
  std::string thousand = "a=0";
  for (int i = 1; i < 1000; ++i) thousand += ',' + std::to_string(i);
  std::string hundred = "b=0";
  for (int i = 1; i < 100; ++i) hundred += ',' + std::to_string(i);
  EXPECT_EQ(error_of({thousand, hundred}), "no error");
  EXPECT_THAT(error_of({thousand, hundred, "c=1,2"}),
              testing::StartsWith("--vary c=1,2: with it the grid has over 100000 points"));
}

TEST(Variations, MakeAGridWhoseFirstPathIsSlowest) {
  const auto variations = parse_variations({"a=1,2", "b=x,y,z"});
  ASSERT_EQ(points_in(variations), 6U);
  std::vector<std::string> points;
  for (std::size_t i = 0; i < 6; ++i)
    points.push_back(point_of(variations, i)[0] + point_of(variations, i)[1]);
  EXPECT_THAT(points, ElementsAre("1x", "1y", "1z", "2x", "2y", "2z"));
}

TEST(Variations, GoAfterAllOtherOptions) {
  ScenarioOptions options;
  options.sets = {"a=0"};
  const auto at = options_at(options, parse_variations({"a=1,2", "b=x"}), {"2", "x"});
  EXPECT_THAT(at.sets, ElementsAre("a=0"));
  EXPECT_THAT(at.varied, ElementsAre("a=2", "b=x"));
}

TEST(Variations, AreCalledByTheLeastThatTellsThemApart) {
  const auto names = [](const Texts& texts) { return short_names(parse_variations(texts)); };
  EXPECT_THAT(names({"policy.0.escalate.after=1s"}), ElementsAre("after"));
  EXPECT_THAT(names({"policy.0.escalate.after=1s", "cancel.0.after=1s"}),
              ElementsAre("escalate.after", "cancel.0.after"));
  EXPECT_THAT(names({"policy=never", "policy.0=never"}), ElementsAre("policy", "policy.0"));
  EXPECT_THAT(names({"load.requests=1"}), ElementsAre("requests"));
}

}  // namespace
}  // namespace caesura
