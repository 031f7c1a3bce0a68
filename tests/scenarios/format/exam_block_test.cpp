#include "scenarios/format/exam_block.hpp"

#include "model/plan.hpp"
#include "model/turn_number.hpp"
#include "tests/scenarios/loader_fixture.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace caesura {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

ExamBlock exam_of(const std::string& block) {
  return ScenarioFolder().load(scenario_with({"exam: " + block})).exam.value();
}

/// What load_exam_case() says of a case that has these lines beside one request, a model with 40
/// tokens in 1 s, a tool of 2 s and an agent with a workflow; "" if it takes it.
class ExamCase : public ::testing::Test {
 protected:
  std::string error(const std::vector<std::string>& lines,
                    const ScenarioOptions& options = {}) const {
    std::vector<std::string> all{
        "load: {requests: 1, arrivals: at_once}",
        "services: {llm: {m: {latency: 1s, output_tokens: 40}, n: {latency: 1s, output_tokens: "
        "8}}, tool: {t: {latency: 2s}}, agent: {a: {workflow: [{llm: n}]}}}",
        "workflow: [{llm: m}, {tool: t}, {llm: m}, {agent: a}, {llm: m}]"};
    all.insert(all.end(), lines.begin(), lines.end());
    return error_of(scenario_with(all), options);
  }
  std::string error_of(const std::string& yaml, const ScenarioOptions& options = {}) const {
    const auto file = folder_.write("s.yaml", yaml);
    try {
      load_exam_case(file, options);
      return "";
    } catch (const ScenarioError& problem) {
      const std::string what = problem.what();
      const std::string path = folder_.file("");
      return what.starts_with(path) ? what.substr(path.size()) : what;
    }
  }
  std::string error_at(const std::string& moment) const {
    return error({"exam: {at: " + moment + "}"});
  }
  ScenarioFolder folder_;
};

TEST(Clauses, AreFoundAgainByTheirNames) {
  for (const Clause clause : all_clauses) EXPECT_EQ(clause_named(name_of(clause)), clause);
  EXPECT_STREQ(name_of(Clause::nothing_starts), "nothing-starts");
  EXPECT_EQ(clause_named("nothing_starts"), std::nullopt);
  EXPECT_EQ(clause_named(""), std::nullopt);
}

TEST(ExamBlock, IsNoneWhereTheFileHasNone) {
  EXPECT_FALSE(ScenarioFolder().load(scenario_with({})).exam.has_value());
}

TEST(ExamBlock, ThatIsEmptyIsACaseInWhichNobodySaysStop) {
  const auto exam = exam_of("{}");
  EXPECT_FALSE(exam.at.has_value());
  EXPECT_FALSE(exam.timeout.has_value());
  EXPECT_FALSE(exam.watch.has_value());
  EXPECT_THAT(exam.clauses, IsEmpty());
  EXPECT_FALSE(exam.next_turn || exam.twice || exam.leave);
}

TEST(ExamBlock, IsReadInFull) {
  const auto exam = exam_of(
      "{at: {event: operation.token, operation: \"2.1\", attempt: 2, token: 5, after: 200ms}, "
      "clauses: [told, no-stray], next_turn: true, twice: true, watch: 7s}");
  ASSERT_TRUE(exam.at.has_value());
  EXPECT_EQ(exam.at->event, "operation.token");
  EXPECT_THAT(exam.at->event_location, HasSubstr("s.yaml:5:20"));
  EXPECT_THAT(exam.at->operation.value(), ElementsAre(2u, 1u));
  EXPECT_EQ(exam.at->attempt, 2u);
  EXPECT_EQ(exam.at->token, 5u);
  EXPECT_EQ(exam.at->after, 200ms);
  EXPECT_EQ(exam.at->after_within, 0);
  EXPECT_THAT(exam.clauses, ElementsAre(Clause::told, Clause::no_stray));
  EXPECT_TRUE(exam.next_turn);
  EXPECT_TRUE(exam.twice);
  EXPECT_FALSE(exam.leave);
  EXPECT_EQ(exam.watch, Duration(7s));
}

TEST(ExamBlock, KnowsAMomentByItsEventAlone) {
  const auto at = exam_of("{at: {event: run.made}, leave: true}").at.value();
  EXPECT_EQ(at.operation, std::nullopt);
  EXPECT_EQ(at.attempt, std::nullopt);
  EXPECT_EQ(at.token, std::nullopt);
  EXPECT_EQ(at.after, Duration(0));
}

TEST(ExamBlock, WaitsByTheClockOrByTheSubjectsOwnMeasure) {
  const auto at = exam_of("{at: {event: operation.given, operation: 1, after: {within: 2.5}}}").at;
  EXPECT_EQ(at->after_within, 2.5);
  EXPECT_EQ(at->after, Duration(0));
  EXPECT_EQ(exam_of("{timeout: 1s}").timeout, Duration(1s));
}

TEST(ExamBlock, IsOfNoConcernToARun) {
  const ScenarioFolder folder;
  const auto with = folder.load(scenario_with({"exam: {at: {event: no.such, operation: 9}}"}));
  EXPECT_EQ(with.model.load.requests, 10u);
  EXPECT_THAT(with.warnings, IsEmpty());
}

TEST(ExamBlock, MeansTheSameAsTheScenarioThatRan) {
  const ScenarioFolder folder;
  const auto first = folder.load(
      scenario_with({"exam: {at: {event: operation.started, operation: \"2.1\", after: {within: "
                     "3}}, clauses: [effects-once], leave: true}"}),
      sets({"exam.watch=2s"}));
  const auto again = folder.load(first.yaml).exam.value();
  EXPECT_THAT(again.at->operation.value(), ElementsAre(2u, 1u));
  EXPECT_EQ(again.at->after_within, 3);
  EXPECT_THAT(again.clauses, ElementsAre(Clause::effects_once));
  EXPECT_TRUE(again.leave);
  EXPECT_EQ(again.watch, Duration(2s));
}

TEST(ExamBlock, IsRefusedWithItsPlaceAndWhatToDo) {
  expect_errors(R"(
# without a value
exam:
= 5:1: exam has no value; it must be a mapping such as {at: {event: operation.started, operation: 2}}, or {} if nobody says stop
# unknown key
exam: {whatch: 7s}
= 5:8: unknown key 'whatch'; did you mean 'watch'?
# unknown clause
exam: {clauses: [told, no-strays]}
= 5:24: unknown clauses 'no-strays'; did you mean 'no-stray'?
# clause by another spelling
exam: {clauses: [nothing_starts]}
= 5:18: unknown clauses 'nothing_starts'; did you mean 'nothing-starts'?
# no clause at all
exam: {clauses: []}
= 5:17: clauses is empty; it needs at least one item
# clause that is there twice
exam: {clauses: [told, usage, told]}
= 5:31: the clause 'told' is named twice; remove one
# moment without an event
exam: {at: {operation: 1}}
= 5:12: the key 'event' is missing in at; add it: text
# unknown key of a moment
exam: {at: {event: run.made, opration: 1}}
= 5:30: unknown key 'opration'; did you mean 'operation'?
# attempt of any operation
exam: {at: {event: operation.started, attempt: 2}}
= 5:39: 'attempt' needs 'operation' beside it; add that or remove this
# token 0
exam: {at: {event: operation.token, operation: 1, token: 0}}
= 5:58: token must be a whole number from 1 to 100000000, not '0'
# path that YAML takes for a number
exam: {at: {event: operation.started, operation: 2.10}}
= 5:50: operation with a point is text; write it in quotes: "2.10"
# after without a unit
exam: {at: {event: run.made, after: 200}}
= 5:37: after needs a unit; write 200s if seconds are meant (units: ns, us, ms, s, m, h)
# after that is far off
exam: {at: {event: run.made, after: 61s}}
= 5:37: after must be a duration of at most 1m, such as 200ms, or {within: 3}, not '61s'
# after in units that are not
exam: {at: {event: run.made, after: {times: 3}}}
= 5:38: unknown key 'times'; known here: within
# moment and timeout
exam: {at: {event: run.made}, timeout: 1s}
= 5:31: 'timeout' and 'at' exclude each other; keep one of them
# no time at all
exam: {timeout: 0s}
= 5:17: timeout must be a duration above 0 and of at most 1m, not '0s'
# watched for an hour
exam: {watch: 1h}
= 5:15: watch must be a duration above 0 and of at most 1m, not '1h'
# twice nothing
exam: {twice: true}
= 5:8: 'twice' needs 'at' beside it; add that or remove this
# leaves at no moment
exam: {timeout: 1s, leave: true}
= 5:21: 'leave' needs 'at' beside it; add that or remove this
# leaves, and says stop
exam: {at: {event: run.made}, twice: true, leave: true}
= 5:44: 'leave' and 'twice' exclude each other; keep one of them
# false
exam: {next_turn: false}
= 5:19: next_turn must be true, not 'false'
)");
}

TEST_F(ExamCase, HasOneRequestOrTwoWhereAnotherTurnFollows) {
  const std::string two = "load: {requests: 2, arrivals: at_once}";
  EXPECT_EQ(error({"exam: {}"}), "");
  EXPECT_EQ(error({"exam: {timeout: 1s}", "cancel: []"}), "");
  EXPECT_EQ(error({"exam: {next_turn: true}", two}), "");
  EXPECT_EQ(error({"exam: {}", two}),
            "s.yaml:2:18: a case has one request, or two with 'next_turn: true' in its exam block; "
            "write 'requests: 1'");
  EXPECT_EQ(error({"exam: {}", "load: {duration: 1s, arrivals: {constant: 1/s}}"}),
            "s.yaml:2:7: a case has one request, or two with 'next_turn: true' in its exam block; "
            "write 'requests: 1'");
  EXPECT_EQ(error({"exam: {next_turn: true}"}),
            "s.yaml:2:18: a case with a next turn has two requests; write 'requests: 2'");
}

TEST_F(ExamCase, TakesTenSecondsAtMostIfNobodySaysStop) {
  const auto taking = [](const std::string& latency) {
    return std::vector<std::string>{
        "exam: {}",
        "services: {llm: {m: {latency: 1s}}, tool: {t: {latency: " + latency +
            "}, u: {latency: 3s}}}",
        "workflow: [{llm: m}, {parallel: [{tool: t}, {tool: u}]}, {llm: "
        "m}]"};
  };
  EXPECT_EQ(error(taking("8s")), "");
  EXPECT_EQ(error(taking("8001ms")),
            "s.yaml:4:11: this takes 10.1 s if nobody says stop, and a case may take 10.0 s; have "
            "fewer steps, or faster services");
  EXPECT_EQ(error(taking("8001ms"), sets({"services.tool.t.latency=1s"})), "");
}

TEST_F(ExamCase, IsMeasuredWithoutTheFaultsOfItsCalls) {
  EXPECT_EQ(error({"exam: {}", "world: {faults: [{operation: 2, slow: {factor: 100}}]}"}), "");
}

TEST_F(ExamCase, IsMeasuredInEachTurnAsItIsDrawn) {
  std::size_t first = 0;
  std::size_t next = 0;
  for (int seed = 1; seed <= 40; ++seed) {
    const std::vector<std::string> lines{
        "seed: " + std::to_string(seed), "load: {requests: 2, arrivals: at_once}",
        "services: {llm: {m: {latency: 1s}}, tool: {t: {latency: {uniform: [1s, 12s]}}}}",
        "workflow: [{llm: m}, {tool: t}, {llm: m}]", "exam: {next_turn: true}"};
    const Model model = folder_.load(scenario_with(lines)).model;
    const auto is_long = [&](std::uint32_t turn) {
      const auto number = turn_number(model.seed, 0, turn);
      Plan plan;
      expand(model, number, plan);
      return planned_times(model, number, plan).duration > 10s;
    };
    const std::string said = error_of(scenario_with(lines));
    if (is_long(1)) {
      EXPECT_THAT(said, HasSubstr(": this takes ")) << seed;
      ++first;
    } else if (is_long(2)) {
      EXPECT_THAT(said, HasSubstr(": the next turn takes ")) << seed;
      ++next;
    } else {
      EXPECT_EQ(said, "") << seed;
    }
  }
  EXPECT_GT(first, 0u);
  EXPECT_GT(next, 0u);
}

TEST_F(ExamCase, NeedsAnExamBlock) {
  EXPECT_EQ(error({}),
            "s.yaml:1:1: this scenario is no case of an exam; add an exam block to it, such as "
            "'exam: {at: {event: operation.started, operation: 2}}'");
}

TEST_F(ExamCase, LeavesTheCancelToTheExam) {
  EXPECT_EQ(error({"exam: {}", "cancel: {after: 1s}"}),
            "s.yaml:6:9: a case has no 'cancel': its exam block says when; remove this");
}

TEST_F(ExamCase, IsPlayable) {
  EXPECT_EQ(error({"exam: {}", "workflow: [{llm: m}, {tool: t}]"}),
            "s.yaml:4:22: tool: t may come last: the model answers last; put an llm step after it "
            "that is done in any case");
}

TEST_F(ExamCase, HasAMomentThatItsPlanCanComeTo) {
  EXPECT_EQ(error_at("{event: operation.started, operation: 5}"), "");
  EXPECT_EQ(error_at("{event: operation.started, operation: \"4.1\"}"), "");
  EXPECT_EQ(error_at("{event: operation.token, operation: 1, token: 40}"), "");
  EXPECT_EQ(error_at("{event: operation.token, operation: \"4.1\", token: 8}"), "");
  EXPECT_EQ(error_at("{event: operation.token, token: 5}"), "");
  EXPECT_EQ(error_at("{event: operation.started, operation: 6}"),
            "s.yaml:5:50: the case has 5 operations; name one up to 5");
  EXPECT_EQ(error_at("{event: operation.started, operation: \"4.2\"}"),
            "s.yaml:5:50: operation 4 has 1 operation below it; name one up to 4.1");
  EXPECT_EQ(error_at("{event: operation.started, operation: \"2.1\"}"),
            "s.yaml:5:50: operation 2 is not an agent with a workflow, and only such has "
            "operations below it; name it without '.1'");
  EXPECT_EQ(error_at("{event: operation.token, operation: 1, token: 41}"),
            "s.yaml:5:58: this operation has 40 tokens; name one of them, or have more "
            "output_tokens");
  EXPECT_EQ(error_at("{event: operation.token, operation: \"4.1\", token: 9}"),
            "s.yaml:5:62: this operation has 8 tokens; name one of them, or have more "
            "output_tokens");
  EXPECT_EQ(error_at("{event: operation.token, operation: 2, token: 1}"),
            "s.yaml:5:58: this operation is of kind tool, and only models have tokens; name one of "
            "a model, or another event");
  EXPECT_EQ(error_at("{event: operation.started, operation: 1, token: 5}"),
            "s.yaml:5:60: only operation.token has a token; write 'event: operation.token', or "
            "remove this");
}

TEST_F(ExamCase, LeavesTheNamesOfEventsToThoseWhoKnowThem) {
  EXPECT_EQ(error_at("{event: operation.strated, operation: 1}"), "");
}

}  // namespace
}  // namespace caesura
