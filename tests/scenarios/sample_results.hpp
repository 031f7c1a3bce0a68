#pragma once

#include "actors/reports.hpp"
#include "scenarios/results/results.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace caesura {

/// Both sides' reports of one request.
struct ReportPair {
  RequestReport request;
  ClientReport client;
};

/// Requests 0 to count − 1 with arbitrary outcomes, cancels and amounts: whatever could come out of
/// a run, and some of what could not. Ledgers add up.
std::vector<ReportPair> random_reports(std::uint64_t seed, std::uint64_t count);

PolicyTotals totals_of(const std::vector<ReportPair>& reports);

/// One request of 10,000 planned tokens at $20 a million, cancelled 1.5 s after its arrival in its
/// first LLM call, which ran on to 5.6 s: 1,500 tokens used, $0.03; 8,500 saved, $0.17.
ReportPair cancelled_after_1500_of_10000_tokens();

/// Requests that failed in their first LLM call and were not cancelled: of 100 tokens planned, at
/// $20 a million, all are forgone.
std::vector<ReportPair> failed_requests(std::uint64_t count);

/// The same where nothing costs any money.
std::vector<ReportPair> free_of_charge(std::vector<ReportPair> reports);

/// A run of `reports` under policies of these names, all alike.
Results sample_results(const std::vector<std::string>& policies,
                       const std::vector<ReportPair>& reports);

}  // namespace caesura
