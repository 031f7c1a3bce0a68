#include "doors/world/turn_plan.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace caesura {
namespace {

/// As deep as a path of operations can name.
constexpr std::size_t deepest_agents = 7;

bool is_model_call(const PlanStep& step) {
  return step.kind == OperationKind::llm || step.kind == OperationKind::decompose;
}

[[noreturn]] void refuse(const OperationPath& agent, const std::string& why) {
  throw std::invalid_argument("no loop of a model and tools can play the plan" +
                              (agent.empty() ? std::string() : " of operation " + agent.text()) +
                              ": " + why);
}

/// Turns a request's plan and those below it into loops, depth first.
class LoopsOfPlan {
 public:
  LoopsOfPlan(const Model& model, std::vector<AgentLoop>& loops,
              std::vector<PlannedOperation>& operations)
      : model_(model), loops_(loops), operations_(operations) {}

  void add(const OperationPath& agent, RequestNumber request, const Plan& plan) {
    if (agent.numbers.size() > deepest_agents) refuse(agent, "agents ask agents too deeply");
    if (operations_.size() + plan.operations > most_operations)
      throw PlanTooLong("request " + std::to_string(request) +
                        " and the agents below it draw more than " +
                        std::to_string(most_operations) + " operations");
    const std::size_t index = loops_.size();
    loops_.push_back({.agent = agent, .model = 0, .steps = {}});
    AgentLoop loop{.agent = agent, .model = 0, .steps = {}};
    bool is_in_fork = false;
    bool group_ended = true;  // no tool may follow what the last model step has asked for
    std::uint32_t branch_operations = 0;
    std::size_t fork_end = 0;
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      const PlanStep& step = plan.steps[i];
      if (is_in_fork && i == fork_end) is_in_fork = false, group_ended = true;
      switch (step.what) {
        case PlanStep::What::operation:
          if (is_in_fork && ++branch_operations > 1)
            refuse(agent, "a branch of `parallel` is more than one tool or agent");
          if (is_model_call(step)) {
            if (is_in_fork) refuse(agent, "a model is asked inside `parallel`");
            add_model_call(loop, step);
            group_ended = false;
          } else {
            if (group_ended) refuse(agent, "a tool has no model call right before it");
            add_call(loop, step);
            group_ended = !is_in_fork;
          }
          add_operation(agent, request, step);
          break;
        case PlanStep::What::wait:
          refuse(agent, "it waits");
        case PlanStep::What::fork:
          if (is_in_fork) refuse(agent, "`parallel` stands inside `parallel`");
          if (step.next() == i + 1) break;  // no branches: nothing to ask for
          if (group_ended) refuse(agent, "`parallel` has no model call right before it");
          is_in_fork = true;
          fork_end = step.next();
          break;
        case PlanStep::What::branch_begin:
          branch_operations = 0;
          break;
        case PlanStep::What::branch_end:
          break;
      }
    }
    finish(loop);
    loops_[index] = std::move(loop);
  }

 private:
  static void add_model_call(AgentLoop& loop, const PlanStep& step) {
    if (loop.steps.empty()) {
      loop.model = step.service;
    } else {
      if (loop.model != step.service) refuse(loop.agent, "its model calls name several services");
      if (loop.steps.back().calls.empty()) refuse(loop.agent, "two model calls follow each other");
    }
    loop.steps.push_back(
        {.operation = loop.agent.child(step.number), .calls = {}, .hands_off = false});
  }
  static void add_call(AgentLoop& loop, const PlanStep& step) {
    if (step.kind == OperationKind::transaction) refuse(loop.agent, "it has a transaction");
    loop.steps.back().calls.push_back(
        {.operation = loop.agent.child(step.number), .kind = step.kind, .service = step.service});
  }

  void add_operation(const OperationPath& agent, RequestNumber request, const PlanStep& step) {
    const OperationPath path = agent.child(step.number);
    if (step.is_child) {
      const ChildPlan child = plan_of_child(model_, request, step);
      add(path, child.number, child.plan);
    } else {
      operations_.push_back({.path = path,
                             .request = request,
                             .step = step,
                             .sample = sample_of(model_, request, step)});
    }
  }

  void finish(AgentLoop& loop) const {
    if (loop.steps.empty()) refuse(loop.agent, "it has no model call");
    LoopStep& last = loop.steps.back();
    if (last.calls.empty()) return;
    if (last.calls.size() > 1 || !model_.child_of(last.calls.front().service))
      refuse(loop.agent, "it ends with tools");
    last.hands_off = true;
  }

  const Model& model_;
  std::vector<AgentLoop>& loops_;
  std::vector<PlannedOperation>& operations_;
};

}  // namespace

TurnPlan::TurnPlan(const Model& model, RequestNumber request) : model_(model), request_(request) {
  Plan plan;
  expand(model, request, plan);
  LoopsOfPlan(model, loops_, operations_).add({}, request, plan);
}

// Both lists are in the order of their paths: numbers rise along a plan, and what is below an
// operation comes right behind it.

const AgentLoop* TurnPlan::loop_of(const OperationPath& agent) const {
  const auto found = std::lower_bound(
      loops_.begin(), loops_.end(), agent,
      [](const AgentLoop& loop, const OperationPath& path) { return loop.agent < path; });
  return found != loops_.end() && found->agent == agent ? &*found : nullptr;
}

std::vector<const AgentLoop*> TurnPlan::loops_with_model(std::string_view name) const {
  std::vector<const AgentLoop*> loops;
  for (const AgentLoop& loop : loops_) {
    if (model_.services[loop.model].name == name) loops.push_back(&loop);
  }
  return loops;
}

const PlannedOperation* TurnPlan::find(const OperationPath& path) const {
  const auto found =
      std::lower_bound(operations_.begin(), operations_.end(), path,
                       [](const PlannedOperation& operation, const OperationPath& searched) {
                         return operation.path < searched;
                       });
  return found != operations_.end() && found->path == path ? &*found : nullptr;
}

}  // namespace caesura
