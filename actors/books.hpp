#pragma once

#include "model/model.hpp"
#include "model/plan.hpp"
#include "model/quantities.hpp"
#include "actors/context.hpp"
#include "actors/reports.hpp"

#include <vector>

namespace caesura {

/// What an operation's usage comes to in the ledger; and the same, added to what is there.
Amounts amounts_of(const Model& model, const PlanStep& step, const Usage& usage);
void add_usage(const Model& model, const PlanStep& step, const Usage& usage, Amounts& sum);

/// What a request, or one of its operations, would use if nobody cancelled it, children included.
struct PlannedUse {
  Amounts reached;
  /// Behind the first failure that ends its request: it would never have come to that.
  Amounts beyond;
  Amounts sum() const { return reached + beyond; }
};
PlannedUse planned_use(const Model& model, RequestNumber request, const PlanStep& step);
PlannedUse planned_use(const Model& model, RequestNumber request, const Plan& plan);

/// An operation of a child request, performed or cut off.
struct OperationRun {
  RequestNumber request = 0;
  PlanStep step;
  Time start{};
  Order start_order = 0;
  Amounts used;
};

/// What it used once `moment` had come (the message of `order` at that instant).
Amounts used_since(const Model& model, const OperationRun& run, Time moment, Order order);

/// A child's side of its parent's record.
struct ChildReport {
  RequestReport request;           ///< its children's included
  std::vector<OperationRun> runs;  ///< of its own and its children's operations
};

}  // namespace caesura
