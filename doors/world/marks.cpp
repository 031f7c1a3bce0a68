#include "doors/world/marks.hpp"

#include "doors/live/fingerprint.hpp"

#include <algorithm>

namespace caesura {
namespace {

constexpr std::string_view opening = "[caesura ";
constexpr std::size_t longest_run = 32;
constexpr std::size_t deepest = 8;
constexpr std::uint32_t highest_operation = 1'000'000;
constexpr std::uint32_t highest_turn = 1'000'000'000;
/// A run, a turn and eight operations, with what is between them.
constexpr std::size_t longest_reference = longest_run + 1 + 10 + 1 + deepest * 8;
constexpr std::size_t longest_key = 58;
constexpr std::string_view white = " \t\r\n\f\v";

/// A whole number from 1 to `highest`, without zeros before it.
std::optional<std::uint32_t> number_in(std::string_view text, std::uint32_t highest) {
  if (text.empty() || text.size() > 10 || text.front() == '0') return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (number > highest) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

std::optional<OperationPath> path_in(std::string_view text, char separator) {
  OperationPath path;
  while (true) {
    const std::size_t end = text.find(separator);
    const auto number = number_in(text.substr(0, end), highest_operation);
    if (!number || path.numbers.size() == deepest) return std::nullopt;
    path.numbers.push_back(*number);
    if (end == std::string_view::npos) return path;
    text.remove_prefix(end + 1);
  }
}

/// Takes off `text` what is before its first `separator`, and that.
std::optional<std::string_view> taken(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end + 1);
  return part;
}

/// RUN, RUN/N or RUN/N#OP, without white space.
std::optional<Mark> mark_of_reference(std::string_view text) {
  Mark mark;
  const std::size_t slash = text.find('/');
  const std::string_view run = text.substr(0, slash);
  if (!is_run_name(run)) return std::nullopt;
  mark.run = run;
  if (slash == std::string_view::npos) return mark;
  text.remove_prefix(slash + 1);
  const std::size_t hash = text.find('#');
  mark.turn = number_in(text.substr(0, hash), highest_turn);
  if (!mark.turn) return std::nullopt;
  if (hash == std::string_view::npos) return mark;
  const auto operation = operation_path(text.substr(hash + 1));
  if (!operation) return std::nullopt;
  mark.operation = *operation;
  return mark;
}

/// What an id has behind PREFIX_RUN_N_, which it takes off; the mark without it.
std::optional<Mark> take_request(std::string_view& id) {
  if (!taken(id, '_')) return std::nullopt;
  const auto run = taken(id, '_');
  if (!run || !is_run_name(*run)) return std::nullopt;
  const auto turn = taken(id, '_');
  if (!turn) return std::nullopt;
  const auto number = number_in(*turn, highest_turn);
  if (!number) return std::nullopt;
  return Mark{.run = std::string(*run), .turn = *number, .operation = {}};
}

/// A letter and a fingerprint.
bool is_fingerprint(std::string_view text, char letter) {
  return text.size() == 14 && text.front() == letter &&
         std::all_of(text.begin() + 1, text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'v'); });
}

/// What the key of an unplanned answer ends with.
bool is_unplanned(std::string_view text) { return is_fingerprint(text, 'u'); }

/// What the key of a last answer ends with that is in a form asked for.
bool names_form(std::string_view text) { return is_fingerprint(text, 'f'); }

/// What the key of an answer ends with that gives some of the calls of its step: c4, c4-6.
bool names_calls(std::string_view text) {
  if (text.empty() || text.front() != 'c') return false;
  const auto numbers = path_in(text.substr(1), '-');
  return numbers && numbers->numbers.size() <= 2;
}

}  // namespace

OperationPath OperationPath::child(std::uint32_t number) const {
  OperationPath path = *this;
  path.numbers.push_back(number);
  return path;
}

bool OperationPath::is_within(const OperationPath& other) const {
  return numbers.size() >= other.numbers.size() &&
         std::equal(other.numbers.begin(), other.numbers.end(), numbers.begin());
}

OperationPath OperationPath::parent() const {
  OperationPath path = *this;
  if (!path.empty()) path.numbers.pop_back();
  return path;
}

std::string OperationPath::text() const {
  std::string text;
  for (const std::uint32_t number : numbers) {
    if (!text.empty()) text += '.';
    text += std::to_string(number);
  }
  return text;
}

std::optional<OperationPath> operation_path(std::string_view text) { return path_in(text, '.'); }

bool is_run_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_run &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

std::string Mark::text() const { return std::string(opening) + reference() + ']'; }

std::string Mark::reference() const {
  std::string text = run;
  if (turn) text += '/' + std::to_string(*turn);
  if (!operation.empty()) text += '#' + operation.text();
  return text;
}

std::optional<Mark> mark_reference(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(white);
  if (begin == std::string_view::npos) return std::nullopt;
  return mark_of_reference(text.substr(begin, text.find_last_not_of(white) + 1 - begin));
}

std::vector<FoundMark> marks_in(std::string_view text) {
  std::vector<FoundMark> found;
  std::size_t at = 0;
  while ((at = text.find(opening, at)) != std::string_view::npos) {
    const std::size_t begin = at;
    at += opening.size();
    const std::string_view rest = text.substr(at, longest_reference + 1);
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) continue;
    if (auto mark = mark_of_reference(rest.substr(0, end)))
      found.push_back({.mark = std::move(*mark), .at = begin});
  }
  if (!found.empty() && text.find_first_not_of(white) == found.front().at) found.front().at = 0;
  return found;
}

std::string id_key(const Mark& mark) {
  std::string operation = mark.operation.text();
  std::replace(operation.begin(), operation.end(), '.', '-');
  const std::string key = mark.run + '_' + std::to_string(mark.turn.value_or(1)) + '_' + operation;
  if (key.size() <= longest_key) return key;
  return 'x' + std::to_string(fingerprint(key));
}

std::string call_id(std::string_view prefix, const Mark& mark) {
  return std::string(prefix) + '_' + id_key(mark);
}

std::optional<Mark> mark_of_id(std::string_view id) {
  auto mark = take_request(id);
  if (!mark) return std::nullopt;
  const std::size_t end = id.find('_');
  const auto operation = path_in(id.substr(0, end), '-');
  if (!operation || (end != std::string_view::npos && !names_form(id.substr(end + 1))))
    return std::nullopt;
  mark->operation = *operation;
  return mark;
}

std::optional<Mark> mark_of_any_id(std::string_view id) {
  auto mark = take_request(id);
  if (!mark) return std::nullopt;
  if (is_unplanned(id)) return mark;
  const std::size_t end = id.find('_');
  const auto operation = path_in(id.substr(0, end), '-');
  if (!operation || (end != std::string_view::npos && !names_calls(id.substr(end + 1)) &&
                     !names_form(id.substr(end + 1))))
    return std::nullopt;
  mark->operation = *operation;
  return mark;
}

}  // namespace caesura
