#pragma once

#include "sim/time.hpp"
#include "model/quantities.hpp"
#include "model/request_id.hpp"
#include "doors/world/run_record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// One call of a model or a tool, from when its request has been read, as its service saw it.
struct AttemptFacts {
  std::string operation = {};  ///< "2", "2.1"; empty: it is outside the plan
  std::uint32_t attempt = 1;
  OperationKind kind = OperationKind::llm;
  std::string service = {};
  bool is_sub_agents = false;  ///< else of the subject's own loop
  std::uint32_t turn = 1;      ///< as the world has it: 2 also of what is asked after `settled`

  Time asked;
  std::optional<Time> started = {};
  /// When it ends, or ended, if nobody tells its service; none: never, as far as is known.
  std::optional<Time> ends_by_itself = {};
  std::optional<Time> given = {};  ///< the last byte of its answer has been handed to the system
  std::optional<Time> ended = {};  ///< of its service's work
  AttemptEnd end = AttemptEnd::in_progress;
  std::vector<NotedSignal> signals = {};
  std::optional<Time> told = {};

  std::int64_t input_tokens = 0;          ///< that it was asked with, cached ones among them
  std::int64_t output_tokens = 0;         ///< of the whole answer
  bool says_usage = false;                ///< its answer, once given, has said so
  std::int64_t generated_by_settled = 0;  ///< output tokens, as its turn was settled; else by now

  bool is_unsafe = false;  ///< a tool's: repeated, its effect happens twice
  std::optional<Time> committed = {};

  // What was used after the cancel; zero without one.
  Duration busy_after_cancel{0};
  std::int64_t tokens_after_cancel = 0;
  Money cost_after_cancel = {};
};

/// What the subject says its user was told.
struct SettledFacts {
  Time at;
  Outcome outcome = Outcome::completed;  ///< completed, cancelled or failed
  std::optional<std::int64_t> input_tokens = {};
  std::optional<std::int64_t> output_tokens = {};
  std::string error = {};
};

/// How a subject came to its end, where it did not as it was asked to.
struct SubjectFault {
  enum class Kind : std::uint8_t {
    hung,     ///< it did not settle within its limits
    crashed,  ///< its process ended, or said more than it may
  };
  Kind kind = Kind::hung;
  Time at;
  std::string text;  ///< "exited with status 1", "ended by signal 11 (SIGSEGV)", …
};

/// A line in a wrong form, or out of its place.
struct BrokenLine {
  Time at;
  std::string text;  ///< what is wrong with it
};

/// A call of a model that was answered 400 for its conversation, or what it offers.
struct RefusedCall {
  Time at;
  std::uint32_t turn = 1;
  std::string text;
};

/// How late the exam's own timer of 5 ms was.
struct TimerLateness {
  Time due;
  Duration late{0};
};

/// Everything that was seen of one play of a case. All times are of the world's one clock.
struct PlayFacts {
  Duration within{0};
  Duration settle_limit{0};
  bool is_own_timeout = false;  ///< nobody cancels but the subject's own limit
  bool leaves = false;          ///< its user walks away

  Time started;                              ///< `start` has been handed to it
  std::optional<Time> cancel = {};           ///< C
  std::optional<Time> plan_ends = {};        ///< the plan's last operation has been given
  std::optional<SettledFacts> settled = {};  ///< S, of the first turn
  std::vector<BrokenLine> broken_lines = {};
  std::optional<SubjectFault> fault = {};  ///< in the first turn or behind it, before a next prompt

  /// The turn of a next prompt.
  struct NextTurn {
    Time prompted;  ///< its prompt begins to be sent: what is asked for before is not of it
    std::optional<SettledFacts> settled = {};
    std::optional<SubjectFault> fault = {};
  };
  std::optional<NextTurn> next_turn = {};

  std::vector<AttemptFacts> attempts = {};  ///< in the order in which they were read
  std::vector<RefusedCall> refused_calls = {};
  std::vector<Time> unknown_cancels = {};  ///< explicit cancels that name no call there ever was
  /// Ascending, and none due before the one before it had come; only ticks that were late at all.
  std::vector<TimerLateness> lateness = {};
  /// What comes later is not judged: the end of the watch, or when a subject that hung was ended.
  Time watched_until;
};

}  // namespace caesura
