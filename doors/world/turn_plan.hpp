#pragma once

#include "model/model.hpp"
#include "model/plan.hpp"
#include "model/request_id.hpp"
#include "doors/world/marks.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// A tool or an agent that an answer of the loop's model asks for.
struct LoopCall {
  OperationPath operation;
  OperationKind kind = OperationKind::tool;  ///< or agent
  std::uint16_t service = 0;                 ///< index into Model::services
};

/// One call of the loop's model, and what its answer asks for.
struct LoopStep {
  OperationPath operation;
  std::vector<LoopCall> calls;  ///< empty: the last, it answers with text
  bool hands_off =
      false;  ///< the one call is an agent that ends the loop: its answer is the loop's
};

/// A plan as a loop of a model and tools.
struct AgentLoop {
  OperationPath agent;      ///< the operation that it is; empty: the request itself
  std::uint16_t model = 0;  ///< index into Model::services
  std::vector<LoopStep> steps;
};

/// An operation that something outside is asked for: a model's, a tool's, or an agent's that has no
/// workflow.
struct PlannedOperation {
  OperationPath path;
  RequestNumber request = 0;  ///< whose plan it is of: the request's, or a child's (child_number)
  PlanStep step;
  OperationSample sample;
};

/// What one request (a run's turn) is to do, sub-agents included, if nobody cancels it. A pure
/// function of the model and the request's number.
class TurnPlan {
 public:
  /// Throws PlanTooLong; std::invalid_argument if it is no loop of model and tools (the scenario's
  /// check at the start lets none through).
  TurnPlan(const Model& model, RequestNumber request);

  RequestNumber request() const { return request_; }
  const std::vector<AgentLoop>& loops() const { return loops_; }  ///< the request's own first
  const AgentLoop* loop_of(const OperationPath& agent) const;     ///< null: there is none
  /// All loops whose model has this name, in the order of the plan.
  std::vector<const AgentLoop*> loops_with_model(std::string_view name) const;
  /// Without agents that have a workflow: their parts are here instead. In the order of the plan,
  /// depth first.
  const std::vector<PlannedOperation>& operations() const { return operations_; }
  const PlannedOperation* find(const OperationPath& path) const;
  const Model& model() const { return model_; }

 private:
  const Model& model_;
  RequestNumber request_;
  std::vector<AgentLoop> loops_;
  std::vector<PlannedOperation> operations_;
};

}  // namespace caesura
