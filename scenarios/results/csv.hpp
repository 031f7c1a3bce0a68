#pragma once

#include "actors/reports.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace caesura {

/// requests.csv: its header line, and one line a request and policy. Times in seconds and money in
/// USD are exact decimals made from whole nanoseconds and picodollars, so that totals can be
/// recomputed from the file.
void append_csv_header(std::string& text);

/// `policy` must not need quoting (names of policies are slugs); user 3 is written "user-3". Does
/// not allocate but to let `text` grow.
void append_csv_row(std::string& text, std::string_view policy, const RequestReport& request,
                    const ClientReport& client, std::uint64_t user);

}  // namespace caesura
