#pragma once

#include <string>

namespace caesura {

/// "file:line" of the value at `pointer` (/policies/0/requests) in a JSON file, or of what is
/// nearest above it; the file's name alone if it cannot be read. For messages: it reads the file
/// anew.
std::string json_place(const std::string& file, const std::string& pointer);

/// "file:line" of the first number that is written just so.
std::string json_place_of_number(const std::string& file, const std::string& number);

}  // namespace caesura
