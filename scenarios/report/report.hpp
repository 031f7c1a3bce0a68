#pragma once

#include "scenarios/results/results.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

// What a report for people says, whatever it is set in: made from results.json, so that both say
// the same. Plain text of one line each.

/// Cells are figures but for the first `titles` of each row, which say what the row is about.
struct Grid {
  std::size_t titles = 1;
  std::vector<std::string> header;             ///< empty: none
  std::vector<std::vector<std::string>> rows;  ///< each as long as the header
};

struct ThresholdLine {
  std::optional<bool> ok;  ///< empty: not judged
  std::string expression;
  std::string value;
};

/// A first line for a run that was interrupted; empty for one that was not.
std::optional<std::string> partial_line(const nlohmann::ordered_json& results);

/// The rule by which people cancel, from describe_cancels(), as a line of its own.
inline std::string cancel_line(const Background& background) {
  return "Cancels: " + background.cancel_rule + ".";
}

/// One policy's results in a sentence, which begins with the policy's name.
std::string headline(const nlohmann::ordered_json& policy);

/// All policies in one sentence: what the first that cancelled anything saves and how long it
/// takes, and what the quickest other would change, at what price.
std::string overall(const nlohmann::ordered_json& results);

/// Whether any policy's requests were to cost money: if not, no report speaks of money.
bool has_money(const nlohmann::ordered_json& results);
/// Whether any policy's requests were to use tokens.
bool has_tokens(const nlohmann::ordered_json& results);

/// What a policy saved of what was avoidable: of money where there is any, else of tokens, else of
/// busy time. None if nothing was avoidable.
std::optional<double> saved_of_avoidable(const nlohmann::ordered_json& policy);

/// A row a policy, with or without a column of money.
Grid policy_grid(const nlohmann::ordered_json& results, bool with_money);
inline Grid policy_grid(const nlohmann::ordered_json& results) {
  return policy_grid(results, has_money(results));
}

/// Cancellation latency by the kind of operation in progress when the cancel came; none if there is
/// but one.
std::optional<Grid> operation_grid(const nlohmann::ordered_json& results);

/// Tokens and, where there is any, money of each policy: planned = used + saved + forgone; and what
/// is billed, where some policy's tokens are not billed as used.
Grid ledger_grid(const nlohmann::ordered_json& results);

/// Per policy how many of its requests ended in which way, and what became of cancels that had no
/// effect, if there were any. Nothing of a policy under which no request has ended.
std::vector<std::string> outcome_lines(const nlohmann::ordered_json& results);

std::vector<ThresholdLine> threshold_lines(const nlohmann::ordered_json& results);

/// Engine, size and speed of the run.
std::string run_line(const nlohmann::ordered_json& results);

/// What the engine's times are times of.
std::string measure_line(const nlohmann::ordered_json& results, const Background& background);

}  // namespace caesura
