#include "tests/doors/mcp/fed_body.hpp"

#include <cstddef>
#include <cstdint>

// What libFuzzer calls with bytes that it makes up.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  caesura::feed_body({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
