#include "exam/world_server.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace caesura {
namespace {

constexpr std::size_t mebibyte = std::size_t{1024} * 1024;
constexpr std::size_t body_bytes_max = 32 * mebibyte;  ///< conversations are long
constexpr std::size_t bodies_bytes_max = 512 * mebibyte;
constexpr std::size_t connections_max = 20'000;

/// Throws ScenarioError for what a scenario may say, and this world does not serve.
const Scenario& served(const Scenario& scenario) {
  if (scenario.world.tools_era == WorldBlock::ToolsEra::v2026_07_28) {
    throw ScenarioError(fmt::format(
        "{}:1:1: world.tools.era: MCP's revision 2026-07-28 is not served; write 2025-11-25, or "
        "leave it out",
        scenario.file));
  }
  const Model& model = scenario.model;
  for (std::size_t s = 0; s < model.services.size(); ++s) {
    const bool is_remote = model.services[s].kind == ServiceKind::agent &&
                           model.child_of(static_cast<std::uint16_t>(s)) == nullptr;
    if (!is_remote) continue;
    throw ScenarioError(
        fmt::format("{}:1:1: agent '{}' has no workflow, and agents are not served over A2A; give "
                    "it a workflow with a model of its own, which the program plays, or make it a "
                    "tool",
                    scenario.file, model.services[s].name));
  }
  return scenario;
}

}  // namespace

ListenAddress world_address_for(const SubjectFile& subject) {
  if (subject.listen) {
    if (const auto address = parse_listen(*subject.listen)) return *address;
    throw ScenarioError(
        fmt::format("{}:1:1: listen: '{}' is not an address and a port, such as 127.0.0.1:8002",
                    subject.file, *subject.listen));
  }
  // What it was told at its start is to hold for later worlds too.
  const bool is_told_once = subject.reuse && subject.speaks != SubjectFile::Speaks::lines;
  const bool has_one_address = subject.command.empty() || is_told_once;
  return {.address = "127.0.0.1", .port = static_cast<std::uint16_t>(has_one_address ? 8002 : 0)};
}

WorldServer::WorldServer(boost::asio::io_context& io, const Scenario& scenario,
                         WorldServerOptions options)
    : listen_(std::move(options.listen)),
      loop_(io),
      session_(loop_, served(scenario), std::move(options.session)),
      openai_(session_),
      mcp_(session_),
      router_(session_, {&openai_, &mcp_}, std::move(options.access)),
      server_(io,
              {.address = listen_.address,
               .port = listen_.port,
               .body_bytes_max = body_bytes_max,
               .bodies_bytes_max = bodies_bytes_max,
               .connections_max = connections_max,
               .refusal =
                   [this](unsigned status, std::string_view message, std::string_view target) {
                     return router_.refusal(status, message, target);
                   }},
              [this](const std::shared_ptr<HttpCall>& call) { router_.handle(call); }) {}

}  // namespace caesura
