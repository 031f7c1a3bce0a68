#pragma once

#include "doors/http/http_call.hpp"
#include "doors/world/director.hpp"
#include "doors/world/refusal.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace caesura {

using HttpCallPtr = std::shared_ptr<HttpCall>;

/// An HTTP call of a subject, as far as every protocol reads it alike.
struct WorldCall {
  HttpCallPtr http;
  std::string path = {};   ///< percent-decoding untouched; without /r/{run} and query
  std::string query = {};  ///< behind `?`
  CallHint hint = {};
};

/// One protocol's endpoints in the world.
class WorldDoor {
 public:
  virtual ~WorldDoor() = default;
  /// Whether the path (as WorldCall::path) is one of its own, whatever the method.
  virtual bool has(std::string_view path) const = 0;
  /// Answers the call, now or later. May throw Refusal, which is answered by refused().
  virtual void handle(const WorldCall& call) = 0;
  /// An error in the protocol's own form.
  virtual HttpAnswer refused(const Refusal& refusal) const = 0;
};

}  // namespace caesura
