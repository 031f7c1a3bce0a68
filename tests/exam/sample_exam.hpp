#pragma once

#include "exam/exam_results.hpp"

#include <chrono>

namespace caesura {

// Exams that could come out of a subject, for those who test what is made of them.

inline constexpr Time exam_time(std::chrono::milliseconds since_start) {
  return Time{} + since_start;
}

/// A case that was played once and in which every clause of `judged` held.
CaseResult case_that_holds(const std::string& name, const std::vector<Clause>& judged);

/// tool-in-progress, cancelled at 600 ms: the tool of operation 2 was never told, and ran on for
/// 3.8 s until 4.4 s; *told* is a leak, all else that applies holds.
CaseResult case_that_leaks();

/// A case that was played once, and not judged.
CaseResult case_not_judged();

/// "my-agent 1.2.3": mid-text holds, tool-in-progress leaks, backing-off is not judged.
ExamResults small_exam();

/// Every clause with every verdict somewhere, several plays with different failures, an expected
/// failure and one that holds, a crash with an endless standard error, a thousand reasons and
/// calls; and every text that a subject or a scenario can give is hostile_text.
ExamResults hostile_exam();

/// Escape sequences, markup, ends of lines, marks that turn the direction of writing, bytes that
/// are not UTF-8, and characters that XML has not.
extern const std::string hostile_text;

}  // namespace caesura
