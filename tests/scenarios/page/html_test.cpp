#include "scenarios/page/html.hpp"

#include "scenarios/page/page_parts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <string>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* hostile =
    "</script><!-- <img src=x onerror=alert(1)> & \" ' \xe2\x80\xa8 \xe2\x80\xa9 {{data}} µ \xff";

TEST(EscapedHtml, ShowsJustTheseCharacters) {
  EXPECT_EQ(escaped_html("<b a='1' c=\"2\">&"), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
}

TEST(JsonForScript, HasNothingThatMeansAnythingToHtmlAndReadsBackTheSame) {
  const std::string text = json_for_script({{"title", hostile}});
  for (const char c : text) {
    EXPECT_TRUE(c != '<' && c != '>' && c != '&' && static_cast<unsigned char>(c) < 0x80) << c;
  }
  std::string expected = hostile;
  expected.replace(expected.find('\xff'), 1, "\xef\xbf\xbd");  // U+FFFD
  EXPECT_EQ(Json::parse(text)["title"], expected);
}

TEST(HtmlPage, IsPutTogetherFromItsPartsOnce) {
  const std::string page = html_page({{"title", hostile}, {"scenarios", Json::array()}});
  EXPECT_THAT(
      page,
      HasSubstr(
          "<title>&lt;/script&gt;&lt;!-- &lt;img src=x onerror=alert(1)&gt; &amp; &quot; &#39;"));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, HasSubstr("{{data}}"));  // of the title, and not replaced in turn
  EXPECT_THAT(page, HasSubstr(std::string(page_style)));
  EXPECT_THAT(page, HasSubstr(std::string(page_script)));
  EXPECT_THAT(page, HasSubstr(std::string(chart_library)));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
}

TEST(HtmlPage, AsksTheNetworkForNothing) {
  for (const std::string_view part : {page_template, page_style, page_script}) {
    for (const char* const way : {"http:", "https:", "//cdn", "@import", "url(", "fetch(",
                                  "XMLHttpRequest", "innerHTML", "document.write"}) {
      EXPECT_EQ(part.find(way), std::string_view::npos) << way;
    }
  }
}

TEST(PageParts, AreTheFilesByteForByte) {
  std::ifstream file(CAESURA_SOURCE_DIR "/scenarios/page/page.js", std::ios::binary);
  EXPECT_EQ(page_script, std::string(std::istreambuf_iterator<char>(file), {}));
  EXPECT_THAT(std::string(chart_library.substr(0, 200)), HasSubstr("Chart.js v3"));
  EXPECT_THAT(std::string(chart_library.substr(0, 200)), HasSubstr("MIT License"));
}

}  // namespace
}  // namespace caesura
