#pragma once

#include "exam/exam_results.hpp"

#include <string>

namespace caesura {

/// An exam as one HTML page with everything in it: the table, and for each failure its sentences,
/// the lanes of its operations as a picture, and the command that repeats it. It asks the network
/// for nothing, and has no script.
std::string exam_page(const ExamResults& results);

}  // namespace caesura
