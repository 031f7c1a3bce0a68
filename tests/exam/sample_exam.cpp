#include "tests/exam/sample_exam.hpp"

namespace caesura {
namespace {

using namespace std::chrono_literals;

PlayResult play_cancelled_at_600_ms() {
  PlayResult play;
  play.facts.within = 250ms;
  play.facts.settle_limit = 10s;
  play.facts.cancel = exam_time(600ms);
  play.facts.settled = SettledFacts{.at = exam_time(620ms), .outcome = Outcome::cancelled};
  play.facts.watched_until = exam_time(5400ms);
  play.facts.attempts.push_back({.operation = "1",
                                 .service = "planner",
                                 .asked = exam_time(10ms),
                                 .started = exam_time(10ms),
                                 .given = exam_time(390ms),
                                 .ended = exam_time(390ms),
                                 .end = AttemptEnd::ok});
  play.lines = {{.at = exam_time(0ms), .is_to_subject = true, .text = R"({"do":"start"})"},
                {.at = exam_time(620ms), .text = R"({"is":"settled","outcome":"cancelled"})"}};
  play.events = "{\"at_s\":0.01,\"event\":\"operation.started\"}\n";
  play.stderr_text = "warning: nothing\n";
  return play;
}

void set(PlayResult& play, Clause clause, ClauseVerdict verdict) {
  play.judgement.verdicts[index_of(clause)] = verdict;
}

void fail(PlayResult& play, Clause clause, ClauseVerdict verdict, const std::string& text) {
  set(play, clause, verdict);
  play.judgement.reasons.push_back(
      {.clause = clause, .verdict = verdict, .operation = "2", .attempt = 1, .text = text});
}

AttemptFacts tool_that_runs_on() {
  return {.operation = "2",
          .kind = OperationKind::tool,
          .service = "search",
          .asked = exam_time(400ms),
          .started = exam_time(400ms),
          .ends_by_itself = exam_time(4400ms),
          .given = exam_time(4400ms),
          .ended = exam_time(4400ms),
          .end = AttemptEnd::ok};
}

}  // namespace

const std::string hostile_text = std::string("\x1b[31m\x07<script>alert('1')</script> & \"two\" ") +
                                 "| **b** `c` ```\n]]> # x\r\x9b" + "5m \xe2\x80\xae \xff\xfe " +
                                 "\xef\xbf\xbe \xef\xbf\xbf " + std::string(1, '\0') + "-- end";

CaseResult case_that_holds(const std::string& name, const std::vector<Clause>& judged) {
  CaseResult result{
      .name = name, .file = name, .description = "The cancel comes at token 5.", .plays = {}};
  PlayResult play = play_cancelled_at_600_ms();
  for (const Clause clause : judged) set(play, clause, ClauseVerdict::pass);
  result.plays.push_back(std::move(play));
  return result;
}

CaseResult case_that_leaks() {
  CaseResult result{.name = "tool-in-progress",
                    .file = "tool-in-progress",
                    .description = "The cancel comes 200 ms into a tool of 4 s.",
                    .plays = {}};
  PlayResult play = play_cancelled_at_600_ms();
  play.facts.attempts.push_back(tool_that_runs_on());
  fail(play, Clause::told, ClauseVerdict::leak,
       "operation 2 (search) was never told: it ran on to its end (3.8 s)");
  for (const Clause clause :
       {Clause::nothing_starts, Clause::truthful, Clause::settles, Clause::no_stray})
    set(play, clause, ClauseVerdict::pass);
  play.judgement.ran_on = {.busy = 3800ms, .tokens = 1234, .cost = {2'700'000'000}, .effects = 1};
  result.plays.push_back(std::move(play));
  return result;
}

CaseResult case_not_judged() {
  CaseResult result{.name = "backing-off",
                    .file = "backing-off",
                    .description = "The cancel comes in a wait.",
                    .plays = {}};
  PlayResult play;
  play.not_judged =
      "it said failed before operation.refused of operation 1 came; it never asked for operation 2 "
      "(search)";
  result.plays.push_back(std::move(play));
  return result;
}

ExamResults small_exam() {
  ExamResults results;
  results.subject.name = "my-agent";
  results.subject.file = "my-agent.yaml";
  results.version = "1.2.3";
  results.cases.push_back(case_that_holds(
      "mid-text",
      {Clause::told, Clause::nothing_starts, Clause::truthful, Clause::settles, Clause::no_stray}));
  results.cases.push_back(case_that_leaks());
  results.cases.push_back(case_not_judged());
  return results;
}

ExamResults hostile_exam() {
  ExamResults results = small_exam();
  results.subject.name = hostile_text;
  results.subject.file = hostile_text;
  results.version = hostile_text;
  results.has_seed = true;
  results.seed = 18446744073709551615U;
  results.has_within = true;
  results.repeat = 3;
  results.is_partial = true;
  constexpr std::array failures{ClauseVerdict::crash, ClauseVerdict::hang,   ClauseVerdict::untrue,
                                ClauseVerdict::leak,  ClauseVerdict::broken, ClauseVerdict::stray,
                                ClauseVerdict::late};
  for (std::size_t n = 0; n < failures.size(); ++n) {
    CaseResult result = case_that_leaks();
    result.name = hostile_text + std::to_string(n);
    result.file = hostile_text;
    result.description = hostile_text;
    for (const Clause clause : all_clauses) {
      PlayResult& play = result.plays[0];
      set(play, clause, failures[(n + index_of(clause)) % failures.size()]);
    }
    PlayResult& play = result.plays[0];
    play.judgement.reasons.clear();
    for (const Clause clause : all_clauses) {
      for (int i = 0; i < 1000; ++i)
        fail(play, clause, *play.judgement.verdicts[index_of(clause)], hostile_text);
      play.judgement.reasons.back().operation.clear();
    }
    for (int i = 0; i < 1000; ++i) play.facts.attempts.push_back(tool_that_runs_on());
    play.facts.attempts.back().operation.clear();
    play.facts.attempts[2].service = hostile_text;
    play.facts.fault = SubjectFault{
        .kind = SubjectFault::Kind::crashed, .at = exam_time(700ms), .text = hostile_text};
    play.left_running.assign(1000, hostile_text);
    for (int i = 0; i < 1000; ++i) play.stderr_text += hostile_text;
    play.lines.push_back({.at = exam_time(630ms), .text = hostile_text});
    results.cases.push_back(std::move(result));
  }
  CaseResult other = case_not_judged();
  other.name = hostile_text;
  other.plays[0].not_judged = hostile_text;
  results.cases.push_back(std::move(other));
  results.subject.expected_failures = {
      {.case_name = "tool-in-progress", .clause = Clause::told, .location = {}},
      {.case_name = "mid-text", .clause = Clause::told, .location = {}}};
  return results;
}

}  // namespace caesura
