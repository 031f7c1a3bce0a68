#include "exam/exam.hpp"

#include "scenarios/format/format_value.hpp"
#include "exam/case_play.hpp"
#include "exam/make_subject.hpp"
#include "exam/shipped_cases.hpp"
#include "exam/subject_keeper.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace caesura {
namespace {

constexpr int plays_max = 3;  ///< of a play that this machine was too busy for

/// Takes away what is said of clauses that the case does not judge.
void keep_only(Judgement& judgement, const std::vector<Clause>& judged) {
  if (judged.empty()) return;
  const auto is_judged = [&](Clause clause) {
    return std::find(judged.begin(), judged.end(), clause) != judged.end();
  };
  for (const Clause clause : all_clauses) {
    if (!is_judged(clause)) judgement.verdicts[index_of(clause)].reset();
  }
  std::erase_if(judgement.reasons, [&](const Reason& reason) { return !is_judged(reason.clause); });
}

/// Plays cases with one subject, one after another.
class Player {
 public:
  Player(const SubjectFile& subject, const std::atomic<bool>& stop)
      : subject_(subject), stop_(stop), keeper_(io_, subject) {}

  /// None: it was stopped. Throws NotExaminable if this machine was too busy for it each time.
  std::optional<PlayResult> play(const Scenario& scenario) {
    for (int time = 0; time < plays_max; ++time) {
      CasePlay play(io_, scenario, subject_, keeper_, fmt::format("exam-{}", ++runs_));
      auto result = play.play(stop_);
      if (!result) return std::nullopt;
      if (!result->not_judged.empty()) return result;
      if (was_too_busy(result->facts)) continue;
      result->judgement = judge(result->facts);
      keep_only(result->judgement, scenario.exam->clauses);
      return result;
    }
    throw NotExaminable(
        fmt::format("this machine is too busy: {} times in a row the exam's own timer was late by "
                    "more than {} ms (within); end what else is running, or give --within more",
                    plays_max, subject_.within / std::chrono::milliseconds(1)));
  }

  void end() { keeper_.end(); }

 private:
  boost::asio::io_context io_{1};
  const SubjectFile& subject_;
  const std::atomic<bool>& stop_;
  SubjectKeeper keeper_;
  std::uint64_t runs_ = 0;
};

std::string missing_in(const PlayResult& rehearsal) {
  const PlayFacts& facts = rehearsal.facts;
  if (facts.fault) {
    const std::string how = facts.fault->kind == SubjectFault::Kind::hung
                                ? std::string("said no `settled` in time")
                                : facts.fault->text;
    if (facts.started == Time{} && facts.attempts.empty())
      return facts.fault->kind == SubjectFault::Kind::hung
                 ? std::string("it said no {\"is\": \"ready\"} in time")
                 : fmt::format("it {} before it was ready", how);
    return fmt::format("it {}", how);
  }
  if (facts.attempts.empty() && facts.refused_calls.empty()) {
    const bool has_error = facts.settled && !facts.settled->error.empty();
    return "it asked no model" + (has_error ? "; it said: " + facts.settled->error : "");
  }
  if (!rehearsal.missing.empty()) return rehearsal.missing;
  if (!facts.plan_ends) return "the last answer of the plan was never given";
  if (!facts.settled) return "it said no `settled`";
  if (facts.settled->outcome != Outcome::completed)
    return fmt::format("it settled as {}{}{}", name_of(facts.settled->outcome),
                       facts.settled->error.empty() ? "" : ": ", facts.settled->error);
  return {};
}

}  // namespace

Exam::Exam(SubjectFile subject, ExamOptions options)
    : subject_(std::move(subject)),
      options_(std::move(options)),
      rehearsal_(load(std::string(rehearsal_case))) {
  const std::vector<std::string>& named = options_.cases.empty() ? shipped_cases() : options_.cases;
  for (const std::string& name : named) cases_.push_back(load(name));
  std::erase_if(cases_, [](const Case& one) { return one.name == rehearsal_case; });
  for (const ExpectedFailure& expected : subject_.expected_failures) {
    const auto is_it = [&](const std::string& name) { return name == expected.case_name; };
    std::vector<std::string> known = shipped_cases();
    for (const Case& one : cases_) known.push_back(one.name);
    if (std::any_of(known.begin(), known.end(), is_it)) continue;
    // People's own cases are named only where they are played.
    throw ScenarioError(fmt::format("{}: there is no case '{}'{}", expected.location,
                                    expected.case_name, suggestion(expected.case_name, known)));
  }
}

Exam::Case Exam::load(const std::string& named) const {
  const bool is_file =
      named.find('/') != std::string::npos || named.ends_with(".yaml") || named.ends_with(".yml");
  if (!is_file) {
    std::vector<std::string> known = shipped_cases();
    known.emplace_back(rehearsal_case);
    if (std::find(known.begin(), known.end(), named) == known.end()) {
      throw ScenarioError(fmt::format("there is no case {}{}; a file's name ends with .yaml", named,
                                      suggestion(named, known)));
    }
  }
  const std::string file = is_file ? named : file_of_shipped_case(named);
  ScenarioOptions options;
  options.seed = options_.seed;
  Case one{.name = {}, .file = named, .scenario = load_exam_case(file, options)};
  one.name = one.scenario.name;
  if (one.scenario.exam->at) pattern_of(*one.scenario.exam->at);
  return one;
}

ExamResults Exam::run(const std::atomic<bool>& stop, ExamProgress& progress) {
  ExamResults results{.subject = subject_,
                      .version = version_of(subject_),
                      .seed = options_.seed.value_or(rehearsal_.scenario.model.seed.value),
                      .has_seed = options_.seed.has_value(),
                      .has_within = options_.has_within,
                      .repeat = options_.repeat};
  progress.plays_total = 1 + cases_.size() * options_.repeat;
  Player player(subject_, stop);
  auto rehearsed = player.play(rehearsal_.scenario);
  ++progress.plays_done;
  if (rehearsed) {
    if (const std::string missing = missing_in(*rehearsed); !missing.empty())
      throw NotExaminable(missing, std::move(*rehearsed));
  }
  for (const Case& one : cases_) {
    CaseResult result{
        .name = one.name, .file = one.file, .description = one.scenario.description, .plays = {}};
    for (std::uint32_t time = 0; time < options_.repeat && !stop; ++time) {
      auto played = player.play(one.scenario);
      if (!played) break;
      result.plays.push_back(std::move(*played));
      ++progress.plays_done;
    }
    if (!result.plays.empty()) results.cases.push_back(std::move(result));
  }
  results.is_partial = stop;
  player.end();
  return results;
}

}  // namespace caesura
