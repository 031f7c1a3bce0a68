#pragma once

#include "model/request_id.hpp"
#include "scenarios/format/subject_file.hpp"

#include <string_view>

namespace caesura {

/// What the answer to a turn says that became of it: what stands at `http.outcome_at` in it, or in
/// the last of its events that has something there; where that is none of the file's words, or the
/// JSON is more than json_of_body() takes: completed for a status of 2xx, else failed (0: the
/// connection was broken). Whatever the answer is, it takes time and memory linear in it.
Outcome outcome_of_answer(const HttpSubjectFile& http, unsigned status, std::string_view answer);

}  // namespace caesura
