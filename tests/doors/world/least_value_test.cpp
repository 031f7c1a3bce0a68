#include "doors/world/least_value.hpp"

#include <gtest/gtest.h>

namespace caesura {
namespace {

using nlohmann::json;

std::string least(const char* schema) {
  return json_text_of(least_value(json::parse(schema), "x"));
}
std::string arguments(const char* schema, const ToolMatch& match = {}) {
  return json_text_of(least_arguments(json::parse(schema), "x", "r/1#2", match));
}

TEST(LeastValue, HasWhatIsRequiredAndNoMore) {
  EXPECT_EQ(least(R"({"type":"object","required":["b","a"],
                      "properties":{"a":{"type":"integer"},"b":{"type":"string"},"c":{}}})"),
            R"({"b":"x","a":0})");
}

TEST(LeastValue, OfEachTypeIsItsLeast) {
  EXPECT_EQ(least(R"({"type":"string"})"), R"("x")");
  EXPECT_EQ(least(R"({"type":"boolean"})"), "false");
  EXPECT_EQ(least(R"({"type":"array","items":{"type":"string"}})"), "[]");
  EXPECT_EQ(least(R"({"type":"array","minItems":2,"items":{"type":"integer"}})"), "[0,0]");
  EXPECT_EQ(least(R"({"type":"number"})"), "0");
  EXPECT_EQ(least(R"({"type":"null"})"), "null");
  EXPECT_EQ(least(R"({"type":"OBJECT","required":["n"],"properties":{"n":{"type":"INTEGER"}}})"),
            R"({"n":0})");
}

TEST(LeastValue, OfNumbersIsTheirMinimum) {
  EXPECT_EQ(least(R"({"type":"integer","minimum":3})"), "3");
  EXPECT_EQ(least(R"({"type":"integer","minimum":-3})"), "-3");
  EXPECT_EQ(least(R"({"type":"number","minimum":0.5})"), "0.5");
  EXPECT_EQ(least(R"({"type":"integer","exclusiveMinimum":3})"), "4");
  EXPECT_EQ(least(R"({"type":"integer","minimum":3,"exclusiveMinimum":true})"), "4");
  EXPECT_EQ(least(R"({"type":"number","exclusiveMinimum":0,"maximum":1})"), "0.5");
  EXPECT_EQ(least(R"({"type":"integer","minimum":5,"multipleOf":4})"), "8");
  EXPECT_EQ(least(R"({"type":"integer","maximum":-2})"), "-2");
  EXPECT_EQ(least(R"({"type":"integer","minimum":18446744073709551615})"), "18446744073709551615");
}

TEST(LeastValue, OfWhatMayBeNullIsNull) {
  for (const char* schema :
       {R"({"type":["string","null"]})", R"({"type":"string","nullable":true})",
        R"({"anyOf":[{"type":"string"},{"type":"null"}]})", R"({"enum":["a",null]})",
        R"({"const":null})", R"({"oneOf":[{"type":"string"},{"anyOf":[{"type":"null"}]}]})"})
    EXPECT_EQ(least(schema), "null") << schema;
}

TEST(LeastValue, OfAListOfValuesIsTheFirst) {
  EXPECT_EQ(least(R"({"enum":["b","a"]})"), R"("b")");
  EXPECT_EQ(least(R"({"type":"string","const":"c"})"), R"("c")");
  EXPECT_EQ(least(R"({"enum":[{"k":[1,"v"]}]})"), R"({"k":[1,"v"]})");
}

TEST(LeastValue, OfAlternativesIsTheFirst) {
  EXPECT_EQ(least(R"({"anyOf":[{"type":"integer"},{"type":"string"}]})"), "0");
  EXPECT_EQ(least(R"({"allOf":[{"$ref":"#/d/a"}],"d":{"a":{"type":"integer","minimum":2}}})"), "2");
  EXPECT_EQ(least(R"({"allOf":[{"required":["a"],"properties":{"a":{"type":"integer"}}},
                               {"required":["b"],"properties":{"b":{"type":"boolean"}}}]})"),
            R"({"a":0,"b":false})");
}

TEST(LeastValue, FollowsReferences) {
  EXPECT_EQ(least(R"({"$ref":"#/$defs/A","$defs":{"A":{"type":"object","required":["b"],
                      "properties":{"b":{"$ref":"#/$defs/B"}}},"B":{"type":"integer"}}})"),
            R"({"b":0})");
  EXPECT_EQ(least(R"({"type":"object","required":["a"],"properties":{"a":{"$ref":"#/none"}}})"),
            R"({"a":"x"})");
}

TEST(LeastValue, OfATextIsAsLongAsItMayBe) {
  EXPECT_EQ(json_text_of(least_value({{"type", "string"}, {"maxLength", 3}}, "abcdef")),
            R"("abc")");
  EXPECT_EQ(json_text_of(least_value({{"type", "string"}, {"minLength", 4}}, "ab")), R"("ab..")");
}

TEST(LeastValue, OfNothingSaidIsAnEmptyObject) {
  for (const char* schema : {"{}", "true", "null", "3", R"({"description":"any"})"})
    EXPECT_EQ(least(schema), "{}") << schema;
}

TEST(LeastValue, IsBoundedThoughTheSchemaRefersToItself) {
  const json endless = json::parse(
      R"({"type":"object","required":["a","b"],"properties":{"a":{"$ref":"#"},"b":{"$ref":"#"}}})");
  EXPECT_LT(json_text_of(least_value(endless, std::string(2000, 'x'))).size(), 1'000'000U);
  EXPECT_EQ(least(R"({"$ref":"#"})"), R"("x")");
  EXPECT_EQ(least(R"({"anyOf":[{"$ref":"#"}]})"), "null");
}

TEST(LeastValue, IsBoundedHoweverMuchTheSchemaAsksFor) {
  EXPECT_LT(least(R"({"type":"array","minItems":1e300,"items":{"type":"string"}})").size(),
            100'000U);
  EXPECT_LT(least(R"({"type":"string","minLength":1e300})").size(), 1'000'000U);
  json wide = {{"type", "object"}, {"required", json::array()}};
  for (int i = 0; i < 100'000; ++i) wide["required"].push_back("p" + std::to_string(i));
  EXPECT_LT(json_text_of(least_value(wide, std::string(2000, 'x'))).size(), 1'000'000U);
}

TEST(LeastValue, OfASchemaTenThousandDeepIsFound) {
  std::string schema = R"({"type":"integer"})";
  for (int i = 0; i < 10'000; ++i)
    schema.insert(0, R"({"required":["a"],"properties":{"a":)").append("}}");
  EXPECT_LT(least(schema.c_str()).size(), 1'000U);
  std::string value = R"({"enum":[)" + std::string(10'000, '[') + std::string(10'000, ']') + "]}";
  EXPECT_LT(least(value.c_str()).size(), 1'000U);
}

TEST(LeastValue, OfAlternativesThatAreEachOtherManyTimesIsFound) {
  json options = json::array();
  for (int i = 0; i < 16; ++i) options.push_back({{"$ref", "#/$defs/a"}});
  const json schema{{"$defs", {{"a", {{"anyOf", options}, {"oneOf", options}}}}},
                    {"$ref", "#/$defs/a"}};
  EXPECT_LT(json_text_of(least_value(schema, "x")).size(), 10U);
}

TEST(LeastArguments, TellTheirRunThoughThatIsNotRequired) {
  EXPECT_EQ(arguments(R"({"type":"object","properties":{"caesura_run":{"type":["string","null"]},
                          "input":{"type":"string"}},"required":["input"]})"),
            R"({"input":"x","caesura_run":"r/1#2"})");
}

TEST(LeastArguments, SelectTheAgent) {
  EXPECT_EQ(arguments(R"({"type":"object","properties":{"agent":{"enum":["a","b"]},
                          "task":{"type":"string"}},"required":["agent","task"]})",
                      {.selector = "agent", .selected = "b"}),
            R"({"agent":"b","task":"x"})");
  EXPECT_EQ(arguments("{}", {.selector = "agent", .selected = "b"}), R"({"agent":"b"})");
}

TEST(LeastArguments, OfNoSchemaAreEmpty) {
  for (const char* schema : {"null", "{}", "[]", R"({"type":"object"})"})
    EXPECT_EQ(arguments(schema), "{}") << schema;
}

TEST(LeastArguments, AreOfAsciiAlone) {
  EXPECT_EQ(json_text_of(least_value({{"enum", {"Zäsur"}}}, "")), R"("Z\u00e4sur")");
  EXPECT_EQ(json_text_of(least_value({{"type", "string"}}, "\xff")), R"("\ufffd")");
}

}  // namespace
}  // namespace caesura
