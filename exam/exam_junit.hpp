#pragma once

#include "exam/exam_results.hpp"

#include <string>

namespace caesura {

/// An exam as JUnit's XML, for a CI: a test a case and clause. What fails and is expected, and what
/// is not judged, is skipped; what was expected to fail and holds, fails. Crashes and hangs are
/// errors.
std::string exam_junit(const ExamResults& results);

}  // namespace caesura
