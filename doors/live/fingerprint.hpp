#pragma once

#include <cstdint>
#include <string_view>

namespace caesura {

/// A number for a text, the same in every run (FNV-1a).
constexpr std::uint64_t fingerprint(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

}  // namespace caesura
