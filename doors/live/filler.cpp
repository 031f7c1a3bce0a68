#include "doors/live/filler.hpp"

#include <array>
#include <string_view>

namespace caesura {
namespace {

constexpr std::array<std::string_view, 24> words{
    "a",     "pause",   "between", "two",   "phrases", "is",      "part", "of",
    "the",   "music",   "and",     "what",  "is",      "not",     "said", "then",
    "costs", "nothing", "to",      "those", "who",     "stopped", "in",   "time"};

}  // namespace

std::string filler(std::uint32_t first, std::uint32_t count) {
  std::string text;
  text.reserve(std::size_t{count} * 6);
  for (std::uint64_t i = first; i < std::uint64_t{first} + count; ++i) {
    if (i > 0) text += ' ';
    text += words[i % words.size()];
  }
  return text;
}

}  // namespace caesura
