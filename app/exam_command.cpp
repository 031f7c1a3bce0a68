#include "app/exam_command.hpp"

#include "scenarios/format/format_number.hpp"
#include "scenarios/format/printable.hpp"
#include "scenarios/results/json_text.hpp"
#include "exam/exam.hpp"
#include "exam/exam_folder.hpp"
#include "exam/exam_json.hpp"
#include "exam/exam_junit.hpp"
#include "exam/exam_report.hpp"
#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/progress_line.hpp"
#include "app/terminal.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace caesura {
namespace {

enum class ExamForm { text, json, markdown, junit };

struct ExamArguments {
  std::string subject;
  ExamOptions options;
  std::optional<Duration> within;
  ExamForm form = ExamForm::text;
  std::optional<std::string> out;
  bool is_verbose = false;
  bool no_progress = false;
};

void print_results(const ExamArguments& arguments, const ExamResults& results) {
  switch (arguments.form) {
    case ExamForm::text:
      return print_out(exam_text(
          results,
          {.width = terminal_width(STDOUT_FILENO, 0), .colour = wants_colour(STDOUT_FILENO)},
          arguments.is_verbose));
    case ExamForm::json:
      return print_out(json_text(exam_json(results)));
    case ExamForm::markdown:
      return print_out(exam_markdown(results));
    case ExamForm::junit:
      return print_out(exam_junit(results));
  }
}

int complain(const SubjectFile& subject, const NotExaminable& problem, bool is_verbose) {
  print_complaint(fmt::format("{} cannot be examined: {}", subject.name, problem.what()));
  if (is_verbose && !problem.lines.empty()) {
    print_error("What was said:\n");
    for (const std::string& line : said_lines(problem.lines))
      print_error("  " + printable_line(line) + "\n");
  }
  if (problem.errors.empty()) return something_failed;
  constexpr std::size_t most = 4000;
  const std::size_t from = problem.errors.size() > most ? problem.errors.size() - most : 0;
  print_error("The end of its standard error:\n");
  std::string line;
  for (const char c : problem.errors.substr(from) + "\n") {
    if (c != '\n') {
      line += c;
      continue;
    }
    print_error("  " + printable_line(line) + "\n");
    line.clear();
  }
  return something_failed;
}

int exam_command(const ExamArguments& arguments) {
  SubjectFile subject = load_subject(arguments.subject);
  ExamOptions options = arguments.options;
  options.has_within = arguments.within && *arguments.within != subject.within;
  if (arguments.within) subject.within = *arguments.within;
  Exam exam(subject, options);
  if (arguments.out) make_exam_folder(*arguments.out);
  catch_interrupts();
  ExamProgress progress;
  ExamResults results;
  try {
    const bool shown = wants_progress(arguments.no_progress);
    const ProgressLine line("exam of " + subject.name,
                            {progress.plays_done, progress.plays_total, "plays"}, shown);
    results = exam.run(stop_requested(), progress);
  } catch (const NotExaminable& problem) {
    return complain(subject, problem, arguments.is_verbose);
  }
  print_results(arguments, results);  // first: a disk that is full does not lose it
  if (arguments.out) write_exam(*arguments.out, results);
  if (const int status = interrupt_status(); status != 0) return status;
  return is_as_expected(results) ? all_well : threshold_missed;
}

CLI::Validator within_text() {
  const auto check = [](const std::string& text) {
    try {
      if (is_within_bounds(duration_from(text))) return std::string();
    } catch (const std::invalid_argument&) {
    }
    return fmt::format("'{}' is not a duration from 10ms to 10s, such as 250ms", text);
  };
  return CLI::Validator(check, "DURATION");
}

}  // namespace

Command add_exam(CLI::App& app) {
  const auto arguments = std::make_shared<ExamArguments>();
  ExamArguments& exam = *arguments;
  CLI::App* command = app.add_subcommand(
      "exam",
      "put a real program through every moment at which a user can say stop, and judge what it "
      "does");
  command->add_option("SUBJECT.yaml", exam.subject, "the program's file")
      ->required()
      ->type_name("");
  command
      ->add_option("CASE", exam.options.cases,
                   "cases to play: files, or names of shipped ones (default: all shipped)")
      ->type_name("");
  command
      ->add_option_function<std::string>(
          "--within", [&exam](const std::string& text) { exam.within = duration_from(text); },
          "what counts as in time (default: the subject's file, or 250ms)")
      ->check(within_text());
  command
      ->add_option("--repeat", exam.options.repeat,
                   "play each case so many times; the worst and its share are shown")
      ->transform(whole_number(1, 10'000, "N"));
  command->add_option("--seed", exam.options.seed, "of every case, in place of its own")
      ->transform(whole_number(0, 1.8446744073709552e19, "N"));
  const auto form = [&](const char* name, ExamForm which, const char* help) {
    return command->add_flag_callback(
        name, [&exam, which] { exam.form = which; }, help);
  };
  CLI::Option* json = form("--json", ExamForm::json, "print exam.json");
  CLI::Option* markdown = form("--markdown", ExamForm::markdown, "print a report to paste");
  CLI::Option* junit = form("--junit", ExamForm::junit, "print JUnit's XML, for a CI");
  json->excludes(markdown)->excludes(junit);
  markdown->excludes(junit);
  command
      ->add_option("--out", exam.out,
                   "write exam.json, exam.md, exam.html, and every event and line of each case "
                   "there")
      ->check(folder_name());
  command->add_flag("--verbose", exam.is_verbose, "show all that was said");
  command->add_flag("--no-progress", exam.no_progress, "no progress line");
  command->footer(
      "Exit status: 0 all as expected, 3 a clause fails that is not among expected_failures (or\n"
      "one of these holds), 2 bad input, 1 the subject cannot be examined, 130 after Ctrl-C (what\n"
      "is known is printed). docs/exam.md has the subject's file.");
  return {command, [arguments] { return exam_command(*arguments); }};
}

}  // namespace caesura
