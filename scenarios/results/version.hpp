#pragma once

namespace caesura {

inline constexpr const char* version = "0.1.0";

}  // namespace caesura
