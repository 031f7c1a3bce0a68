#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace caesura {

/// Which part of a list a call asks for: `?limit=20&before=ID`.
struct ListPage {
  std::size_t limit = 100;            ///< 1 to 1000
  std::optional<std::string> before;  ///< an id of the list: what is older; not empty
};

/// Other parameters are ignored. Throws CallError, INVALID_PARAMS.
ListPage read_page(std::string_view target);

/// Throws it: `field` of the query is wrong, and `what` would be right.
[[noreturn]] void refuse_page(const char* field, const std::string& what);

}  // namespace caesura
