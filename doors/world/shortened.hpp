#pragma once

#include <string>
#include <string_view>

namespace caesura {

/// A text of a client's in an error, cut so that the error stays one line: never within a
/// character.
std::string shortened(std::string_view text);

}  // namespace caesura
