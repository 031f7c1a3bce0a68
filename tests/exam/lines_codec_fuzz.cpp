#include "tests/exam/fed_lines.hpp"

#include <cstddef>
#include <cstdint>

// What libFuzzer calls with bytes that it makes up: how large the parts are, and then the output.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  caesura::feed_lines({reinterpret_cast<const char*>(bytes) + 1, size - 1},
                      1 + std::size_t{bytes[0]});
  return 0;
}
