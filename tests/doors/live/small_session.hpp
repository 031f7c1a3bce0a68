#pragma once

#include "doors/live/live_session.hpp"
#include "doors/live/served_scenario.hpp"
#include "tests/doors/live/manual_loop.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <utility>

namespace caesura {

/// Plans for 10 s, searches for 5 s, and writes ten words in 11 s: a chunk of two each 2 s from
/// second 18 on.
inline const std::string session_scenario = R"(
scenario: small
seed: 1
load: {requests: 1, arrivals: at_once}
services:
  llm:
    planner: {latency: 10s, input_tokens: 100, output_tokens: 20}
    writer: {time_to_first_token: 2s, time_per_output_token: 1s, input_tokens: 100, output_tokens: 10}
  tool:
    search: {latency: 5s}
workflow: [{llm: planner}, {tool: search}, {llm: writer, stream: {chunk_tokens: 2}}]
policy: [checkpoint, {named: at-once, abort: {detect: 0s}}]
)";

inline ServedScenario load_session_scenario() {
  const std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) /
      ("session_" + test + "_" + std::to_string(::getpid()) + ".yaml");
  std::ofstream(file) << session_scenario;
  ServedScenario served = load_served(file.string(), {}, {});
  std::filesystem::remove(file);
  return served;
}

/// A session with a clock that is moved by hand, and no door but the test.
struct SmallSession {
  explicit SmallSession(SessionOptions options = {})
      : session(loop, served.scenario, manual(std::move(options)), nullptr) {}

  static SessionOptions manual(SessionOptions options) {
    options.manual_clock = true;
    return options;
  }

  ManualLoop loop;
  ServedScenario served = load_session_scenario();
  LiveSession session;
};

}  // namespace caesura
