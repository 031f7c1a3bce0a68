#pragma once

#include "exam/subject.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace caesura {

// What a subject and the exam say to each other in lines: one JSON object each. No line has an end
// here.

std::string start_line(const SubjectRun& run);
std::string cancel_line(const std::string& run);
std::string leave_line(const std::string& run);
std::string prompt_line(const std::string& run, const std::string& prompt);
std::string end_line();

struct ReadyLine {};
struct TextLine {
  std::string run;  ///< empty: it did not say
  std::string text;
};
struct OutcomeLine {
  std::string run;
  SettledLine settled;
};
/// A known `is` in a wrong form.
struct WrongLine {
  std::string run;
  std::string what_is_wrong;
};
/// Whatever else it says: no JSON object, or no `is` that is known.
struct OtherOutput {};
using SubjectLine = std::variant<ReadyLine, TextLine, OutcomeLine, WrongLine, OtherOutput>;

/// What a line of a subject says. Unknown members are passed over; of members of one name the last
/// counts. Takes time and memory linear in the line.
SubjectLine decode_subject_line(std::string_view line);

}  // namespace caesura
