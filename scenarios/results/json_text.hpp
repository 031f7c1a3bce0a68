#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace caesura {

/// `x` as the shortest decimal that reads back as the same double: without exponent for 1e-7 <= |x|
/// < 1e17. Throws std::invalid_argument for NaN and infinity, which JSON does not have.
std::string number_text(double x);

/// The document as UTF-8 text, two spaces of indentation, ending with a newline. Doubles as
/// number_text() has them; bytes that are not UTF-8 become U+FFFD. Throws as number_text() does.
std::string json_text(const nlohmann::ordered_json& document);

}  // namespace caesura
