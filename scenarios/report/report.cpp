#include "scenarios/report/report.hpp"

#include "scenarios/results/json_text.hpp"
#include "scenarios/report/figures.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

const Json& at(const Json& json, const char* pointer) {
  return json.at(Json::json_pointer(pointer));
}

std::int64_t whole(const Json& json, const char* pointer) {
  return at(json, pointer).get<std::int64_t>();
}
double real(const Json& json, const char* pointer) { return at(json, pointer).get<double>(); }

std::string count_at(const Json& json, const char* pointer) {
  return count_figure(whole(json, pointer));
}
std::string money_at(const Json& json, const char* pointer) {
  return money_figure(real(json, pointer));
}
std::string duration_at(const Json& json, const char* pointer) {
  const Json& seconds = at(json, pointer);
  return seconds.is_null() ? no_figure : duration_figure(seconds.get<double>());
}

/// What the savings of a policy are counted in: money where there is any, else tokens, else busy
/// time.
struct Savings {
  double planned = 0;
  double saved = 0;
  double used_after_cancel = 0;
  bool any_avoidable() const { return saved + used_after_cancel > 0; }
  double of_avoidable() const { return saved / (saved + used_after_cancel); }
};

Savings savings_in(const Json& column) {
  return {column.at("planned"), column.at("saved"), column.at("used_after_cancel")};
}

Savings busy_savings(const Json& policy) {
  Savings sum;
  for (const auto& kind : policy.at("busy_s")) {
    const Savings one = savings_in(kind);
    sum.planned += one.planned;
    sum.saved += one.saved;
    sum.used_after_cancel += one.used_after_cancel;
  }
  return sum;
}

Savings savings_of(const Json& policy) {
  for (const char* const unit : {"cost_usd", "tokens"}) {
    const Savings savings = savings_in(policy.at(unit));
    if (savings.planned > 0) return savings;
  }
  return busy_savings(policy);
}

std::string requests_words(std::int64_t n) {
  return count_figure(n) + (n == 1 ? " request" : " requests");
}

/// "31.2 % of tokens and $12.40"
std::string saved_words(const Json& policy) {
  if (real(policy, "/tokens/planned") == 0) {
    const Savings busy = busy_savings(policy);
    if (busy.planned == 0) return "nothing";
    return share_figure(busy.saved / busy.planned) + " of busy time";
  }
  std::string words = share_figure(real(policy, "/tokens/saved_fraction")) + " of tokens";
  if (real(policy, "/cost_usd/planned") > 0) words += " and " + money_at(policy, "/cost_usd/saved");
  return words;
}

/// "3.66 s after it was sent at the median, 21 s on average, 5.2 min at p99"
std::string delay_words(const Json& policy) {
  const std::string p50 = duration_at(policy, "/cancel_latency_s/p50");
  const std::string mean = duration_at(policy, "/cancel_latency_s/mean");
  const std::string p99 = duration_at(policy, "/cancel_latency_s/p99");
  if (p50 == mean && p50 == p99)
    return p50 + " after it was sent, at the median, on average and at p99";
  return p50 + " after it was sent at the median, " + mean + " on average, " + p99 + " at p99";
}

/// " of cancelled or timed-out requests": whose agents ran on. No other request leaves any: one
/// that fails waits for what it has in progress.
std::string leaver_words(const Json& policy) {
  std::string words;
  if (whole(policy, "/requests/cancelled") > 0) words = "cancelled";
  if (whole(policy, "/requests/timed_out") > 0)
    words += words.empty() ? "timed-out" : " or timed-out";
  return words.empty() ? words : " of " + words + " requests";
}

/// "; 129 agents of cancelled requests ran on as orphans for 2.8 h together, which took 15,200,000
/// tokens and $8.05"; nothing where none did.
std::string orphan_words(const Json& policy) {
  const std::int64_t count = whole(policy, "/orphans/count");
  if (count == 0) return {};
  std::string words = "; " + count_figure(count) + (count == 1 ? " agent" : " agents") +
                      leaver_words(policy) + " ran on as " +
                      (count == 1 ? "an orphan" : "orphans") + " for " +
                      duration_at(policy, "/orphans/seconds") + (count == 1 ? "" : " together");
  if (real(policy, "/tokens/planned") > 0)
    words += ", which took " + count_at(policy, "/orphans/tokens") + " tokens";
  if (real(policy, "/cost_usd/planned") > 0)
    words += " and " + money_at(policy, "/orphans/cost_usd");
  return words;
}

/// "1,500 tokens and $0.03 were used"
std::string used_words(const Json& policy) {
  std::string words = count_at(policy, "/tokens/used") + " tokens";
  if (real(policy, "/cost_usd/planned") > 0) words += " and " + money_at(policy, "/cost_usd/used");
  return words + " were used";
}

/// ", 1,000 tokens and $0.02 of them after the cancel"; nothing where nothing was.
std::string after_cancel_words(const Json& policy) {
  if (real(policy, "/tokens/used_after_cancel") == 0) return {};
  std::string words = ", " + count_at(policy, "/tokens/used_after_cancel") + " tokens";
  if (real(policy, "/cost_usd/planned") > 0)
    words += " and " + money_at(policy, "/cost_usd/used_after_cancel");
  return words + " of them after a cancel had come";
}

std::int64_t operations_cut_off(const Json& policy) {
  std::int64_t sum = 0;
  for (const char* const kind : {"llm", "decompose", "tool", "agent"})
    sum += policy.at("interrupted").at(kind).get<std::int64_t>();
  return sum;
}

std::string cut_off(const Json& policy) {
  return count_figure(operations_cut_off(policy)) + " (" + count_at(policy, "/interrupted/unsafe") +
         ")";
}

/// "aborting", for the middle of a sentence; a policy with a name of its own goes by it.
std::string doing(const Json& policy) {
  const auto name = policy.at("policy").get<std::string>();
  if (name == "checkpoint") return "cancelling at checkpoints";
  if (name == "abort") return "aborting";
  if (name == "disconnect") return "hanging up on the model";
  if (name == "escalate") return "escalating";
  return "policy " + name;
}

/// ", at the price of 212 operations cut off, 9 of them unsafe"; nothing if none was.
std::string price_words(const Json& policy) {
  const std::int64_t cut = operations_cut_off(policy);
  const std::int64_t unsafe = whole(policy, "/interrupted/unsafe");
  if (cut == 0) return {};
  return ", at the price of " + count_figure(cut) + (cut == 1 ? " operation" : " operations") +
         " cut off, " +
         (unsafe == 0 ? "none of them unsafe" : count_figure(unsafe) + " of them unsafe");
}

/// The policy of the lowest mean latency, if that is below `mean`.
const Json* quickest(const Json& results, double mean) {
  const Json* found = nullptr;
  for (const auto& policy : results.at("policies")) {
    if (whole(policy, "/requests/cancelled") == 0 || real(policy, "/cancel_latency_s/mean") >= mean)
      continue;
    mean = real(policy, "/cancel_latency_s/mean");
    found = &policy;
  }
  return found;
}

std::int64_t requests_of_all(const Json& results) {
  std::int64_t sum = 0;
  for (const auto& policy : results.at("policies")) sum += whole(policy, "/requests/total");
  return sum;
}

/// "20 replications of "; nothing of one.
std::string replications_words(const Json& results) {
  const Json& scenario = results.at("scenario");
  return scenario.contains("replications")
             ? count_at(scenario, "/replications") + " replications of "
             : "";
}

bool any_planned(const Json& results, const char* column) {
  const Json& policies = results.at("policies");
  return std::any_of(policies.begin(), policies.end(), [&](const Json& policy) {
    return policy.at(column).at("planned").get<double>() > 0;
  });
}

void list(std::string& words, const std::string& item) {
  words += (words.empty() ? "" : ", ") + item;
}

}  // namespace

std::optional<std::string> partial_line(const Json& results) {
  if (!at(results, "/run/partial").get<bool>()) return std::nullopt;
  const std::int64_t done = requests_of_all(results);
  if (results.at("scenario").contains("served")) {
    const std::int64_t open = whole(results, "/scenario/requests") - done;
    return requests_words(open) + " had not ended and " + (open == 1 ? "is" : "are") +
           " not counted";
  }
  const std::int64_t wanted = whole(results, "/scenario/requests") *
                              static_cast<std::int64_t>(results.at("policies").size());
  const std::string of_all =
      wanted > done ? count_figure(done) + " of " + requests_words(wanted) : requests_words(done);
  return "Interrupted: partial results of " + of_all + "; thresholds were not judged";
}

std::string headline(const Json& policy) {
  const std::int64_t total = whole(policy, "/requests/total");
  const std::int64_t cancelled = whole(policy, "/requests/cancelled");
  const std::int64_t ignored = whole(policy, "/cancels/ignored");
  const std::string name = policy.at("policy").get<std::string>() + ": ";
  if (total == 0) return name + "no request has ended.";
  if (cancelled == 0 && ignored > 0) {
    return name + count_figure(ignored) + (ignored == 1 ? " cancel was" : " cancels were") +
           " ignored; " + used_words(policy) + after_cancel_words(policy) + orphan_words(policy) +
           ".";
  }
  if (cancelled == 0)
    return name + "none of " + requests_words(total) + " was cancelled" +
           (whole(policy, "/requests/completed") == 0 ? ", and none completed; " : "; ") +
           used_words(policy) + orphan_words(policy) + ".";

  std::string words = name + count_figure(cancelled) + " of " + requests_words(total) +
                      (cancelled == 1 ? " was" : " were") + " cancelled; a cancel took effect " +
                      delay_words(policy) + "; it saved ";
  const Savings savings = savings_of(policy);
  words += savings.saved == 0 && savings.any_avoidable() ? "nothing" : saved_words(policy);
  if (savings.any_avoidable())
    words += ", " + share_figure(savings.of_avoidable()) + " of what was avoidable";
  return words + orphan_words(policy) + ".";
}

std::string overall(const Json& results) {
  const auto& policies = results.at("policies");
  const auto first = std::find_if(policies.begin(), policies.end(), [](const Json& policy) {
    return whole(policy, "/requests/cancelled") > 0;
  });
  if (first == policies.end()) {
    const bool any_completed =
        std::any_of(policies.begin(), policies.end(),
                    [](const Json& policy) { return whole(policy, "/requests/completed") > 0; });
    return any_completed || requests_of_all(results) == 0
               ? "No request was cancelled, so nothing was saved."
               : "No request was cancelled, and none completed.";
  }
  const Json& policy = *first;
  std::string words = doing(policy) + " saves " + saved_words(policy);
  words[0] = static_cast<char>(words[0] - 'a' + 'A');
  const Savings savings = savings_of(policy);
  if (savings.any_avoidable())
    words += ", " + share_figure(savings.of_avoidable()) + " of what was avoidable";
  words += "; a cancel takes " + duration_at(policy, "/cancel_latency_s/mean") + " on average, " +
           duration_at(policy, "/cancel_latency_s/p99") + " at p99";
  if (const Json* other = quickest(results, real(policy, "/cancel_latency_s/mean"))) {
    words += "; " + doing(*other) + " would cut that to " +
             duration_at(*other, "/cancel_latency_s/mean") + " on average" + price_words(*other);
  }
  return words + ".";
}

bool has_money(const Json& results) { return any_planned(results, "cost_usd"); }
bool has_tokens(const Json& results) { return any_planned(results, "tokens"); }

std::optional<double> saved_of_avoidable(const Json& policy) {
  const Savings savings = savings_of(policy);
  return savings.any_avoidable() ? std::optional(savings.of_avoidable()) : std::nullopt;
}

Grid policy_grid(const Json& results, bool with_money) {
  Grid grid{
      .titles = 1,
      .header = {"policy", "requests", "cancelled", "stop after p50", "p90", "p99", "tokens saved"},
      .rows = {}};
  if (with_money) grid.header.emplace_back("$ saved");
  for (const char* const last : {"of avoidable", "cut off (unsafe)", "discarded"})
    grid.header.emplace_back(last);
  for (const auto& policy : results.at("policies")) {
    const Savings savings = savings_of(policy);
    std::vector<std::string> row{policy.at("policy").get<std::string>(),
                                 count_at(policy, "/requests/total"),
                                 count_at(policy, "/requests/cancelled"),
                                 duration_at(policy, "/cancel_latency_s/p50"),
                                 duration_at(policy, "/cancel_latency_s/p90"),
                                 duration_at(policy, "/cancel_latency_s/p99"),
                                 share_figure(real(policy, "/tokens/saved_fraction"))};
    if (with_money) row.push_back(money_at(policy, "/cost_usd/saved"));
    row.push_back(savings.any_avoidable() ? share_figure(savings.of_avoidable()) : no_figure);
    row.push_back(cut_off(policy));
    row.push_back(count_at(policy, "/discarded_answers"));
    grid.rows.push_back(std::move(row));
  }
  return grid;
}

std::optional<Grid> operation_grid(const Json& results) {
  Grid grid{.titles = 2,
            .header = {"policy", "cancelled in", "requests", "stop after p50", "p90", "p99", "max"},
            .rows = {}};
  bool several = false;
  for (const auto& policy : results.at("policies")) {
    std::size_t kinds = 0;
    for (const auto& [kind, latency] : policy.at("cancel_latency_by_operation_s").items()) {
      if (whole(latency, "/count") == 0) continue;
      several = several || ++kinds > 1;
      grid.rows.push_back(
          {policy.at("policy").get<std::string>(), kind == "none" ? "nothing in progress" : kind,
           count_at(latency, "/count"), duration_at(latency, "/p50"), duration_at(latency, "/p90"),
           duration_at(latency, "/p99"), duration_at(latency, "/max")});
    }
  }
  if (!several) return std::nullopt;
  return grid;
}

Grid ledger_grid(const Json& results) {
  const Json& policies = results.at("policies");
  const bool tells_billed = std::any_of(policies.begin(), policies.end(), [](const Json& policy) {
    return at(policy, "/tokens/billed") != at(policy, "/tokens/used");
  });
  Grid grid{.titles = 2,
            .header = {"policy", "ledger", "planned", "used", "saved", "forgone"},
            .rows = {}};
  if (tells_billed) grid.header.emplace_back("billed");
  const auto add = [&](std::vector<std::string> row, const std::string& billed) {
    if (tells_billed) row.push_back(billed);
    grid.rows.push_back(std::move(row));
  };
  const bool with_money = has_money(results);
  for (const auto& policy : policies) {
    const auto name = policy.at("policy").get<std::string>();
    add({name, "tokens", count_at(policy, "/tokens/planned"), count_at(policy, "/tokens/used"),
         count_at(policy, "/tokens/saved"), count_at(policy, "/tokens/forgone")},
        count_at(policy, "/tokens/billed"));
    if (!with_money) continue;
    add({name, "cost", money_at(policy, "/cost_usd/planned"), money_at(policy, "/cost_usd/used"),
         money_at(policy, "/cost_usd/saved"), money_at(policy, "/cost_usd/forgone")},
        money_at(policy, "/cost_usd/used"));  // money is that of billed tokens
  }
  return grid;
}

std::vector<std::string> outcome_lines(const Json& results) {
  struct Words {
    const char* field;
    const char* words;
  };
  static constexpr std::array<Words, 5> outcomes{{{"/requests/completed", " completed"},
                                                  {"/requests/cancelled", " cancelled"},
                                                  {"/requests/failed", " failed"},
                                                  {"/requests/timed_out", " timed out"},
                                                  {"/requests/rejected", " rejected"}}};
  static constexpr std::array<Words, 3> without_effect{
      {{"/cancels/too_late", " too late"},
       {"/cancels/already_cancelled", " already cancelled"},
       {"/cancels/ignored", " ignored"}}};
  std::vector<std::string> lines;
  for (const auto& policy : results.at("policies")) {
    std::string ends;
    for (const auto& [field, words] : outcomes) {
      if (whole(policy, field) > 0) list(ends, count_at(policy, field) + words);
    }
    std::string lost;
    for (const auto& [field, words] : without_effect) {
      if (whole(policy, field) > 0) list(lost, count_at(policy, field) + words);
    }
    const std::int64_t sent = whole(policy, "/cancels/sent");
    if (!lost.empty())
      lost = "of " + count_figure(sent) + (sent == 1 ? " cancel " : " cancels ") + lost;
    const std::string both = ends + (ends.empty() || lost.empty() ? "" : "; ") + lost;
    if (!both.empty()) lines.push_back(policy.at("policy").get<std::string>() + ": " + both);
  }
  return lines;
}

std::vector<ThresholdLine> threshold_lines(const Json& results) {
  std::vector<ThresholdLine> lines;
  for (const auto& threshold : results.at("thresholds")) {
    const Json& value = threshold.at("value");
    const Json& ok = threshold.at("ok");
    lines.push_back({.ok = ok.is_null() ? std::nullopt : std::optional(ok.get<bool>()),
                     .expression = threshold.at("expression").get<std::string>(),
                     .value = value.is_null() ? no_figure : number_text(value.get<double>())});
  }
  return lines;
}

std::string run_line(const Json& results) {
  const Json& run = results.at("run");
  const auto threads = whole(run, "/threads");
  return "Engine " + results.at("engine").get<std::string>() + ": " +
         requests_words(requests_of_all(results)) + " in " + duration_at(run, "/wall_seconds") +
         " (" + rough_figure(real(run, "/requests_per_second")) + " requests/s) on " +
         count_figure(threads) + (threads == 1 ? " thread" : " threads") + "; " +
         duration_at(run, "/simulated_seconds") + " of simulated time; " +
         replications_words(results) + "seed " +
         std::to_string(at(results, "/scenario/seed").get<std::uint64_t>()) + "; Caesura " +
         run.at("version").get<std::string>() + ".";
}

/// Of a real program, whose services Caesura was.
std::string world_line(const Json& results, const Background& background) {
  if (results.at("engine") != "caf-realtime")
    return "A real program, at a clock that was moved by hand: what it did, at simulated moments.";
  std::string words = "A real program: when what it did reached its services, by the wall clock";
  if (background.lateness_max) {
    words += "; these were at most " + duration_figure(seconds(*background.lateness_max)) +
             " late themselves";
  }
  return words + ".";
}

std::string measure_line(const Json& results, const Background& background) {
  if (results.at("policies").size() == 1 && results.at("policies")[0].contains("world"))
    return world_line(results, background);
  if (results.at("engine") != "caf-realtime") {
    std::string text =
        "Virtual time: consequences of the rule under the scenario's latencies, not the speed "
        "of this machine.";
    for (const Json& policy : results.at("policies")) {
      if (policy.contains("world"))
        text += " But " + policy.at("policy").get<std::string>() +
                " is a real program, which has played the same requests in real time.";
    }
    return text;
  }
  std::string words =
      "Real time: cancels as they took effect of CAF actors on this machine, by the wall clock";
  if (background.lateness_max)
    words +=
        "; a message was at most " + duration_figure(seconds(*background.lateness_max)) + " late";
  return words + ".";
}

}  // namespace caesura
