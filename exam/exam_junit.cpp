#include "exam/exam_junit.hpp"

#include "scenarios/format/printable.hpp"
#include "scenarios/page/html.hpp"
#include "exam/exam_shown.hpp"
#include "exam/lane.hpp"

#include <fmt/format.h>

#include <string_view>

namespace caesura {
namespace {

constexpr std::size_t lanes_width = 100;

/// A text as it stands in XML: what escaped HTML is, of characters that XML has (XML 1.0, 2.2
/// "Characters": of what can be printed U+FFFE and U+FFFF are none).
std::string xml(const std::string& text) {
  const std::string line = printable_line(text);
  std::string allowed;
  for (std::string_view rest = line; !rest.empty();) {
    const std::string_view before = rest;
    const char32_t c = take_character(rest);
    if (c == 0xFFFE || c == 0xFFFF) {
      allowed += "\xEF\xBF\xBD";
    } else {
      allowed += before.substr(0, before.size() - rest.size());
    }
  }
  return escaped_html(allowed);
}

struct Counts {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
};

/// How a test of a clause that failed is told.
struct TestText {
  std::string message;
  std::string details;  ///< XML
};

TestText text_of(const ExamResults& results, const CaseResult& result, Clause clause) {
  TestText text;
  for (const ShownFailure& failure : shown_failures(results, result)) {
    bool is_told_here = false;
    for (const ShownReasons& reasons : failure.reasons) {
      if (reasons.clause != clause) continue;
      is_told_here = true;
      for (const std::string& sentence : reasons.sentences) {
        text.message += (text.message.empty() ? "" : " ") + sentence;
        text.details += xml(sentence) + "\n";
      }
      text.details += xml("It rests on: " + reasons.source + ".") + "\n";
    }
    if (!is_told_here) continue;
    for (const std::string& line : lanes_text(failure.play->facts, failure.lanes, lanes_width))
      text.details += xml(line) + "\n";
    if (const auto left_out = left_out_line(failure)) text.details += xml(*left_out) + "\n";
    for (const std::string& line : last_errors(*failure.play)) text.details += xml(line) + "\n";
    text.details += xml("Again: " + failure.command) + "\n";
  }
  return text;
}

std::string test_element(const CaseResult& result, const std::string& name,
                         const std::string& content) {
  const std::string open =
      fmt::format("    <testcase classname=\"{}\" name=\"{}\"", xml(result.name), xml(name));
  return content.empty() ? open + "/>\n"
                         : fmt::format("{}>\n      {}\n    </testcase>\n", open, content);
}

std::string test_of(const ExamResults& results, const CaseResult& result, Clause clause,
                    Counts& counts) {
  const auto outcome = outcome_of(result, clause, results.subject);
  if (!outcome) return {};
  ++counts.tests;
  const char* name = name_of(clause);
  if (outcome->failed == 0) {
    if (!outcome->is_expected) return test_element(result, name, {});
    ++counts.failures;
    return test_element(result, name,
                        "<failure message=\"it holds, and is among the expected failures: take it "
                        "out there\"/>");
  }
  const TestText text = text_of(results, result, clause);
  if (outcome->is_expected) {
    ++counts.skipped;
    return test_element(result, name,
                        fmt::format("<skipped message=\"{}\"/>", xml("expected: " + text.message)));
  }
  const bool is_error =
      outcome->worst == ClauseVerdict::crash || outcome->worst == ClauseVerdict::hang;
  ++(is_error ? counts.errors : counts.failures);
  const char* element = is_error ? "error" : "failure";
  return test_element(result, name,
                      fmt::format("<{0} type=\"{1}\" message=\"{2}\">{3}</{0}>", element,
                                  name_of(outcome->worst), xml(text.message), text.details));
}

std::string properties(const ExamResults& results) {
  const auto property = [](const char* name, const std::string& value) {
    return fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", name, xml(value));
  };
  std::string text = "    <properties>\n";
  if (!results.version.empty()) text += property("version", results.version);
  text += property("summary", exam_summary(results));
  if (const auto partial = partial_line(results)) text += property("partial", *partial);
  return text + "    </properties>\n";
}

}  // namespace

std::string exam_junit(const ExamResults& results) {
  Counts counts;
  std::string tests;
  for (const CaseResult& result : results.cases) {
    if (shown_play(result) == nullptr && !result.plays.empty()) {
      ++counts.tests;
      ++counts.skipped;
      tests += test_element(
          result, result.name,
          fmt::format("<skipped message=\"{}\"/>", xml(result.plays.front().not_judged)));
    }
    for (const Clause clause : all_clauses) tests += test_of(results, result, clause, counts);
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
      "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n{}{}"
      "  </testsuite>\n</testsuites>\n",
      xml(results.subject.name), counts.tests, counts.failures, counts.errors, counts.skipped,
      properties(results), tests);
}

}  // namespace caesura
