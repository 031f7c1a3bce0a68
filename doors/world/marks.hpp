#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// An operation of a plan and of the plans below it: "2" is the second operation of a request,
/// "2.1" the first of the sub-agent that this is. Empty: the request itself.
struct OperationPath {
  std::vector<std::uint32_t> numbers = {};  ///< each from 1
  bool empty() const { return numbers.empty(); }
  OperationPath child(std::uint32_t number) const;
  OperationPath parent() const;  ///< of an empty one: empty
  /// Whether it is the other, or below it.
  bool is_within(const OperationPath& other) const;
  std::string text() const;  ///< "2.1"
  auto operator<=>(const OperationPath&) const = default;
};
/// None of a text that is no path: at most 8 numbers, each from 1 to 1,000,000.
std::optional<OperationPath> operation_path(std::string_view text);

inline constexpr std::string_view default_run = "default";
/// [a-z0-9-]{1,32}
bool is_run_name(std::string_view name);

/// What a text says of whose work it is: `[caesura RUN]`, `[caesura RUN/N]`, `[caesura RUN/N#OP]`.
struct Mark {
  std::string run = {};
  /// From 1 to 1,000,000,000; a mark with an operation has one.
  std::optional<std::uint32_t> turn = {};
  OperationPath operation = {};  ///< empty: none
  auto operator<=>(const Mark&) const = default;
  std::string text() const;       ///< with its brackets
  std::string reference() const;  ///< without: what the argument `caesura_run` holds
};
/// A mark without brackets: "RUN/2#3", with whatever white space around it.
std::optional<Mark> mark_reference(std::string_view text);

struct FoundMark {
  Mark mark;
  std::size_t at = 0;  ///< where it begins in its text; 0 also if only white space is before it
};
/// All well-formed marks of a text, in order. Linear in the text.
std::vector<FoundMark> marks_in(std::string_view text);

/// What the mock's own ids are made of behind their prefix: RUN_N_OP, of [a-zA-Z0-9_-]; OP's dots
/// are dashes. At most 58, so that a prefix of 5 and its underscore make 64: a longer one is a
/// fingerprint, of which only the mark in the call's arguments tells what it is.
std::string id_key(const Mark& mark);
/// The mock's own ids: PREFIX_RUN_N_OP. `prefix` ("call", "toolu", "fc") is without its underscore.
std::string call_id(std::string_view prefix, const Mark& mark);
/// None if it is not one of them, whatever its prefix.
std::optional<Mark> mark_of_id(std::string_view id);
/// Likewise of any id that is made of an answer's or a call's key: also PREFIX_RUN_N_OP_c4,
/// PREFIX_RUN_N_OP_c4-6 (some of the calls of OP's step) and PREFIX_RUN_N_u and 13 of [0-9a-v]
/// (unplanned: the mark has no operation).
std::optional<Mark> mark_of_any_id(std::string_view id);

}  // namespace caesura
