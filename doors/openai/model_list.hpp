#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// What GET /v1/models answers. `created`: seconds since 1970.
std::string model_list(const std::vector<std::string>& names, std::int64_t created);
/// What GET /v1/models/{id} does.
std::string model_entry(std::string_view name, std::int64_t created);

}  // namespace caesura
