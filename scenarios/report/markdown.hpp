#pragma once

#include "scenarios/results/results.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace caesura {

/// `text` as Markdown that shows just these characters, in one line, wherever it is put: no markup,
/// HTML, table cell or line of its own.
std::string escaped_markdown(std::string_view text);

/// report.md: results.json as a short report to paste into a pull request. GitHub's Markdown, ends
/// with a newline.
std::string markdown_text(const nlohmann::ordered_json& results, const Background& background);

}  // namespace caesura
