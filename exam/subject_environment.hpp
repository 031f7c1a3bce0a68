#pragma once

#include "sim/time.hpp"
#include "model/model.hpp"

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

}  // namespace caesura
