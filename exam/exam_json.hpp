#pragma once

#include "exam/exam_results.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace caesura {

/// exam.json: {schema: caesura.exam/1, subject, …}, fields in their fixed order. Of a case that was
/// played several times the verdicts are the worst, a clause's `reasons` those of the first play
/// that has its worst, and `ran_on` that of the play that the case is shown by.
nlohmann::ordered_json exam_json(const ExamResults& results);

/// A line of lines.jsonl, with its end.
std::string line_jsonl(const SpokenLine& line);
/// lines.jsonl: what was said between the exam and its subject, an object a line.
std::string lines_jsonl(const PlayResult& play);

}  // namespace caesura
