#include "exam/what_was_missing.hpp"

#include "scenarios/report/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace caesura {
namespace {

std::string named(const WorldEvent& event) {
  return fmt::format("{} of operation {}", name_of(event.kind), event.operation.text());
}

std::string named(const ExamMoment& moment) {
  std::string text = moment.event;
  if (moment.token) text += fmt::format(" {}", *moment.token);
  if (moment.attempt && *moment.attempt > 1) text += fmt::format(" of attempt {}", *moment.attempt);
  if (moment.operation) text += " of operation " + OperationPath{*moment.operation}.text();
  return text;
}

/// The tools and agents that the turn's own loop calls, by name.
std::vector<std::string> called_in(const TurnPlan& plan) {
  std::vector<std::string> names;
  for (const LoopStep& step : plan.loops().front().steps) {
    for (const LoopCall& call : step.calls) {
      const std::string& name = plan.model().services[call.service].name;
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

/// Its model was asked, but for nothing of the plan: that is so where no tool is offered.
bool is_asked_outside_the_plan(const TurnRecord& turn) {
  const std::uint16_t model = turn.plan.loops().front().model;
  return turn.operations.front().attempts.empty() &&
         std::any_of(turn.unplanned.begin(), turn.unplanned.end(),
                     [&](const UnplannedRecord& call) { return call.service == model; });
}

}  // namespace

std::string why_it_never_came(const PlayFacts& facts, const ExamMoment& moment,
                              const std::optional<WorldEvent>& event) {
  if (!facts.settled) return fmt::format("{} could not come any more", named(moment));
  const char* said = name_of(facts.settled->outcome);
  if (!event) return fmt::format("it said {} before {} came", said, named(moment));
  return fmt::format("it said {} {} after {}, and so before the cancel", said,
                     duration_figure(seconds(facts.settled->at - event->at)), named(*event));
}

std::string came_too_early(const WorldEvent& other, const WorldEvent& event) {
  return fmt::format("{} came {} after {}, and so before the moment", name_of(other.kind),
                     duration_figure(seconds(other.at - event.at)), named(event));
}

std::string what_was_missing(const PlayFacts& facts, const TurnRecord& turn) {
  if (!facts.refused_calls.empty())
    return "a call of its model was refused: " + facts.refused_calls.front().text;
  const ServiceProfile& model = turn.plan.model().services[turn.plan.loops().front().model];
  if (const auto called = called_in(turn.plan); !called.empty() && is_asked_outside_the_plan(turn))
    return fmt::format("{} was asked without a tool to call, and the plan calls {}", model.name,
                       fmt::join(called, ", "));
  std::vector<std::string> never_asked;
  for (const OperationRecord& operation : turn.operations) {
    const PlannedOperation& planned = *operation.planned;
    if (operation.attempts.empty())
      never_asked.push_back(fmt::format("{} ({})", planned.path.text(),
                                        turn.plan.model().services[planned.step.service].name));
  }
  if (never_asked.empty()) return {};
  return fmt::format("it never asked for operation {}", fmt::join(never_asked, ", "));
}

}  // namespace caesura
