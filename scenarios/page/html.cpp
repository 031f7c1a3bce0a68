#include "scenarios/page/html.hpp"

#include "scenarios/results/version.hpp"
#include "scenarios/page/page_parts.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace caesura {

std::string escaped_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string json_for_script(const nlohmann::ordered_json& data) {
  const std::string text =
      data.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
  std::string escaped;
  for (const char c : text) {
    // Only strings have these, and in a string an escape is the character.
    if (c == '<') {
      escaped += "\\u003c";
    } else if (c == '>') {
      escaped += "\\u003e";
    } else if (c == '&') {
      escaped += "\\u0026";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string html_page(const nlohmann::ordered_json& data) {
  const std::array<std::pair<std::string_view, std::string>, 6> parts{
      {{"title", escaped_html(data.at("title").get<std::string>())},
       {"version", escaped_html(version)},
       {"style", std::string(page_style)},
       {"data", json_for_script(data)},
       {"chart-library", std::string(chart_library)},
       {"script", std::string(page_script)}}};
  std::string page;
  std::string_view rest = page_template;
  // One pass: what is put in is never looked at again.
  for (auto open = rest.find("{{"); open != std::string_view::npos; open = rest.find("{{")) {
    const auto close = rest.find("}}", open);
    const std::string_view name = rest.substr(open + 2, close - open - 2);
    const auto part =
        std::find_if(parts.begin(), parts.end(), [&](const auto& p) { return p.first == name; });
    if (part == parts.end())
      throw std::logic_error("page.html asks for a part that there is not: " + std::string(name));
    page += rest.substr(0, open);
    page += part->second;
    rest.remove_prefix(close + 2);
  }
  return page.append(rest);
}

}  // namespace caesura
