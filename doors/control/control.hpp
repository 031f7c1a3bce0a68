#pragma once

#include "doors/http/http_message.hpp"
#include "doors/live/live_session.hpp"

#include <string>

namespace caesura {

/// Caesura's own calls that are the same behind every door, which has found out who calls, and what
/// they may see. All throw CallError.
class RunControl {
 public:
  /// The run outlives it.
  explicit RunControl(ControlledRun& run) : run_(run) {}

  HttpAnswer clock() const;
  /// `body`: {"advance": "30s"}
  HttpAnswer advance(const std::string& body);
  HttpAnswer results() const;

 private:
  ControlledRun& run_;
};

/// With those for requests that a session has started. Likewise.
class Control : public RunControl {
 public:
  /// The session outlives it.
  explicit Control(LiveSession& session) : RunControl(session), session_(session) {}

  HttpAnswer release(LiveRequest& request);
  HttpAnswer timeline(const LiveRequest& request) const;

 private:
  LiveSession& session_;
};

}  // namespace caesura
