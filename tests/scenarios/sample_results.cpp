#include "tests/scenarios/sample_results.hpp"

#include <algorithm>
#include <random>

namespace caesura {
namespace {

class RandomReports {
 public:
  explicit RandomReports(std::uint64_t seed) : bits_(seed) {}

  ReportPair pair(RequestNumber number) {
    ReportPair pair;
    pair.request.number = pair.client.number = number;
    pair.request.outcome = pair.client.outcome = static_cast<Outcome>(below(5));
    times(pair);
    ledger(pair.request);
    counts(pair);
    return pair;
  }

 private:
  std::uint64_t below(std::uint64_t n) { return bits_() % n; }
  std::uint32_t small(std::uint64_t n) { return static_cast<std::uint32_t>(below(n)); }
  std::int64_t amount(std::int64_t most) {
    return static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most) + 1));
  }
  /// Round ones too, for the sake of trailing zeros.
  Duration duration() {
    return below(3) == 0 ? std::chrono::milliseconds{amount(1'000'000)}
                         : Duration{amount(1'000'000'000'000)};
  }

  void times(ReportPair& pair) {
    auto& [request, client] = pair;
    client.arrived = Time{duration()};
    request.started = client.arrived + duration();
    request.stopped = request.started + duration();
    client.answered = request.stopped + duration();
    if (request.outcome == Outcome::cancelled || below(3) == 0) {
      const Duration wait{amount((request.stopped - client.arrived).count())};
      client.cancel_sent = client.arrived + wait;
      client.acknowledged = *client.cancel_sent + duration();
    }
    if (request.outcome == Outcome::cancelled) request.cancelled_in = below(operation_kinds + 1);
  }

  Amounts part() {
    Amounts amounts;
    amounts.tokens = {{amount(100'000)}, {amount(1'000'000)}, {amount(9'999)}};
    amounts.cost.picos = below(4) == 0 ? amount(9) * 10'000'000'000 : amount(3'000'000'000'000);
    for (auto& busy : amounts.busy) busy = duration();
    return amounts;
  }

  void ledger(RequestReport& request) {
    request.used = part();
    if (request.outcome == Outcome::cancelled) {
      request.saved = part();
      request.used_after_cancel = part();
      for (auto& n : request.interrupted) n = small(3);
      request.interrupted.back() = 0;
      request.interrupted_unsafe = small(2);
      request.answer_discarded = below(5) == 0;
    }
    if (request.outcome != Outcome::completed) request.forgone = part();
    request.planned = request.used + request.saved + request.forgone;
    request.billed = part().tokens;
    request.delivered = {amount(5'000)};
  }

  void counts(ReportPair& pair) {
    auto& [request, client] = pair;
    request.operations_planned = small(20);
    request.operations_done = small(20);
    request.chunks_sent = small(100);
    if (!client.cancel_sent) return;
    client.cancels_accepted = request.outcome == Outcome::cancelled ? 1 : 0;
    client.cancels_already_cancelled = small(3);
    client.cancels_too_late = small(3);
    client.cancels_ignored = small(3);
    client.cancels_sent = client.cancels_accepted + client.cancels_already_cancelled +
                          client.cancels_too_late + client.cancels_ignored;
  }

  std::mt19937_64 bits_;
};

}  // namespace

std::vector<ReportPair> random_reports(std::uint64_t seed, std::uint64_t count) {
  RandomReports random(seed);
  std::vector<ReportPair> reports;
  for (std::uint64_t n = 0; n < count; ++n) reports.push_back(random.pair(n));
  return reports;
}

PolicyTotals totals_of(const std::vector<ReportPair>& reports) {
  PolicyTotals totals;
  for (const auto& [request, client] : reports) totals.add(request, client);
  return totals;
}

ReportPair cancelled_after_1500_of_10000_tokens() {
  using std::chrono::milliseconds;
  constexpr auto llm = index_of(OperationKind::llm);
  constexpr Money price{20'000'000};
  ReportPair pair;
  auto& [request, client] = pair;
  request.outcome = client.outcome = Outcome::cancelled;
  client.cancel_sent = Time{milliseconds{1500}};
  client.acknowledged = Time{milliseconds{1580}};
  request.started = Time{milliseconds{40}};
  request.cancel_received = Time{milliseconds{1540}};
  request.stopped = Time{milliseconds{5600}};
  client.answered = Time{milliseconds{5640}};
  request.cancelled_in = llm;
  request.operations_done = 1;
  request.operations_planned = 4;
  request.planned.tokens = {{2000}, {7000}, {1000}};
  request.used.tokens = {{500}, {800}, {200}};
  request.saved.tokens = request.planned.tokens - request.used.tokens;
  request.used_after_cancel.tokens = {{0}, {0}, {150}};
  for (Amounts* const amounts :
       {&request.planned, &request.used, &request.saved, &request.used_after_cancel}) {
    amounts->cost = price * amounts->tokens.sum();
  }
  request.planned.busy[llm] = milliseconds{22'240};
  request.used.busy[llm] = milliseconds{5560};
  request.saved.busy[llm] = milliseconds{16'680};
  request.used_after_cancel.busy[llm] = milliseconds{4060};
  request.billed = request.used.tokens;
  client.cancels_sent = client.cancels_accepted = 1;
  return pair;
}

std::vector<ReportPair> failed_requests(std::uint64_t count) {
  std::vector<ReportPair> reports(count);
  for (std::uint64_t n = 0; n < count; ++n) {
    auto& [request, client] = reports[n];
    request.number = client.number = n;
    request.outcome = client.outcome = Outcome::failed;
    request.planned.tokens = {{0}, {0}, {100}};
    request.planned.cost = Money{20'000'000} * request.planned.tokens.sum();
    request.forgone = request.planned;
    request.stopped = client.answered = Time{std::chrono::seconds{3}};
  }
  return reports;
}

std::vector<ReportPair> free_of_charge(std::vector<ReportPair> reports) {
  for (auto& [request, client] : reports) {
    for (Amounts* const part : {&request.planned, &request.used, &request.saved, &request.forgone,
                                &request.used_after_cancel}) {
      part->cost = {};
    }
    request.orphans.cost = {};
  }
  return reports;
}

Results sample_results(const std::vector<std::string>& policies,
                       const std::vector<ReportPair>& reports) {
  Results results;
  results.scenario = "cancel-after-timeout";
  results.file = "some/folder/cancel_after_timeout.yaml";
  results.seed = 42;
  results.requests = reports.size();
  results.engine = "caf";
  results.run = {.wall_seconds = 0.05,
                 .simulated_seconds = 561.2,
                 .messages = 173210,
                 .requests_per_second = 201000,
                 .peak_in_flight = 611,
                 .peak_rss_bytes = 21000000,
                 .threads = 2,
                 .partial = false};
  results.background = {.description = "Users give up after 30 s.",
                        .cancel_rule = "30 s after sending",
                        .lateness_max = {}};
  for (const auto& name : policies)
    results.policies.push_back({.policy = {.name = name}, .totals = totals_of(reports)});
  return results;
}

}  // namespace caesura
