#pragma once

#include "sim/time.hpp"
#include "model/model.hpp"
#include "exam/subject.hpp"
#include "exam/subject_process.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace caesura {

/// What a subject is asked in a run's turn, from 1; it begins with the turn's mark.
std::string prompt_for(const std::string& run, std::uint32_t turn);

/// A run's first turn, as a subject is started on it, with what it is told of its world. `url`: the
/// world's; `timeout`: the subject's own limit for a turn, if it is to have one.
SubjectRun subject_run(const std::string& url, const Model& model, const std::string& run,
                       std::optional<Duration> timeout);

/// The process that a subject's file asks for, with the environment of its first run; or, if it
/// plays others too and is told of them by calls of HTTP only, with that of any run.
SubjectProcess::Options process_options(const SubjectFile& file, const SubjectRun& first);

}  // namespace caesura
