#include "doors/muxi/list_page.hpp"

#include "doors/control/call_error.hpp"
#include "doors/control/percent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace caesura {
namespace {

constexpr std::size_t longest_page = 1000;

std::size_t limit_in(const std::string& text) {
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (!is_number || limit == 0 || limit > longest_page)
    refuse_page("limit", fmt::format("Input should be a whole number from 1 to {}", longest_page));
  return limit;
}

}  // namespace

void refuse_page(const char* field, const std::string& what) {
  throw CallError(422, "INVALID_PARAMS", fmt::format("{}: {}", field, what),
                  {{"validation_errors", {{{"field", field}, {"msg", what}, {"type", "value"}}}}});
}

ListPage read_page(std::string_view target) {
  ListPage page;
  const std::size_t begin = target.find('?');
  if (begin == std::string_view::npos) return page;
  std::string_view query = target.substr(begin + 1);
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string name = percent_decoded(pair.substr(0, equals));
    const std::string value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())));
    if (name == "limit") page.limit = limit_in(value);
    if (name == "before") page.before = value;
  }
  return page;
}

}  // namespace caesura
