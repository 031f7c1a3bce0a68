#pragma once

#include "sim/time.hpp"
#include "model/model.hpp"
#include "exam/subject.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace caesura {

/// What a subject is told of its world for one run, in the environment and with its start: names
/// beginning with CAESURA_, in order. `url`: the world's; `prompt`: with its mark; `timeout`: the
/// subject's own limit for a turn, if it is to have one.
std::vector<std::pair<std::string, std::string>> subject_environment(
    const std::string& url, const Model& model, const std::string& run, const std::string& prompt,
    std::optional<Duration> timeout);

/// What a subject is asked in a run's turn, from 1; it begins with the turn's mark.
std::string prompt_for(const std::string& run, std::uint32_t turn);

/// A run's first turn, as a subject is started on it.
SubjectRun subject_run(const std::string& url, const Model& model, const std::string& run,
                       std::optional<Duration> timeout);

}  // namespace caesura
