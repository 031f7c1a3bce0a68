#pragma once

#include "sim/time.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// What is judged of a subject in a case.
enum class Clause : std::uint8_t {
  told,
  children,
  nothing_starts,
  truthful,
  settles,
  next_turn,
  usage,
  effects_once,
  no_stray,
};
inline constexpr std::size_t clauses = 9;
/// In the order in which tables have them.
inline constexpr std::array<Clause, clauses> all_clauses{
    Clause::told,      Clause::children, Clause::nothing_starts, Clause::truthful, Clause::settles,
    Clause::next_turn, Clause::usage,    Clause::effects_once,   Clause::no_stray};
constexpr std::size_t index_of(Clause clause) { return static_cast<std::size_t>(clause); }
/// "nothing-starts"
const char* name_of(Clause clause);
std::optional<Clause> clause_named(std::string_view name);

/// The moment at which an exam's user says stop: an event of the world, and how long after it.
struct ExamMoment {
  std::string event;           ///< as `await` names it; not checked here: the world knows them
  std::string event_location;  ///< file:line:column, for messages
  std::optional<std::vector<std::uint32_t>> operation = {};  ///< as CallFault's; none: any
  std::optional<std::uint32_t> attempt = {};                 ///< from 1
  std::optional<std::uint32_t> token = {};                   ///< from 1
  Duration after{0};
  double after_within = 0;  ///< and so many times `within` of the subject: `after: {within: 3}`
};

/// No turn of a case takes longer if nobody cancels and nothing goes wrong.
inline constexpr Duration longest_exam_turn = std::chrono::seconds(10);

/// What a scenario says to `caesura exam` alone.
struct ExamBlock {
  std::optional<ExamMoment> at = {};     ///< none: nobody says stop
  std::optional<Duration> timeout = {};  ///< the subject's own limit for a turn, in its stead
  std::vector<Clause> clauses = {};      ///< that are judged; empty: all
  bool next_turn = false;                ///< another prompt follows
  bool twice = false;                    ///< says stop again at once, and again once it is settled
  bool leave = false;                    ///< walks away, instead of saying stop
  std::optional<Duration> watch = {};    ///< looks at least so long at what goes on
};

}  // namespace caesura
