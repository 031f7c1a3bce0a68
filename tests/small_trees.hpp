#pragma once

#include "tests/small_models.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace caesura::testing {

// Agents with workflows of their own.

inline constexpr bool told = true;
inline constexpr bool untold = false;

/// Adds an agent with a workflow; returns the call of it.
inline WorkflowStep add_agent(Model& model, Workflow workflow, bool propagate) {
  model.services.push_back(service(ServiceKind::agent, {}));
  model.children.resize(model.services.size());
  model.children.back() = ChildWorkflow{.workflow = std::move(workflow), .propagate = propagate};
  return call(OperationKind::agent, static_cast<std::uint16_t>(model.services.size() - 1));
}

/// An LLM of 1 s (index 0), 50 tokens of input at 3 each and 100 of output at 15, one every 10 ms;
/// and a tool of 10 s (index 1).
inline Model two_priced_services(std::uint64_t requests = 1) {
  Model model = two_services(requests);
  model.services[0].input_tokens = Distribution::constant(50);
  model.services[0].output_tokens = Distribution::constant(100);
  model.services[0].price = {.input = Money{3}, .cached_input = Money{3}, .output = Money{15}};
  return model;
}

inline const WorkflowStep llm_call = call(OperationKind::llm, 0);
inline const WorkflowStep tool_call = call(OperationKind::tool, 1);

/// One agent (index 2) whose workflow is the LLM, then the tool, then the LLM again.
inline Model one_child(bool propagate, std::uint64_t requests = 1) {
  Model model = two_priced_services(requests);
  model.workflow = {add_agent(model, {llm_call, tool_call, llm_call}, propagate)};
  return model;
}

/// A tool call, `propagate.size()` agents deep; the first is the outermost. Each link takes 100 ms.
inline Model nested(const std::vector<bool>& propagate) {
  Model model = two_priced_services();
  model.links.agent = fixed(100ms);
  WorkflowStep innermost = tool_call;
  for (std::size_t level = propagate.size(); level-- > 0;)
    innermost = add_agent(model, {innermost}, propagate[level]);
  model.workflow = {innermost};
  return model;
}

/// Operations side by side, links, queues, timeouts and streams, with cancels anywhere.
struct Busy {
  bool competing = false;
  bool propagate = false;
};
inline constexpr Busy every_busy[] = {{false, true}, {false, false}, {true, true}, {true, false}};

inline Model busy_model(Busy kind) {
  Model model = two_services(300);
  model.seed = 5;
  model.load.arrivals = RandomArrivals{Distribution::exponential(3e9)};
  model.links = {.client = Distribution::exponential(2e7),
                 .llm = Distribution::exponential(1e8),
                 .tool = fixed(20ms),
                 .agent = {}};
  model.services[0].latency = WholeLatency{Distribution::exponential(2e9)};
  model.services[0].output_tokens = Distribution::constant(50);
  model.services[1].latency = WholeLatency{Distribution::exponential(6e9)};
  if (kind.competing) model.services[1].concurrency = 3;
  model.workflow = {call(OperationKind::llm, 0),
                    {Parallel{{{call(OperationKind::tool, 1), call(OperationKind::llm, 0)},
                               {call(OperationKind::tool, 1)},
                               {{Transaction{fixed(1s)}}}}}},
                    call(OperationKind::llm, 0, 4)};
  model.services.push_back(service(ServiceKind::agent, {}));
  model.children.resize(3);
  model.children[2] = ChildWorkflow{
      .workflow = {call(OperationKind::llm, 0),
                   {Parallel{{{call(OperationKind::tool, 1)}, {call(OperationKind::llm, 0)}}}}},
      .propagate = kind.propagate};
  std::get<Parallel>(model.workflow[1].what).branches.push_back({call(OperationKind::agent, 2)});
  CancelSource source;
  source.probability = 0.6;
  source.moment = CancelAfter{Distribution::exponential(8e9)};
  model.cancels = {source};
  model.timeout = 40s;
  return model;
}

/// What play() checks holds in each test: planned = used + saved + forgone, and no request actor is
/// left at the end, neither child nor orphan.
class TreesOnBothEngines : public ::testing::TestWithParam<Engine> {
 protected:
  AllSettled all(const Model& model, const Policy& p) { return play(model, p, GetParam().make); }
  Settled one(const Model& model, const Policy& p) { return all(model, p).at(0); }
  Settled one(Model model, const Policy& p, Duration cancelled_after) {
    model.cancels = {cancel_after(cancelled_after)};
    return one(model, p);
  }
};

}  // namespace caesura::testing
