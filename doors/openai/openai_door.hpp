#pragma once

#include "doors/openai/openai_route.hpp"
#include "doors/world/world_door.hpp"
#include "doors/world/world_session.hpp"

#include <string_view>

namespace caesura {

/// OpenAI's API: POST /v1/chat/completions, GET /v1/models, GET /v1/models/{id}. What else OpenAI
/// has is 404.
///
/// A client's hang-up before its answer is whole is the only cancel, streamed or not: the service
/// is told. (OpenAI's reference has no call to cancel a chat completion, and its libraries abort
/// one by closing the connection.)
class OpenAiDoor final : public WorldDoor {
 public:
  /// The session outlives it and its HTTP calls.
  explicit OpenAiDoor(WorldSession& session) : session_(session) {}

  bool has(std::string_view path) const override { return is_openai_path(path); }
  void handle(const WorldCall& call) override;
  HttpAnswer refused(const Refusal& refusal) const override;

 private:
  void chat(const WorldCall& call);
  void require_model(std::string_view name, std::string_view param) const;

  WorldSession& session_;
};

}  // namespace caesura
