#include "exam/subject_environment.hpp"

#include "doors/world/turn_plan.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace caesura {

namespace {

/// The first service that a workflow asks: an agent loop's is its model.
const ServiceCall* first_call(const Workflow& workflow) {
  for (const auto& step : workflow) {
    const ServiceCall* found = std::get_if<ServiceCall>(&step.what);
    if (const auto* repeat = std::get_if<Repeat>(&step.what)) found = first_call(repeat->body);
    if (const auto* choose = std::get_if<Choose>(&step.what)) {
      for (const Workflow& branch : choose->branches)
        found = found == nullptr ? first_call(branch) : found;
    }
    if (found != nullptr) return found;
  }
  return nullptr;
}

using Environment = std::vector<std::pair<std::string, std::string>>;

/// The sub-agents that the subject plays: [{"name", "model"}].
std::string agents_of(const Model& model) {
  nlohmann::ordered_json agents = nlohmann::ordered_json::array();
  for (std::size_t s = 0; s < model.services.size(); ++s) {
    const auto* child = model.child_of(static_cast<std::uint16_t>(s));
    if (model.services[s].kind != ServiceKind::agent || child == nullptr) continue;
    const ServiceCall* call = first_call(child->workflow);
    if (call == nullptr) continue;
    agents.push_back(
        {{"name", model.services[s].name}, {"model", model.services[call->service].name}});
  }
  return agents.dump();
}

/// Names beginning with CAESURA_, in order.
Environment environment_at(const std::string& base, const std::string& key, const Model& model,
                           std::optional<Duration> timeout) {
  const TurnPlan plan(model, 0);
  Environment env{{"CAESURA_OPENAI_BASE_URL", base + "/v1"},
                  {"CAESURA_ANTHROPIC_BASE_URL", base},
                  {"CAESURA_GEMINI_BASE_URL", base},
                  {"CAESURA_MCP_URL", base + "/mcp"},
                  {"CAESURA_A2A_URL", base + "/a2a"},
                  {"CAESURA_API_KEY", key},
                  {"CAESURA_MODEL", model.services[plan.loops().front().model].name},
                  {"CAESURA_AGENTS", agents_of(model)}};
  if (timeout) env.emplace_back("CAESURA_TIMEOUT_S", fmt::format("{}", seconds(*timeout)));
  return env;
}

}  // namespace

std::string prompt_for(const std::string& run, std::uint32_t turn) {
  return Mark{.run = run, .turn = turn, .operation = {}}.text() +
         (turn == 1 ? " Please do what there is to do." : " Please do that once more.");
}

SubjectRun subject_run(const std::string& url, const Model& model, const std::string& run,
                       std::optional<Duration> timeout) {
  const std::string prompt = prompt_for(run, 1);
  Environment env{{"CAESURA_RUN", run}, {"CAESURA_PROMPT", prompt}};
  const Environment rest =
      environment_at(fmt::format("{}/r/{}", url, run), "caesura-" + run, model, timeout);
  env.insert(env.end(), rest.begin(), rest.end());
  return {.run = run,
          .prompt = prompt,
          .env = std::move(env),
          .env_of_any_run = environment_at(url, "caesura", model, timeout)};
}

SubjectProcess::Options process_options(const SubjectFile& file, const SubjectRun& first) {
  SubjectProcess::Options options{
      .command = file.command, .folder = file.folder, .env = file.env, .patience = file.limits.end};
  const bool hears_of_runs_by_calls = file.speaks != SubjectFile::Speaks::lines;
  const bool plays_others = file.reuse || file.parallel > 1;
  const Environment& env =
      hears_of_runs_by_calls && plays_others ? first.env_of_any_run : first.env;
  options.env.insert(options.env.end(), env.begin(), env.end());
  return options;
}

}  // namespace caesura
