#pragma once

#include <cstdint>

namespace caesura::bench {

/// How often this thread has called operator new, in whatever form, libraries included: in a
/// program that is linked with allocations.cpp, which takes its place. What calls malloc() by
/// itself is not counted.
std::uint64_t allocations();

}  // namespace caesura::bench
