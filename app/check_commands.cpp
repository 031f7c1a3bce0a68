#include "model/plan.hpp"
#include "scenarios/format/printable.hpp"
#include "scenarios/results/threshold_reader.hpp"
#include "scenarios/run/trace.hpp"
#include "scenarios/run/verify.hpp"
#include "scenarios/report/cancel_rule.hpp"
#include "scenarios/report/figures.hpp"
#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/progress_line.hpp"
#include "app/terminal.hpp"

#include <fmt/format.h>

#include <string>

namespace caesura {
namespace {

std::string hash_text(const Fingerprint& f) {
  return fmt::format("results {:016x}  requests {:016x}", f.results, f.requests);
}

std::string verification_text(const Scenario& scenario, const Verification& v, unsigned threads) {
  std::string text = fmt::format("{}: {}\n", scenario.name,
                                 v.is_equal() ? "equal"
                                 : v.partial  ? "interrupted"
                                              : "NOT EQUAL");
  if (v.partial) return text;
  text += fmt::format("  caf                   {}\n", hash_text(v.caf));
  text += fmt::format("  direct                {}  ({} threads)\n", hash_text(v.direct), threads);
  text +=
      fmt::format("  direct                {}  (1 thread)\n", hash_text(v.direct_on_one_thread));
  if (!v.realtime) return text;
  const RealtimeDeviation& real = *v.realtime;
  text += fmt::format("  caf-realtime          requests: {}, {} times faster than life\n",
                      count_figure(static_cast<std::int64_t>(real.requests)),
                      rough_figure(real.time_scale));
  text += fmt::format("                        greatest lateness {}, stops at most {} apart\n",
                      duration_figure(seconds(real.lateness_max)),
                      duration_figure(seconds(real.stop_deviation_max)));
  text += fmt::format("                        {} with another outcome and {} with other tokens\n",
                      real.other_outcomes, real.other_tokens);
  text += "                        than in virtual time\n";
  return text;
}

/// What a scenario would run, in a few lines.
std::string summary_text(const Scenario& scenario, std::size_t thresholds) {
  const Model& model = scenario.model;
  std::string policies;
  for (const Policy& policy : scenario.policies)
    policies += (policies.empty() ? "" : ", ") + policy.name;
  std::string text = fmt::format("{}: ok\n", printable_line(scenario.file));
  if (!scenario.description.empty())
    text += fmt::format("  {}: {}\n", scenario.name, printable_line(scenario.description));
  text +=
      fmt::format("  requests    {}, seed {}, {}\n",
                  count_figure(static_cast<std::int64_t>(count_requests(model, stop_requested()))),
                  model.seed.value,
                  model.requests_compete() ? "competing for services of limited concurrency"
                                           : "independent of one another");
  if (const auto plan = shared_plan(model)) {
    text += fmt::format("  operations  {} in every request\n", plan->operations);
  } else {
    text += "  operations  drawn for each request\n";
  }
  text += fmt::format("  services    {}\n", model.services.size());
  text += fmt::format("  cancels     {}\n", describe_cancels(model));
  text += fmt::format("  policies    {}\n", policies);
  text += fmt::format("  thresholds  {}\n", thresholds);
  return text;
}

}  // namespace

int verify_command(const RunArguments& arguments) {
  std::vector<Scenario> scenarios;
  for (const std::string& file : arguments.files)
    scenarios.push_back(load_scenario(file, arguments.scenario));
  catch_interrupts();
  bool equal = true;
  for (const Scenario& scenario : scenarios) {
    if (stop_requested()) break;
    Progress progress;
    Verification verification;
    {
      const ProgressLine line(scenario.name, progress, wants_progress(arguments.no_progress));
      verification = verify(scenario, {.threads = arguments.threads}, stop_requested(), progress);
    }
    equal = equal && verification.is_equal();
    print_out(verification_text(scenario, verification, arguments.threads));
  }
  if (const int status = interrupt_status(); status != 0) return status;
  return equal ? all_well : something_failed;
}

int validate_command(const RunArguments& arguments) {
  catch_interrupts();
  std::string text;
  for (const std::string& file : arguments.files) {
    const Scenario scenario = load_scenario(file, arguments.scenario);
    if (scenario.exam) load_exam_case(file, arguments.scenario);
    const std::size_t thresholds = parse_thresholds(scenario).size();
    print_warnings(scenario.warnings);
    text += summary_text(scenario, thresholds);
    if (const int status = interrupt_status(); status != 0) return status;
  }
  print_out(text);
  return all_well;
}

int trace_command(const TraceArguments& arguments) {
  const Scenario scenario = load_scenario(arguments.file, arguments.scenario);
  // One request's story under one policy: of several, the first that can cancel.
  const Policy* policy = &scenario.policies.front();
  for (const Policy& p : scenario.policies) {
    if (policy->kind == PolicyKind::never) policy = &p;
  }
  const auto lines = trace_request(scenario, *policy, arguments.request, arguments.engine);
  print_out(arguments.mermaid ? mermaid_trace(lines) : plain_trace(lines));
  return all_well;
}

}  // namespace caesura
