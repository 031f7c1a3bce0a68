#include "doors/world/marks.hpp"

#include <gtest/gtest.h>

namespace caesura {
namespace {

OperationPath path(const std::string& text) { return operation_path(text).value(); }
std::vector<std::string> references_in(const std::string& text) {
  std::vector<std::string> references;
  for (const FoundMark& found : marks_in(text)) references.push_back(found.mark.reference());
  return references;
}

TEST(Marks, AreFoundInOrderWithWhereTheyBegin) {
  const auto marks = marks_in("see [caesura a] and [caesura b/2#3.1]!");
  ASSERT_EQ(marks.size(), 2U);
  EXPECT_EQ(marks[0].mark, (Mark{.run = "a", .turn = {}, .operation = {}}));
  EXPECT_EQ(marks[0].at, 4U);
  EXPECT_EQ(marks[1].mark, (Mark{.run = "b", .turn = 2, .operation = path("3.1")}));
  EXPECT_EQ(marks[1].mark.text(), "[caesura b/2#3.1]");
}

TEST(Marks, BehindWhiteSpaceAloneBeginTheirText) {
  EXPECT_EQ(marks_in(" \n\t[caesura a/1]")[0].at, 0U);
  EXPECT_EQ(marks_in("\xc2\xa0[caesura a/1]")[0].at, 2U);
}

TEST(Marks, ThatAreMalformedAreNone) {
  for (const char* text :
       {"[caesura ]", "[caesura A]", "[caesura a b]", "[caesura a/]", "[caesura a/0]",
        "[caesura a/01]", "[caesura a/1#]", "[caesura a/1#0]", "[caesura a/1#1.]", "[caesura a#1]",
        "[caesura a/1#1000001]", "[caesura a/1#1.1.1.1.1.1.1.1.1]", "[caesura a/4294967297]",
        "[caesura a", "[ caesura a]", "[caesura  a]",
        "[caesura abcdefghijklmnopqrstuvwxyz1234567]"}) {
    EXPECT_TRUE(marks_in(text).empty()) << text;
  }
}

TEST(Marks, BehindBrokenOnesAreFoundAllTheSame) {
  EXPECT_EQ(references_in("[caesura [caesura a/1] [caesura b/x] [caesura c]"),
            (std::vector<std::string>{"a/1", "c"}));
}

TEST(Marks, ByTheMillionAreReadInOnePass) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "[caesura ";
  EXPECT_TRUE(marks_in(text).empty());
  std::string many;
  for (int i = 0; i < 200'000; ++i) many += "[caesura a/1#2]";
  EXPECT_EQ(marks_in(many).size(), 200'000U);
}

TEST(Marks, WithoutBracketsAreReferences) {
  EXPECT_EQ(mark_reference(" a/2#3\n"), (Mark{.run = "a", .turn = 2, .operation = path("3")}));
  EXPECT_EQ(mark_reference("a")->turn, std::nullopt);
  EXPECT_FALSE(mark_reference("a/2#3 and more"));
  EXPECT_FALSE(mark_reference("  "));
}

TEST(Ids, SayTheirMarkWhateverTheirPrefix) {
  const Mark mark{.run = "my-run", .turn = 12, .operation = path("3.1")};
  EXPECT_EQ(call_id("call", mark), "call_my-run_12_3-1");
  for (const char* prefix : {"call", "toolu", "fc", ""})
    EXPECT_EQ(mark_of_id(call_id(prefix, mark)), mark) << prefix;
}

TEST(Ids, OfOthersAreNone) {
  for (const char* id : {"", "call_abc", "call_a_b_c", "call_a_1", "call_a_1_", "call_a_1_2_3",
                         "call_A_1_2", "call_a_0_2", "call_a_1_2-", "a_1_2"})
    EXPECT_FALSE(mark_of_id(id)) << id;
}

TEST(Ids, AreNeverLongerThanApisTake) {
  const Mark mark{.run = std::string(32, 'a'),
                  .turn = 1'000'000'000,
                  .operation = path("1000000.1000000.1000000")};
  const Mark other{.run = mark.run, .turn = mark.turn, .operation = path("1000000.1000000.999999")};
  EXPECT_LE(call_id("toolu", mark).size(), 64U);
  EXPECT_NE(call_id("toolu", mark), call_id("toolu", other));
  EXPECT_FALSE(mark_of_id(call_id("toolu", mark)));
}

TEST(Ids, OfAnswersSayTheirRequestAndTheirPlace) {
  EXPECT_EQ(mark_of_any_id("msg_a_2_3_c4-5"),
            (Mark{.run = "a", .turn = 2, .operation = path("3")}));
  EXPECT_EQ(mark_of_any_id("msg_a_2_u0123456789abv"),
            (Mark{.run = "a", .turn = 2, .operation = {}}));
  for (const char* id :
       {"msg_abc", "msg_a_2_uabc", "msg_a_2_x", "msg_a_2_3_x", "msg_a_2_3_c4-5-6", "msg_a_2_3_c"})
    EXPECT_FALSE(mark_of_any_id(id)) << id;
}

TEST(OperationPaths, AreOrderedAsInThePlan) {
  EXPECT_LT(path("2"), path("2.1"));
  EXPECT_LT(path("2.9"), path("2.10"));
  EXPECT_LT(path("2.9"), path("3"));
  EXPECT_EQ(path("2.1").parent().child(1), path("2.1"));
}

}  // namespace
}  // namespace caesura
