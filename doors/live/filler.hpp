#pragma once

#include <cstdint>
#include <string>

namespace caesura {

/// Words `first` to `first + count - 1` (from 0) of the text that stands for what a model would
/// say, a token each: with a space before each but word 0, so that pieces put together are the
/// whole. The same words always.
std::string filler(std::uint32_t first, std::uint32_t count);

}  // namespace caesura
