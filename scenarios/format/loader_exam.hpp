#pragma once

#include "model/model.hpp"
#include "scenarios/format/exam_block.hpp"
#include "scenarios/format/format_value.hpp"

#include <chrono>

namespace caesura {

/// Nothing that a case waits for, or watches, is further off.
inline constexpr Duration longest_exam_wait = std::chrono::minutes(1);

/// `exam` as check() left it. Throws ScenarioError for a clause that is named twice.
ExamBlock read_exam(const Value& exam);

/// Throws ScenarioError, with what to do, unless the scenario can be played as a case of an exam:
///
/// - It has an exam block and no sources of cancels: the exam says stop.
/// - It has one request, or two with `next_turn`.
/// - Each turn, as it is drawn, takes no longer than longest_exam_turn.
/// - The moment is one that the first turn can come to: its plan has the operation, which is a
///   model's and has so many tokens if a token is named, and that only of operation.token.
///
/// `root` as check() left it, `model` and `exam` made of it.
void require_exam_case(const Value& root, const Model& model, const ExamBlock* exam);

}  // namespace caesura
