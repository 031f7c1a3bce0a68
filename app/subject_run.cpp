#include "app/subject_run.hpp"

#include "scenarios/results/comparison.hpp"
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
PairedRequests pairs_of(const Scenario& scenario, const Policy& policy, std::uint64_t requests) {
  Scenario of_policy = scenario;
  of_policy.policies = {policy};
  PairedRequests pairs(requests);
  RunOptions options{.engine = EngineKind::direct, .requests_csv = {}, .each_request = {}};
  options.each_request = [&pairs](const RequestReport& request, const ClientReport& client) {
    if (request.number < pairs.size()) pairs[request.number] = paired_request(request, client);
  };
  Progress progress;
  run_scenario(of_policy, options, stop_requested(), progress);
  return pairs;
}

void compare_with_first(const Scenario& scenario, const SubjectLoadOutcome& played,
                        RunOutcome& outcome) {
  const auto reference =
      std::find_if(scenario.policies.begin(), scenario.policies.end(),
                   [](const Policy& policy) { return policy.kind != PolicyKind::never; });
  if (reference == scenario.policies.end() || played.pairs.empty()) return;
  const PairedRequests other = pairs_of(scenario, *reference, played.pairs.size());
  if (stop_requested()) return;
  outcome.comparisons.push_back(compare(played.policy.policy.name, reference->name,
                                        {paired_differences(played.pairs, other)}, Spread::pairs));
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

nlohmann::ordered_json add_subject(const SubjectOfRun& subject, const Scenario& scenario,
                                   const RunArguments& arguments, OutputFolder* folder,
                                   RunOutcome& outcome) {
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
  compare_with_first(scenario, played, outcome);
  outcome.partial = outcome.partial || played.is_partial;
  if (played.lateness_max) outcome.lateness_max = played.lateness_max;
  outcome.policies.push_back(std::move(played.policy));
  return std::move(played.world);
}

}  // namespace caesura
