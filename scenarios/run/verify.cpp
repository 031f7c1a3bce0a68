#include "scenarios/run/verify.hpp"

#include "scenarios/results/json_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

namespace caesura {
namespace {

/// FNV-1a, 64 bits (Fowler, Noll, Vo): enough to tell two runs of one program apart.
class Hash {
 public:
  void add(std::string_view text) {
    for (const char c : text) value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

Fingerprint fingerprint(const Scenario& scenario, EngineKind engine, unsigned threads,
                        const std::atomic<bool>& stop, Progress& progress) {
  Hash lines;
  const RunOptions options{.engine = engine,
                           .threads = threads,
                           .requests_csv = [&](std::string_view text) { lines.add(text); },
                           .each_request = {}};
  const RunOutcome outcome = run_scenario(scenario, options, stop, progress);
  Hash results;
  for (const PolicyResult& result : outcome.policies)
    results.add(json_text(result.totals.to_json(result.policy.name)));
  results.add(json_text(comparisons_json(outcome.comparisons)));
  return {results.value(), lines.value()};
}

/// What must not depend on the clock, of one request.
struct Ending {
  Outcome outcome = Outcome::completed;
  Tokens used;
  Time stopped;
};

struct EndingsRun {
  std::map<RequestNumber, Ending> endings;
  Time latest;
  std::optional<Duration> lateness_max;
  bool partial = false;
};

EndingsRun run_endings(const Scenario& scenario, EngineKind engine, double time_scale,
                       const std::atomic<bool>& stop, Progress& progress) {
  EndingsRun run;
  const RunOptions options{
      .engine = engine,
      .threads = 1,
      .time_scale = time_scale,
      .requests_csv = {},
      .each_request = [&](const RequestReport& request, const ClientReport& client) {
        run.endings[request.number] = {request.outcome, request.used.tokens.sum(), request.stopped};
        run.latest = std::max({run.latest, request.stopped, client.answered});
      }};
  const RunOutcome outcome = run_scenario(scenario, options, stop, progress);
  run.lateness_max = outcome.lateness_max;
  run.partial = outcome.partial;
  return run;
}

/// The first requests, under the first policy that can cancel.
Scenario shortened(const Scenario& scenario, std::uint64_t requests,
                   const std::atomic<bool>& stop) {
  Scenario shorter = scenario;
  shorter.model.load.requests = std::min(count_requests(scenario.model, stop), requests);
  const auto can_cancel = std::find_if(scenario.policies.begin(), scenario.policies.end(),
                                       [](const Policy& p) { return p.kind != PolicyKind::never; });
  shorter.policies = {can_cancel == scenario.policies.end() ? scenario.policies.front()
                                                            : *can_cancel};
  return shorter;
}

std::optional<RealtimeDeviation> realtime_deviation(const Scenario& scenario,
                                                    const VerifyOptions& options,
                                                    const std::atomic<bool>& stop,
                                                    Progress& progress) {
  const Scenario shorter = shortened(scenario, options.realtime_requests, stop);
  const EndingsRun nominal = run_endings(shorter, EngineKind::direct, 1, stop, progress);
  RealtimeDeviation deviation;
  deviation.requests = shorter.model.load.requests;
  deviation.time_scale = std::max(1.0, seconds(nominal.latest) / options.realtime_seconds);
  const EndingsRun real =
      run_endings(shorter, EngineKind::caf_realtime, deviation.time_scale, stop, progress);
  if (nominal.partial || real.partial) return std::nullopt;
  deviation.lateness_max = real.lateness_max.value_or(zero_duration);
  for (const auto& [number, ending] : real.endings) {
    const Ending& expected = nominal.endings.at(number);
    if (ending.outcome != expected.outcome) ++deviation.other_outcomes;
    if (ending.used != expected.used) ++deviation.other_tokens;
    deviation.stop_deviation_max =
        std::max(deviation.stop_deviation_max, std::chrono::abs(ending.stopped - expected.stopped));
  }
  return deviation;
}

}  // namespace

Verification verify(const Scenario& scenario, const VerifyOptions& options,
                    const std::atomic<bool>& stop, Progress& progress) {
  Verification verification;
  verification.caf = fingerprint(scenario, EngineKind::caf, options.threads, stop, progress);
  verification.direct = fingerprint(scenario, EngineKind::direct, options.threads, stop, progress);
  verification.direct_on_one_thread = fingerprint(scenario, EngineKind::direct, 1, stop, progress);
  if (!stop) verification.realtime = realtime_deviation(scenario, options, stop, progress);
  verification.partial = stop;
  return verification;
}

}  // namespace caesura
