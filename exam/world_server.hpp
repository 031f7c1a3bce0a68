#pragma once

#include "scenarios/format/scenario.hpp"
#include "scenarios/format/subject_file.hpp"
#include "doors/http/http_server.hpp"
#include "doors/http/listen_address.hpp"
#include "doors/control/io_loop.hpp"
#include "doors/mcp/mcp_door.hpp"
#include "doors/openai/openai_door.hpp"
#include "doors/world/world_router.hpp"
#include "doors/world/world_session.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <string>

namespace caesura {

/// Where the world is for a subject: where its file says; else on any free port, or, for one that
/// runs already or is a server that is used again, and has to know it, on 127.0.0.1:8002.
ListenAddress world_address_for(const SubjectFile& subject);

struct WorldServerOptions {
  ListenAddress listen{.address = "127.0.0.1", .port = 0};
  WorldAccess access = {};
  WorldSessionOptions session = {};
};

/// A scenario's world, listening: its session, every protocol's door, and the server before them.
/// Everything happens in the thread that runs the io_context, which outlives it, as the scenario
/// does; what the io_context has still to do for it when it goes is not done.
class WorldServer {
 public:
  /// Throws ScenarioError for what a scenario may say and this world does not serve, and
  /// std::runtime_error, one clear line, if it cannot listen.
  WorldServer(boost::asio::io_context& io, const Scenario& scenario, WorldServerOptions options);
  WorldServer(const WorldServer&) = delete;
  WorldServer& operator=(const WorldServer&) = delete;

  WorldSession& session() { return session_; }
  /// "http://127.0.0.1:8002"
  std::string url() const { return listen_.url(server_.port()); }
  /// Ends all connections; no call comes any more.
  void close() { server_.close(); }

 private:
  const ListenAddress listen_;
  IoLoop loop_;
  WorldSession session_;
  OpenAiDoor openai_;
  McpDoor mcp_;
  WorldRouter router_;
  HttpServer server_;
};

}  // namespace caesura
