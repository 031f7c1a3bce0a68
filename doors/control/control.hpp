#pragma once

#include "doors/http/http_message.hpp"
#include "doors/live/live_session.hpp"

#include <string>

namespace caesura {

/// Caesura's own calls, the same behind every door, which has found out who calls, and what they
/// may see. All throw CallError.
class Control {
 public:
  /// The session outlives it.
  explicit Control(LiveSession& session) : session_(session) {}

  HttpAnswer release(LiveRequest& request);
  HttpAnswer timeline(const LiveRequest& request) const;
  HttpAnswer clock() const;
  /// `body`: {"advance": "30s"}
  HttpAnswer advance(const std::string& body);
  HttpAnswer results() const;

 private:
  LiveSession& session_;
};

}  // namespace caesura
