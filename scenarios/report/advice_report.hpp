#pragma once

#include "scenarios/study/advise.hpp"
#include "scenarios/report/text_page.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace caesura {

/// What was found, how sure it is, and what it costs in other respects: one paragraph.
std::string advice_words(const Advice& advice);

std::string advice_text(const Advice& advice, const TableOptions& options);
nlohmann::ordered_json advice_json(const Advice& advice);

}  // namespace caesura
