#pragma once

#include <cstdint>
#include <string>

namespace caesura {

// Figures as people read them. A space stands between a number and its unit; "—" stands for a
// figure that there is none of.

inline constexpr const char* no_figure = "—";

/// Exact, thousands apart: "1,234,567".
std::string count_figure(std::int64_t n);

/// Three significant digits without trailing zeros, in ns, µs, ms, s (below two minutes), min
/// (below two hours) or h: "4.1 s", "81.3 s", "2.5 min".
std::string duration_figure(double seconds);

/// With one decimal: "31.2 %", "100 %". What is not quite nothing or not quite all never looks so:
/// "<0.1 %", ">99.9 %".
std::string share_figure(double share);

/// From a dollar on to the cent, "$12.40"; below exact as far as four decimals go, "$0.1234", else
/// to the cent, or below one cent to three significant digits: "$0.00123".
std::string money_figure(double usd);

/// A number of a policy's results, "cancel_latency_s.p99", in its unit; NaN is none.
std::string field_figure(const std::string& field, double x);

/// For rates and the like: three significant digits, whole from 100 on: "1,310", "0.62".
std::string rough_figure(double x);

}  // namespace caesura
