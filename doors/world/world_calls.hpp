#pragma once

#include "doors/http/http_call.hpp"
#include "doors/control/control.hpp"
#include "doors/world/world_session.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace caesura {

/// What drivers of subjects ask of a world over HTTP, below /caesura/: runs, what is noted of them,
/// waits, the clock, results. Answers are JSON; errors are `{"error": "…"}`.
class WorldCalls {
 public:
  /// The session outlives it. `key_prefix`: of keys that name a run.
  WorldCalls(WorldSession& session, std::string key_prefix)
      : session_(session), control_(session), key_prefix_(std::move(key_prefix)) {}

  /// `path`: behind /caesura/; `query`: behind `?`. Answers the call, now or later. Throws Refusal
  /// and CallError.
  void handle(const std::shared_ptr<HttpCall>& http, std::string_view path, std::string_view query);

  static HttpAnswer refused(unsigned status, std::string_view message);

 private:
  void make_run(HttpCall& http);
  void handle_run(const std::shared_ptr<HttpCall>& http, std::string_view rest,
                  std::string_view query);
  void await(const std::shared_ptr<HttpCall>& http, RunRecord& run, std::string_view query);
  void stream_events(const std::shared_ptr<HttpCall>& http, const RunRecord& run);
  void keep_alive(const std::shared_ptr<HttpCall>& stream);
  RunRecord& run_named(std::string_view name);

  WorldSession& session_;
  RunControl control_;
  std::string key_prefix_;
};

}  // namespace caesura
