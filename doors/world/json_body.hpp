#pragma once

#include "doors/world/refusal.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string_view>

namespace caesura {

inline constexpr std::size_t deepest_body = 100;  ///< levels of objects and lists
/// Values in one body: ten times what a conversation of 32 MiB with answers of a few hundred bytes
/// has. What is kept for a value is many times the two bytes in which one can be written.
inline constexpr std::size_t most_body_values = 1'000'000;

/// It is JSON, and too much of it.
struct BodyOutOfBounds : Refusal {
  using Refusal::Refusal;
};

/// The JSON of a body; of members of one name the last counts. Throws Refusal (bad_request): no
/// JSON, no UTF-8; deeper or more than the above, BodyOutOfBounds. Takes time and memory linear in
/// `body`, and does not recurse.
nlohmann::json json_of_body(std::string_view body);

}  // namespace caesura
