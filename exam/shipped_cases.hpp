#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// The name of the case that is played first, and that nobody cancels.
inline constexpr std::string_view rehearsal_case = "rehearsal";

/// The cases that come with the program, in the order of their moments; without the rehearsal.
const std::vector<std::string>& shipped_cases();

/// Where the file of a shipped case is: beside the sources that the program was built from, or
/// where it was installed. Throws std::runtime_error, one clear line, if it is at none of these.
std::string file_of_shipped_case(std::string_view name);

}  // namespace caesura
