#pragma once

#include "scenarios/page/page_elements.hpp"

#include <nlohmann/json_fwd.hpp>

namespace caesura {

// The sections of a page, each made from one scenario's results; null if there is nothing to show
// in it.

// page_latency.cpp
nlohmann::ordered_json latency_section(const PageContext& page);
nlohmann::ordered_json wait_section(const PageContext& page);
nlohmann::ordered_json moment_section(const PageContext& page);

// page_ledger.cpp
nlohmann::ordered_json policies_section(const PageContext& page);
nlohmann::ordered_json ledger_section(const PageContext& page);
nlohmann::ordered_json pareto_section(const PageContext& page);

// page_requests.cpp
nlohmann::ordered_json timeline_section(const PageContext& page);
nlohmann::ordered_json sensitivity_section(const PageContext& page);

}  // namespace caesura
