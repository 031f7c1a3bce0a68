#pragma once

#include "model/model.hpp"

#include <string>

namespace caesura {

/// By which rule people cancel, in plain words that fit into a sentence: "30 s after sending", "for
/// 20 % of requests 10 s on average after sending, or at the 10th chunk". "nobody cancels" if there
/// is no source.
std::string describe_cancels(const Model& model);

}  // namespace caesura
