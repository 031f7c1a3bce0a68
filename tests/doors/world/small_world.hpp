#pragma once

#include "doors/world/director.hpp"
#include "tests/small_models.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace caesura::testing {

/// Services of small_world().
enum SmallService : std::uint16_t {
  main_model,
  search,
  read_file,
  researcher_model,
  researcher,
  writer_model,
  writer,
  helpdesk,
};

inline const WorkflowStep ask_model = call(OperationKind::llm, main_model);
inline const WorkflowStep ask_search = call(OperationKind::tool, search);
inline const WorkflowStep ask_read = call(OperationKind::tool, read_file);
inline const WorkflowStep ask_researcher = call(OperationKind::agent, researcher);
inline const WorkflowStep ask_writer = call(OperationKind::agent, writer);
inline const WorkflowStep ask_helpdesk = call(OperationKind::agent, helpdesk);

inline WorkflowStep at_once(const std::vector<WorkflowStep>& steps) {
  Parallel parallel;
  for (const WorkflowStep& step : steps) parallel.branches.push_back({step});
  return {std::move(parallel)};
}

/// Models of 40, 30 and 20 tokens an answer; two tools; an agent that searches and one that only
/// writes, each with a model of its own; and an agent without a workflow.
inline Model small_world(Workflow workflow) {
  Model model;
  const auto add = [&](ServiceKind kind, const char* name, double tokens) {
    ServiceProfile profile = service(kind, fixed(1s));
    profile.name = name;
    profile.output_tokens = Distribution::constant(tokens);
    model.services.push_back(std::move(profile));
  };
  add(ServiceKind::llm, "main-model", 40);
  add(ServiceKind::tool, "search", 0);
  add(ServiceKind::tool, "read_file", 0);
  add(ServiceKind::llm, "researcher-model", 30);
  add(ServiceKind::agent, "researcher", 0);
  add(ServiceKind::llm, "writer-model", 20);
  add(ServiceKind::agent, "writer", 0);
  add(ServiceKind::agent, "helpdesk", 0);
  const WorkflowStep research = call(OperationKind::llm, researcher_model);
  model.children.resize(model.services.size());
  model.children[researcher] =
      ChildWorkflow{.workflow = {research, ask_search, research}, .propagate = true};
  model.children[writer] =
      ChildWorkflow{.workflow = {call(OperationKind::llm, writer_model)}, .propagate = true};
  model.workflow = std::move(workflow);
  return model;
}

/// A tool with one required text, besides caesura_run where it is one of the world's own.
inline OfferedTool offered(std::string name, const std::string& text, bool of_world = false) {
  nlohmann::json parameters = {
      {"type", "object"}, {"properties", {{text, {{"type", "string"}}}}}, {"required", {text}}};
  if (of_world) {
    parameters["properties"]["caesura_run"] = {{"type", "string"}};
    parameters["required"].push_back("caesura_run");
  }
  return {.name = std::move(name), .parameters = std::move(parameters)};
}

/// All that the plans of small_world() can want, under names that frameworks make of them.
inline std::vector<OfferedTool> all_tools() {
  return {offered("world_search", "input", true), offered("mcp__world__read_file", "input", true),
          offered("transfer_to_researcher", "request"), offered("agent-writer", "request"),
          offered("helpdesk", "input", true)};
}

inline ConversationMessage says(Speaker speaker, std::string text) {
  return {.speaker = speaker, .texts = {std::move(text)}};
}
inline ConversationMessage asks(std::vector<AskedCall> calls) {
  return {.speaker = Speaker::assistant, .calls = std::move(calls)};
}
inline ConversationMessage tells(CallResult result) {
  return {.speaker = Speaker::tool, .results = {std::move(result)}};
}

inline OperationPath path(const std::string& text) { return operation_path(text).value(); }
inline const Mark first_turn{.run = "r", .turn = 1, .operation = {}};

}  // namespace caesura::testing
