#include "doors/world/shortened.hpp"

#include <cstddef>

namespace caesura {

std::string shortened(std::string_view text) {
  constexpr std::size_t longest = 100;
  if (text.size() <= longest) return std::string(text);
  std::size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace caesura
