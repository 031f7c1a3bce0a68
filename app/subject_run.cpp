#include "app/subject_run.hpp"

#include "scenarios/results/comparison.hpp"
#include "scenarios/report/figures.hpp"
#include "exam/subject_load.hpp"
#include "app/interrupt.hpp"
#include "app/progress_line.hpp"
#include "app/run_results.hpp"
#include "app/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

namespace caesura {
namespace {

using namespace std::chrono_literals;

constexpr Duration worth_a_warning = 10min;

/// What is compared of the first requests under one policy.
struct Reference {
  PairedRequests pairs;
  std::vector<std::optional<Duration>> latencies;  ///< of completed requests, by number
};

Reference simulated(const Scenario& scenario, const Policy& policy, std::uint64_t requests) {
  Scenario of_policy = scenario;
  of_policy.policies = {policy};
  Reference reference{.pairs = PairedRequests(requests), .latencies = {}};
  reference.latencies.resize(requests);
  RunOptions options{.engine = EngineKind::direct, .requests_csv = {}, .each_request = {}};
  options.each_request = [&](const RequestReport& request, const ClientReport& client) {
    if (request.number >= requests) return;
    reference.pairs[request.number] = paired_request(request, client);
    if (client.outcome == Outcome::completed)
      reference.latencies[request.number] = client.answered - client.arrived;
  };
  Progress progress;
  run_scenario(of_policy, options, stop_requested(), progress);
  return reference;
}

/// Least, middle and greatest of some; not empty.
struct Range {
  explicit Range(std::vector<Duration> some) {
    std::sort(some.begin(), some.end());
    least = some.front();
    median = some[(some.size() - 1) / 2];
    most = some.back();
  }
  nlohmann::ordered_json json() const {
    return {{"min", seconds(least)}, {"p50", seconds(median)}, {"max", seconds(most)}};
  }
  /// "5.1 ms more at the median, from 3.7 ms more to 8.2 ms more"
  std::string text() const {
    const auto figure = [](Duration d) {
      const bool is_less = d < zero_duration;
      return duration_figure(seconds(is_less ? -d : d)) + (is_less ? " less" : " more");
    };
    return fmt::format("{} at the median, from {} to {}", figure(median), figure(least),
                       figure(most));
  }
  Duration least{0};
  Duration median{0};
  Duration most{0};
};

/// How much longer requests took than under the reference that were completed under both.
void compare_latencies(const SubjectLoadOutcome& played, const Reference& reference,
                       const std::string& against, SubjectAlone& alone) {
  std::vector<Duration> longer;
  std::vector<Duration> without_own;
  for (std::size_t n = 0; n < played.latencies.size(); ++n) {
    if (!played.latencies[n] || !reference.latencies[n]) continue;
    longer.push_back(played.latencies[n]->whole - *reference.latencies[n]);
    without_own.push_back(longer.back() - played.latencies[n]->own);
  }
  if (longer.empty()) return;
  const std::size_t pairs = longer.size();
  const Range all(std::move(longer));
  const Range rest(std::move(without_own));
  alone.world["load"]["longer_than"] = {{"policy", against},
                                        {"pairs", pairs},
                                        {"latency_s", all.json()},
                                        {"without_own_s", rest.json()}};
  alone.sentences.push_back(
      fmt::format("{} against {}: a request that was completed under both took {} ({} pairs); "
                  "without its own time {}.",
                  played.policy.policy.name, against, all.text(), pairs, rest.text()));
}

void compare_with_first(const Scenario& scenario, const SubjectLoadOutcome& played,
                        RunOutcome& outcome, SubjectAlone& alone) {
  const auto reference =
      std::find_if(scenario.policies.begin(), scenario.policies.end(),
                   [](const Policy& policy) { return policy.kind != PolicyKind::never; });
  if (reference == scenario.policies.end() || played.pairs.empty()) return;
  const Reference other = simulated(scenario, *reference, played.pairs.size());
  if (stop_requested()) return;
  outcome.comparisons.push_back(compare(played.policy.policy.name, reference->name,
                                        {paired_differences(played.pairs, other.pairs)},
                                        Spread::pairs));
  compare_latencies(played, other, reference->name, alone);
}

}  // namespace

SubjectOfRun subject_of_run(const RunArguments& arguments, const Scenario& scenario) {
  if (arguments.files.size() != 1)
    throw ScenarioError("--subject: it plays one scenario at a time; name one file");
  if (arguments.engine == EngineKind::caf_realtime) {
    throw ScenarioError(
        "--subject: the program plays in real time, the policies beside it in virtual time; leave "
        "--engine caf-realtime out");
  }
  if (arguments.replications > 1)
    throw ScenarioError("--subject: a program plays one replication; leave --replications out");
  SubjectOfRun subject{.file = load_subject(*arguments.subject), .policies = scenario.policies};
  for (const Policy& policy : scenario.policies) {
    if (policy.name != subject.file.name) continue;
    throw ScenarioError(
        fmt::format("{}: policy {} of {} has the subject's name; name the subject otherwise",
                    subject.file.file, policy.name, scenario.file));
  }
  subject.policies.push_back({.name = subject.file.name});
  return subject;
}

SubjectAlone add_subject(const SubjectOfRun& subject, const Scenario& scenario,
                         const RunArguments& arguments, OutputFolder* folder, RunOutcome& outcome) {
  const Duration length = estimated_length(scenario, subject.file);
  if (length > worth_a_warning) {
    print_complaint(fmt::format(
        "{} requests of this scenario take {} about {:.0f} min in real time, {} at a time; "
        "--requests plays fewer, `parallel` in its file more at a time",
        scenario.model.load.requests, subject.file.name, seconds(length) / 60,
        subject.file.parallel));
  }
  SubjectLoadOptions options{.requests_csv = requests_csv_of(arguments, folder)};
  if (folder != nullptr) {
    folder->keep_events();
    options.events = [folder](std::string_view lines) { folder->append_events(lines); };
  }
  Progress progress;
  progress.requests_total = outcome.requests;
  SubjectLoadOutcome played;
  {
    const ProgressLine line(subject.file.name, progress, wants_progress(arguments.no_progress));
    played = play_load(scenario, subject.file, options, stop_requested(), progress.requests_done);
  }
  for (const std::string& problem : played.problems)
    print_complaint(fmt::format("{}: {}", subject.file.name, problem));
  SubjectAlone alone{.world = std::move(played.world), .sentences = {}};
  compare_with_first(scenario, played, outcome, alone);
  for (std::string& sentence : sentences(played.errors, subject.file.name))
    alone.sentences.push_back(std::move(sentence));
  outcome.partial = outcome.partial || played.is_partial;
  if (played.lateness_max) outcome.lateness_max = played.lateness_max;
  outcome.policies.push_back(std::move(played.policy));
  return alone;
}

}  // namespace caesura
