#include "scenarios/format/loader_exam.hpp"

#include "model/plan.hpp"
#include "model/turn_number.hpp"
#include "scenarios/format/format.hpp"
#include "scenarios/format/format_number.hpp"
#include "scenarios/format/format_parts.hpp"

#include <algorithm>
#include <utility>

namespace caesura {
namespace {

const Shape& add_moment(Format& format) {
  const auto& after = add(
      format,
      {.expected = "a duration of at most 1m, such as 200ms, or {within: 3}",
       .scalar = {{.kind = ScalarForm::Kind::duration, .most = longest_exam_wait.count()}},
       .mapping = {{.keys = {{"within", &add_number(format, 0, 1000),
                              "So many times what the subject's file says is in time.", true}}}}});
  const auto& attempt = add_whole(format, 1, 1'000'000);
  const auto& token = add_whole(format, 1, most_tokens.value);
  return add(
      format,
      {.id = "exam_moment",
       .expected = "a moment such as {event: operation.started, operation: 2}",
       .mapping = {
           {.keys = {{"event", &add_text(format),
                      "An event of the world, as its call await names them.", true},
                     {"operation",
                      &add(format, {.scalar = {{.kind = ScalarForm::Kind::operation}}}),
                      "Of this operation of the plan. Default: of any."},
                     {"attempt", &attempt, "Of this attempt at it, from 1. Default: of any."},
                     {"token", &token, "Which token, from 1, of operation.token. Default: any."},
                     {"after", &after,
                      "So long after the event; not judged if the operation ends before.", false,
                      "\"0s\""}},
            .needs = {{"attempt", "operation"}}}}});
}

std::vector<Word> clause_words() {
  const auto doc = [](Clause clause) -> const char* {
    switch (clause) {
      case Clause::told:
        return "Calls of the subject's own that are in progress are told in time.";
      case Clause::children:
        return "So are those of its sub-agents.";
      case Clause::nothing_starts:
        return "Nothing starts any more.";
      case Clause::truthful:
        return "What it says of the end is so.";
      case Clause::settles:
        return "It says so once, in time.";
      case Clause::next_turn:
        return "The next prompt is answered.";
      case Clause::usage:
        return "The tokens that it reports can be.";
      case Clause::effects_once:
        return "What is unsafe is not done twice.";
      case Clause::no_stray:
        return "No cancel is sent for what is over.";
    }
    return "";
  };
  std::vector<Word> words;
  for (const Clause clause : all_clauses) words.push_back({name_of(clause), doc(clause)});
  return words;
}

ExamMoment read_moment(const Value& value) {
  const Value& event = *value.find("event");
  ExamMoment moment{.event = event.text, .event_location = location(event.place)};
  if (const auto* operation = value.find("operation"))
    moment.operation = operation_from(operation->text);
  const auto count = [&](const char* key) -> std::optional<std::uint32_t> {
    const auto* number = value.find(key);
    if (number == nullptr) return std::nullopt;
    return static_cast<std::uint32_t>(whole_from(number->text));
  };
  moment.attempt = count("attempt");
  moment.token = count("token");
  const auto* after = value.find("after");
  if (after == nullptr) return moment;
  if (after->kind == Value::Kind::mapping) {
    moment.after_within = number_from(after->find("within")->text);
  } else {
    moment.after = duration_from(after->text);
  }
  return moment;
}

std::vector<Clause> read_clauses(const Value& list) {
  std::vector<Clause> judged;
  for (const Value& item : list.items) {
    const Clause clause = clause_named(item.text).value();
    if (std::find(judged.begin(), judged.end(), clause) != judged.end())
      fail(item.place, "the clause " + cited(item.text) + " is named twice; remove one");
    judged.push_back(clause);
  }
  return judged;
}

std::string in_seconds(Duration duration) {
  const auto tenths =
      (duration + std::chrono::milliseconds(100) - Duration(1)) / std::chrono::milliseconds(100);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

/// One case's turns, against what its file says of them.
class ExamCase {
 public:
  ExamCase(const Value& root, const Model& model, const ExamBlock& exam)
      : root_(root), model_(model), exam_(exam) {}

  void check() const {
    if (const auto* cancel = root_.find("cancel"); cancel != nullptr && !model_.cancels.empty())
      fail(cancel->place, "a case has no 'cancel': its exam block says when; remove this");
    const std::uint32_t turns = exam_.next_turn ? 2 : 1;
    check_load(turns);
    try {
      for (std::uint32_t turn = 1; turn <= turns; ++turn) check_turn(turn);
    } catch (const PlanTooLong& problem) {
      fail(root_.find("workflow")->place, std::string(problem.what()) + "; have fewer");
    }
    if (exam_.at) check_moment();
  }

 private:
  void check_load(std::uint32_t turns) const {
    const Value& load = *root_.find("load");
    const auto* requests = load.find("requests");
    if (requests != nullptr && whole_from(requests->text) == int128{turns}) return;
    fail((requests == nullptr ? load : *requests).place,
         exam_.next_turn
             ? "a case with a next turn has two requests; write 'requests: 2'"
             : "a case has one request, or two with 'next_turn: true' in its exam block; write "
               "'requests: 1'");
  }

  void check_turn(std::uint32_t turn) const {
    const RequestNumber number = turn_number(model_.seed, 0, turn);
    Plan plan;
    expand(model_, number, plan);
    const Duration duration = planned_times(model_, number, plan).duration;
    if (duration <= longest_exam_turn) return;
    fail(root_.find("workflow")->place,
         (turn == 1 ? "this takes " : "the next turn takes ") + in_seconds(duration) +
             " if nobody says stop, and a case may take " + in_seconds(longest_exam_turn) +
             "; have fewer steps, or faster services");
  }

  void check_moment() const {
    const ExamMoment& moment = *exam_.at;
    const Value& at = *root_.find("exam")->find("at");
    if (moment.token && moment.event != "operation.token") {
      fail(at.find("token")->place,
           "only operation.token has a token; write 'event: operation.token', or remove this");
    }
    if (!moment.operation) return;
    const Value& operation = *at.find("operation");
    RequestNumber number = 0;
    Plan plan;
    expand(model_, number, plan);
    std::string above;
    for (std::size_t depth = 0;; ++depth) {
      const PlanStep& step = step_of(plan, (*moment.operation)[depth], above, operation.place);
      if (depth + 1 == moment.operation->size())
        return check_token(sample_of(model_, number, step), step, at);
      above += (above.empty() ? "" : ".") + std::to_string(step.number);
      if (!step.is_child) {
        fail(operation.place, "operation " + above +
                                  " is not an agent with a workflow, and only such has operations "
                                  "below it; name it without '." +
                                  std::to_string((*moment.operation)[depth + 1]) + "'");
      }
      ChildPlan child = plan_of_child(model_, number, step);
      number = child.number;
      plan = std::move(child.plan);
    }
  }

  static const PlanStep& step_of(const Plan& plan, std::uint32_t number, const std::string& above,
                                 const Place& place) {
    const auto step = std::find_if(plan.steps.begin(), plan.steps.end(), [&](const PlanStep& s) {
      return s.what == PlanStep::What::operation && s.number == number;
    });
    if (step != plan.steps.end()) return *step;
    const std::string last = (above.empty() ? "" : above + ".") + std::to_string(plan.operations);
    fail(place, (above.empty() ? "the case has " : "operation " + above + " has ") +
                    std::to_string(plan.operations) + " operation" +
                    (plan.operations == 1 ? "" : "s") + (above.empty() ? "" : " below it") +
                    "; name one up to " + last);
  }

  void check_token(const OperationSample& sample, const PlanStep& step, const Value& at) const {
    if (!exam_.at->token) return;
    const auto& place = at.find("token")->place;
    if (step.kind != OperationKind::llm && step.kind != OperationKind::decompose) {
      fail(place, std::string("this operation is of kind ") + name_of(step.kind) +
                      ", and only models have tokens; name one of a model, or another event");
    }
    const auto tokens = sample.tokens.output.value;
    if (std::int64_t{*exam_.at->token} <= tokens) return;
    fail(place, "this operation has " + std::to_string(tokens) + " token" +
                    (tokens == 1 ? "" : "s") + "; name one of them, or have more output_tokens");
  }

  const Value& root_;
  const Model& model_;
  const ExamBlock& exam_;
};

}  // namespace

const Shape& add_exam(Format& format) {
  const auto& clause_list =
      add(format,
          {.expected = "a list such as [told, settles]",
           .list = {{.item = &add_words(format, clause_words()), .least = 1, .most = clauses}}});
  const auto& yes = add(format, {.scalar = {{.kind = ScalarForm::Kind::yes}}});
  const auto& wait =
      add_duration(format, "a duration above 0 and of at most 1m", Duration(1), longest_exam_wait);
  return add(
      format,
      {.expected = "a mapping such as {at: {event: operation.started, operation: 2}}, or {} if "
                   "nobody says stop",
       .mapping = {
           {.keys = {{"at", &add_moment(format),
                      "The moment at which the user says stop. Default: never."},
                     {"timeout", &wait,
                      "Nobody says stop: this is the subject's own limit for a turn."},
                     {"clauses", &clause_list, "What is judged. Default: all that applies."},
                     {"next_turn", &yes, "Another prompt follows in the same conversation."},
                     {"twice", &yes, "The user says stop again at once, and when all is over."},
                     {"leave", &yes, "The user walks away instead of saying stop."},
                     {"watch", &wait,
                      "For how long at least after the cancel it is watched what goes on."}},
            .choices = {{.groups = {{"at"}, {"timeout"}}, .required = false},
                        {.groups = {{"twice"}, {"leave"}}, .required = false}},
            .needs = {{"twice", "at"}, {"leave", "at"}}}}});
}

ExamBlock read_exam(const Value& exam) {
  ExamBlock block;
  if (const auto* at = exam.find("at")) block.at = read_moment(*at);
  if (const auto* timeout = exam.find("timeout")) block.timeout = duration_from(timeout->text);
  if (const auto* judged = exam.find("clauses")) block.clauses = read_clauses(*judged);
  block.next_turn = exam.find("next_turn") != nullptr;
  block.twice = exam.find("twice") != nullptr;
  block.leave = exam.find("leave") != nullptr;
  if (const auto* watch = exam.find("watch")) block.watch = duration_from(watch->text);
  return block;
}

void require_exam_case(const Value& root, const Model& model, const ExamBlock* exam) {
  if (exam == nullptr) {
    fail({root.place.source, 1, 1},
         "this scenario is no case of an exam; add an exam block to it, such as 'exam: {at: "
         "{event: operation.started, operation: 2}}'");
  }
  ExamCase(root, model, *exam).check();
}

}  // namespace caesura
