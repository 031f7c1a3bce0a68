#pragma once

#include <string>
#include <string_view>

namespace caesura {

/// Escapes that are none are left as they are.
std::string percent_decoded(std::string_view text);
/// Everything but letters, digits and -._~ is escaped.
std::string percent_encoded(std::string_view text);

}  // namespace caesura
