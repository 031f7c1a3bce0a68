#include "scenarios/format/exam_block.hpp"

namespace caesura {

const char* name_of(Clause clause) {
  switch (clause) {
    case Clause::told:
      return "told";
    case Clause::children:
      return "children";
    case Clause::nothing_starts:
      return "nothing-starts";
    case Clause::truthful:
      return "truthful";
    case Clause::settles:
      return "settles";
    case Clause::next_turn:
      return "next-turn";
    case Clause::usage:
      return "usage";
    case Clause::effects_once:
      return "effects-once";
    case Clause::no_stray:
      return "no-stray";
  }
  return "";
}

std::optional<Clause> clause_named(std::string_view name) {
  for (const Clause clause : all_clauses) {
    if (name == name_of(clause)) return clause;
  }
  return std::nullopt;
}

}  // namespace caesura
