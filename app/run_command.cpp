#include "scenarios/results/csv.hpp"
#include "scenarios/results/json_text.hpp"
#include "scenarios/results/output_folder.hpp"
#include "scenarios/results/results.hpp"
#include "scenarios/results/threshold_reader.hpp"
#include "scenarios/report/cancel_rule.hpp"
#include "scenarios/report/explanation.hpp"
#include "scenarios/report/markdown.hpp"
#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/progress_line.hpp"
#include "app/run_results.hpp"
#include "app/subject_run.hpp"
#include "app/terminal.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>

namespace caesura {
namespace {

using Clock = std::chrono::steady_clock;

struct Loaded {
  Scenario scenario;
  std::vector<Threshold> thresholds;
  Clock::duration load_time{};
  std::optional<SubjectOfRun> subject = {};
  SubjectAlone alone = {};  ///< what is said of the subject
};

/// Everything that can be wrong with the input is found here, before anything runs.
std::vector<Loaded> load_all(const RunArguments& arguments) {
  std::vector<Loaded> all;
  std::set<std::string> names;
  for (const std::string& file : arguments.files) {
    const Clock::time_point start = Clock::now();
    Scenario scenario = arguments.subject ? load_world_scenario(file, arguments.scenario)
                                          : load_scenario(file, arguments.scenario);
    std::optional<SubjectOfRun> subject;
    Scenario with_subject = scenario;
    if (arguments.subject) {
      subject = subject_of_run(arguments, scenario);
      with_subject.policies = subject->policies;
    }
    std::vector<Threshold> thresholds = parse_thresholds(with_subject);
    if (arguments.out && !names.insert(scenario.name).second) {
      throw ScenarioError(fmt::format(
          "{}: another file has scenario {} too, and --out needs a folder for each; rename one",
          file, scenario.name));
    }
    all.push_back(
        {std::move(scenario), std::move(thresholds), Clock::now() - start, std::move(subject)});
  }
  return all;
}

std::unique_ptr<OutputFolder> make_folder(const RunArguments& arguments, const Scenario& scenario) {
  if (!arguments.out) return nullptr;
  std::filesystem::path folder = *arguments.out;
  if (arguments.files.size() > 1) folder /= scenario.name;
  return std::make_unique<OutputFolder>(folder);
}

Results run_one(Loaded& loaded, const RunArguments& arguments, OutputFolder* folder) {
  const Scenario& scenario = loaded.scenario;
  const Clock::time_point start = Clock::now();
  Progress progress;
  RunOptions options{.engine = arguments.engine,
                     .threads = arguments.threads,
                     .time_scale = arguments.time_scale,
                     .replications = arguments.replications,
                     .requests_csv = requests_csv_of(arguments, folder),
                     .each_request = {}};
  RunOutcome outcome;
  {
    const ProgressLine line(scenario.name, progress, wants_progress(arguments.no_progress));
    outcome = run_scenario(scenario, options, stop_requested(), progress);
  }
  if (loaded.subject && !outcome.partial)
    loaded.alone = add_subject(*loaded.subject, scenario, arguments, folder, outcome);
  Results results{.scenario = scenario.name,
                  .file = scenario.file,
                  .seed = scenario.model.seed.value,
                  .requests = outcome.requests,
                  .replications = arguments.replications,
                  .engine = name_of(arguments.engine),
                  .run = {},
                  .policies = std::move(outcome.policies),
                  .comparisons = std::move(outcome.comparisons),
                  .thresholds = loaded.thresholds,
                  .background = {.description = scenario.description,
                                 .cancel_rule = describe_cancels(scenario.model),
                                 .lateness_max = outcome.lateness_max}};
  // They draw the operations of thousands of requests once more.
  const bool for_people = folder != nullptr || arguments.form == OutputForm::table ||
                          arguments.form == OutputForm::markdown;
  if (for_people)
    results.background.explanations =
        explanations(scenario.model, results.requests / results.replications, results.policies);
  for (const std::string& sentence : loaded.alone.sentences)
    results.background.explanations.push_back(sentence);
  Time latest{};
  std::uint64_t requests = 0;
  for (const PolicyResult& policy : results.policies) {
    latest = std::max(latest, policy.totals.latest());
    requests += policy.totals.requests();
  }
  const double wall_seconds =
      std::chrono::duration<double>(Clock::now() - start + loaded.load_time).count();
  results.run = {.wall_seconds = wall_seconds,
                 .simulated_seconds = seconds(latest),
                 .messages = outcome.messages,
                 .requests_per_second = static_cast<double>(requests) / wall_seconds,
                 .peak_in_flight = outcome.peak_in_flight,
                 .peak_rss_bytes = peak_rss_bytes(),
                 .threads = arguments.threads,
                 .partial = outcome.partial};
  return results;
}

void print_form(const RunArguments& arguments, const nlohmann::ordered_json& results,
                const Background& background, bool first) {
  switch (arguments.form) {
    case OutputForm::table:
      if (!first) print_out("\n");
      return print_table(results, background);
    case OutputForm::markdown:
      return print_out((first ? "" : "\n") + markdown_text(results, background));
    case OutputForm::json:  // one document at the end
    case OutputForm::csv:
      return;  // was printed as it came
  }
}

void mention_direct(const RunArguments& arguments, const nlohmann::ordered_json& results) {
  constexpr double worth_mentioning_s = 2;
  if (arguments.engine != EngineKind::caf || arguments.subject ||
      results["run"]["wall_seconds"].get<double>() <= worth_mentioning_s)
    return;
  print_error("caesura: --engine direct gives the same bytes faster\n");
}

}  // namespace

int run_command(const RunArguments& arguments) {
  std::vector<Loaded> all = load_all(arguments);
  for (const Loaded& loaded : all) print_warnings(loaded.scenario.warnings);
  if (arguments.form == OutputForm::csv) {
    std::string header;
    append_csv_header(header);
    print_out(header);
  }
  catch_interrupts();
  nlohmann::ordered_json documents = nlohmann::ordered_json::array();
  bool held = true;
  for (Loaded& loaded : all) {
    if (stop_requested()) break;
    const auto folder = make_folder(arguments, loaded.scenario);
    const Results results = run_one(loaded, arguments, folder.get());
    nlohmann::ordered_json document = to_json(results);
    if (!loaded.alone.world.is_null()) document["policies"].back()["world"] = loaded.alone.world;
    held = held && thresholds_held(document);
    if (folder) finish_folder(*folder, document, results.background, loaded.scenario.yaml);
    print_form(arguments, document, results.background, documents.empty());
    mention_direct(arguments, document);
    documents.push_back(std::move(document));
  }
  if (arguments.form == OutputForm::json)
    print_out(
        json_text(arguments.files.size() == 1 && documents.size() == 1 ? documents[0] : documents));
  if (const int status = interrupt_status(); status != 0) return status;
  return held ? all_well : threshold_missed;
}

}  // namespace caesura
