#pragma once

#include "doors/http/http_call.hpp"
#include "doors/world/world_calls.hpp"
#include "doors/world/world_door.hpp"
#include "doors/world/world_session.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

struct WorldAccess {
  /// Every call needs it, or it and a run's name behind it ("K-RUN"); none: no key is needed, and
  /// "caesura-RUN" names a run.
  std::optional<std::string> key = {};
  /// Gets what each call was, when it has come; may be empty.
  std::function<void(const nlohmann::ordered_json&)> access_log = {};
};

/// Takes a world's HTTP calls to the door that they are for: finds out the run that path and key
/// name, who may call, and sees to it that what is refused is refused in the protocol's own form.
class WorldRouter {
 public:
  /// Session and doors outlive it; a call goes to the first door that has its path.
  WorldRouter(WorldSession& session, std::vector<WorldDoor*> doors, WorldAccess access);

  void handle(const std::shared_ptr<HttpCall>& http);
  /// What a request that is not even HTTP, or too large, is answered: in the form of the door that
  /// `target` is of, as far as it is known.
  HttpAnswer refusal(unsigned status, std::string_view message, std::string_view target) const;

 private:
  struct Route {
    WorldCall call;
    WorldDoor* door = nullptr;  ///< null: one of Caesura's own calls
    bool is_odd = false;        ///< /r/ and what is no run's name
  };
  /// Without the HTTP call.
  Route route(std::string_view target) const;
  void dispatch(const Route& route);
  void check_origin(const HttpRequest& request) const;
  std::optional<std::string> key_run(const HttpRequest& request) const;
  void refuse(const Route& route, const Refusal& refusal) const;
  void log(const Route& route) const;
  HttpAnswer overview() const;

  WorldSession& session_;
  std::vector<WorldDoor*> doors_;
  WorldAccess access_;
  WorldCalls calls_;
};

}  // namespace caesura
