#pragma once

#include "model/model.hpp"
#include "model/purpose.hpp"
#include "model/request_id.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <vector>

namespace caesura {

/// No request has more operations than this.
inline constexpr std::uint32_t most_operations = 1'000'000;

/// Thrown while a request's workflow expands: it draws more steps than a request may have.
struct PlanTooLong : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One step of a request's expanded workflow.
struct PlanStep {
  enum class What : std::uint8_t {
    operation,
    wait,
    fork,  ///< starts branches(), the first at the next step; goes on at step next() when all have
           ///< ended
    branch_begin,  ///< the next branch, if any, begins at step next()
    branch_end,
  };
  What what = What::operation;
  OperationKind kind = OperationKind::llm;
  bool first_of_kind = false;      ///< the first operation of its kind in the plan
  bool last_model_call = false;    ///< the last llm or decompose operation in the plan
  bool is_child = false;           ///< an operation that is a child request
  std::uint16_t service = 0;       ///< of a call: index into Model::services
  std::uint32_t number = 0;        ///< operation: from 1, depth first
  std::uint32_t model_call = 0;    ///< operation: model calls before it; fork: branches()
  std::uint32_t chunk_tokens = 0;  ///< operation: 0 if not streamed; fork, branch_begin: next()
  /// Operation, wait: by what it is drawn. Place + places × round, modulo 2^32. Place: the step's
  /// in the text of its workflow, depth first from 1, steps of every kind counted; places: how many
  /// it has. Round: how often the body of the innermost repeat or parallel `times` around the step
  /// had begun before in this plan; 0 if it is in none. So other draws of the plan do not move it.
  std::uint32_t key = 0;
  const Distribution* duration = nullptr;  ///< of a wait or transaction; lives in the Model

  std::uint32_t branches() const { return model_call; }
  std::uint32_t next() const { return chunk_tokens; }
};

/// What one request will do: its workflow with every number of times and choice drawn. Steps in
/// depth-first order.
struct Plan {
  std::vector<PlanStep> steps;
  std::uint32_t operations = 0;
  bool has_forks = false;
  bool has_children = false;
};

static_assert(sizeof(PlanStep) == 32, "a plan may be long");

/// Where the steps of a workflow stand in its text: their places are numbers, depth first from 1,
/// steps of every kind. Found once, they spare every plan the way through what it does not come to.
class Places {
 public:
  explicit Places(const Workflow& workflow);

  std::uint32_t count() const { return static_cast<std::uint32_t>(ends_.size()); }
  /// The last place in a body or branch of the workflow, or in all of it, of which the first step
  /// is the one after place `before`; `before` if it is empty.
  std::uint32_t end_of(const Workflow& list, std::uint32_t before) const {
    return list.empty() ? before : ends_[before];
  }

 private:
  void measure(const Workflow& list);
  void measure_inside(const ServiceCall&) {}
  void measure_inside(const Transaction&) {}
  void measure_inside(const Wait&) {}
  void measure_inside(const Repeat& repeat);
  void measure_inside(const Choose& choose);
  void measure_inside(const Parallel& parallel);
  void measure_inside(const ParallelTimes& parallel);

  std::vector<std::uint32_t> ends_;  ///< by `before`; 0 where no body or branch begins behind it
};

/// The plan of a request with this workflow, the model's own or an agent's, whose `places` are
/// known: a pure function of (model, workflow, request). Throws PlanTooLong.
void expand(const Model& model, const Workflow& workflow, const Places& places,
            RequestNumber request, Plan& plan);
inline void expand(const Model& model, const Workflow& workflow, RequestNumber request,
                   Plan& plan) {
  expand(model, workflow, Places(workflow), request, plan);
}
inline void expand(const Model& model, RequestNumber request, Plan& plan) {
  expand(model, model.workflow, request, plan);
}

/// The one plan of all requests with this workflow, if nothing in its shape is drawn.
std::optional<Plan> shared_plan(const Model& model, const Workflow& workflow);
inline std::optional<Plan> shared_plan(const Model& model) {
  return shared_plan(model, model.workflow);
}

/// The number and plan of the child request that is operation `step` of `parent`.
struct ChildPlan {
  RequestNumber number = 0;
  Plan plan;
};
ChildPlan plan_of_child(const Model& model, RequestNumber parent, const PlanStep& step);

/// What operation `step` takes and makes; a transaction takes its time and makes no tokens; a child
/// request nothing that is not its own.
OperationSample sample_of(const Model& model, RequestNumber request, const PlanStep& step);
Duration wait_of(const Model& model, RequestNumber request, const PlanStep& step);

/// When things would happen to a request that nobody cancels, whose every operation is served at
/// once; from when it reaches the server, links to services included.
struct PlannedTimes {
  std::vector<Duration> starts;  ///< at its service, by operation number - 1; child requests end
                                 ///< where their own failures end them
  Duration duration{0};  ///< of the whole request, failures left aside, also those of children
  /// The first end of an operation that fails its request: what would start then or later, the
  /// request would never have come to.
  std::optional<Duration> fatal;
  Duration stop{0};  ///< when it would have stopped: at its end, or when all that had started
                     ///< before `fatal` has ended
};
PlannedTimes planned_times(const Model& model, RequestNumber request, const Plan& plan);

/// One-way delays, as drawn for one message: of the operation with this key, 0: of the request.
/// `index` tells messages of one key and purpose apart.
inline Duration link_delay(const Distribution& link, const Seed& seed, RequestNumber request,
                           std::uint32_t key, Purpose purpose, std::uint32_t index = 0) {
  return to_duration(link.is_constant() ? link.lowest()
                                        : link.quantile(draw(seed, request, key, purpose, index)));
}
const Distribution& link_to(const Links& links, ServiceKind kind);

}  // namespace caesura
