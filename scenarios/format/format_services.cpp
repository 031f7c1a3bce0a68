#include "scenarios/format/format_parts.hpp"

#include <utility>

namespace caesura {
namespace {

constexpr double dearest_million = 1000;  // US dollars for a million tokens

const Shape& add_price(Format& format) {
  const auto& million = add_number(format, 0, dearest_million);
  MappingForm form{
      .keys = {{"input", &million, "US dollars per million input tokens; with output."},
               {"cached_input", &million,
                "US dollars per million cached input tokens; default: as input."},
               {"output", &million, "US dollars per million output tokens; with input."},
               {"per_1k", &add_number(format, 0, dearest_million / 1000),
                "One flat price in US dollars per thousand tokens, of whichever kind."}},
      .choices = {{.groups = {{"input", "output"}, {"per_1k"}}}},
      .needs = {{"cached_input", "input"}}};
  return add(format, {.id = "price",
                      .expected = "{input, output}, {input, cached_input, output} or {per_1k}",
                      .mapping = {std::move(form)}});
}

/// Keys of every kind of service.
std::vector<KeyForm> shared_keys(Format& format, const DistributionShapes& distributions) {
  const auto& places = add_whole(format, 0, 1'000'000'000);
  const auto& rate = add_number(format, 0, 1);
  const auto& on_failure =
      add_words(format, {{"continue", "The error is fed back and the workflow goes on."},
                         {"fail", "The request fails."}});
  return {
      {"latency", distributions.duration, "How long an operation takes."},
      {"concurrency", &add_whole(format, 1, 1'000'000'000),
       "Operations served at once, first come first served beyond; makes requests compete. "
       "Default: unlimited."},
      {"queue", &places,
       "Waiting places beyond concurrency; an operation that finds none makes its request "
       "rejected. Default: unlimited."},
      {"failure_rate", &rate,
       "The share of operations that fail, after their whole time and tokens.", false, "0"},
      {"on_failure", &on_failure,
       "What a failed operation does to its request. Default: fail for a model, continue for a "
       "tool or an agent."},
  };
}

struct TokenShapes {
  const Shape* price = nullptr;
  const Shape* on_abort = nullptr;
  const Shape* transactional = nullptr;
  const Shape* side_effects = nullptr;
};

TokenShapes add_token_shapes(Format& format) {
  return {.price = &add_price(format),
          .on_abort = &add_words(format, {{"generated", "The input, and what was generated."},
                                          {"full", "The input, and the whole answer."},
                                          {"input", "The input."},
                                          {"none", "Nothing."}}),
          .transactional = &add_boolean(format),
          .side_effects = &add_words(format, {{"none", "Nothing is left behind."},
                                              {"idempotent", "It can be done again without harm."},
                                              {"unsafe", "Half-done work is left behind."}})};
}

/// Those of models and agents; a tool knows them only to refuse them.
void append_token_keys(std::vector<KeyForm>& keys, const DistributionShapes& distributions,
                       const TokenShapes& shapes, const std::string& refusal) {
  const std::vector<KeyForm> more{
      {"time_to_first_token", distributions.duration,
       "Instead of latency: from the start of the call; with time_per_output_token."},
      {"time_per_output_token", distributions.duration,
       "Instead of latency: drawn once per call; with time_to_first_token."},
      {"input_tokens", distributions.tokens, "Input read, not counting cached input.", false, "0"},
      {"cached_input_tokens", distributions.cached_input_tokens,
       "Input read from the cache; {first, per_call} grows with each model call of the request.",
       false, "0"},
      {"output_tokens", distributions.tokens, "Output generated.", false, "0"},
      {"price", shapes.price,
       "US dollars per million tokens, or one flat price per thousand. Default: free."},
      {"on_abort", shapes.on_abort, "What is billed for an operation that is cut off.", false,
       "\"generated\""},
  };
  for (auto key : more) {
    key.refusal = refusal;
    keys.push_back(std::move(key));
  }
}

void append_tool_keys(std::vector<KeyForm>& keys, const TokenShapes& shapes,
                      const std::string& refusal) {
  keys.push_back({"transactional", shapes.transactional,
                  "No policy cuts it off once it has started.", false, "false", refusal});
  keys.push_back({"side_effects", shapes.side_effects, "What cutting it off may leave behind.",
                  false, "\"none\"", refusal});
}

const Shape& add_kind(Format& format, const std::string& id, MappingForm form) {
  form.needs.push_back({"queue", "concurrency"});
  const auto& service =
      add(format,
          {.id = id, .expected = "a mapping such as {latency: 2s}", .mapping = {std::move(form)}});
  return add(format, {.expected = "a mapping from names to services",
                      .mapping = {{.names = MappingForm::Names::slugs, .named = &service}}});
}

}  // namespace

const Shape& add_services(Format& format, const DistributionShapes& distributions,
                          const Shape& workflow) {
  const Choice by_latency{
      .groups = {{"latency"}, {"time_to_first_token", "time_per_output_token"}}};
  const auto shapes = add_token_shapes(format);
  const auto shared = shared_keys(format, distributions);

  auto llm = shared;
  append_token_keys(llm, distributions, shapes, "");
  append_tool_keys(llm, shapes, "is for tools; remove it here");
  auto tool = shared;
  append_token_keys(tool, distributions, shapes,
                    "is for models and agents: a tool has no tokens and no price; remove it here");
  append_tool_keys(tool, shapes, "");
  auto agent = shared;
  append_token_keys(agent, distributions, shapes, "");
  append_tool_keys(agent, shapes, "is for tools; remove it here");
  agent.push_back({"workflow", &workflow,
                   "Instead of latency: what the agent does as a request of its own, a child of "
                   "the one that asks."});
  agent.push_back({"propagate", &add_boolean(format),
                   "Whether the child request is told of a cancel; with workflow.", false, "true"});
  const Choice by_latency_or_workflow{
      .groups = {{"latency"}, {"time_to_first_token", "time_per_output_token"}, {"workflow"}}};

  const auto& llms =
      add_kind(format, "llm_service", {.keys = std::move(llm), .choices = {by_latency}});
  const auto& tools = add_kind(format, "tool_service",
                               {.keys = std::move(tool), .choices = {{.groups = {{"latency"}}}}});
  const auto& agents = add_kind(format, "agent_service",
                                {.keys = std::move(agent),
                                 .choices = {by_latency_or_workflow},
                                 .needs = {{"propagate", "workflow"}}});
  return add(
      format,
      {.mapping = {
           {.keys = {{"llm", &llms, "Language models, by name: for the steps llm and decompose."},
                     {"tool", &tools, "Tools (MCP servers), by name: for the step tool."},
                     {"agent", &agents, "Remote agents (A2A), by name: for the step agent."}}}}});
}

}  // namespace caesura
