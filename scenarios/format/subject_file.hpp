#pragma once

#include "sim/time.hpp"
#include "scenarios/format/exam_block.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace caesura {

/// A call of HTTP to a subject that is a server. In texts `{run}`, `{prompt}` and `{user}` stand
/// for what they name.
struct SubjectHttpCall {
  std::string method;  ///< POST or DELETE
  std::string url;     ///< http://…
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::optional<std::string> json = {};  ///< the body as JSON text, before the words are filled in
  bool is_stream = false;                ///< the answer is server-sent events
};

/// How a subject that is a server is spoken to.
struct HttpSubjectFile {
  std::optional<std::string> ready = {};  ///< its command has started once this URL answers 200
  SubjectHttpCall start;
  SubjectHttpCall prompt;                      ///< as start, if the file has none of its own
  std::optional<SubjectHttpCall> cancel = {};  ///< none: by hanging up
  std::optional<std::string> outcome_at = {};  ///< JSON pointer into the answer, or the last event
  std::vector<std::string> cancelled = {};     ///< what it says there of one that was cancelled
  std::vector<std::string> failed = {};        ///< likewise that failed; no file says it
};

/// A subject over MUXI's API.
struct MuxiSubjectFile {
  std::string url;
  std::string key;
  std::optional<std::string> ready = {};  ///< as HttpSubjectFile::ready
};

/// A clause of a case of which its user knows that it fails.
struct ExpectedFailure {
  std::string case_name;  ///< not checked here: which cases there are, the exam knows
  Clause clause = Clause::told;
  std::string location;  ///< file:line:column
};

/// A subject's file: a program under examination, and how it is spoken to.
struct SubjectFile {
  enum class Speaks : std::uint8_t { lines, http, muxi };
  struct Limits {
    Duration start = std::chrono::seconds(20);   ///< until it is ready
    Duration settle = std::chrono::seconds(10);  ///< after which one that has not settled hangs
    Duration end = std::chrono::seconds(5);      ///< between its last line and SIGTERM
    Duration watch = std::chrono::seconds(30);   ///< after the cancel
  };

  std::string file;    ///< as given on the command line
  std::string folder;  ///< in which its commands are run; not empty
  std::string name;
  std::string version = {};                       ///< empty: unknown, or the command says it
  std::vector<std::string> version_command = {};  ///< empty: none
  std::vector<std::string> command = {};          ///< empty: it runs already (http, muxi)
  Speaks speaks = Speaks::lines;
  HttpSubjectFile http = {};  ///< of Speaks::http
  MuxiSubjectFile muxi = {};  ///< of Speaks::muxi
  /// Where the world is for it. None: any free port of this machine, or, for one that runs already
  /// and for a server that is used again, 127.0.0.1:8002.
  std::optional<std::string> listen = {};
  Duration within = std::chrono::milliseconds(250);  ///< see is_within_bounds()
  Limits limits = {};
  bool reuse = false;
  std::uint32_t parallel = 1;  ///< runs at a time in one process
  std::vector<std::pair<std::string, std::string>> env = {};
  std::vector<ExpectedFailure> expected_failures = {};
};

/// What `within` may be.
inline constexpr Duration within_least = std::chrono::milliseconds(10);
inline constexpr Duration within_most = std::chrono::seconds(10);
inline bool is_within_bounds(Duration within) {
  return within >= within_least && within <= within_most;
}

/// Throws ScenarioError on bad input, also for a file that is missing or unreadable. Which cases
/// there are is not checked, nor whether what is named can be run.
SubjectFile load_subject(const std::string& file);

}  // namespace caesura
