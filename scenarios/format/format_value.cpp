#include "scenarios/format/format_value.hpp"

#include "scenarios/format/format_number.hpp"
#include "scenarios/format/printable.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace caesura {
namespace {

/// Optimal string alignment: a swap of two neighbours counts once.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string location(const Place& place) {
  if (place.source->is_option) return escaped_line(place.source->name);
  return escaped_line(place.source->name) + ":" + std::to_string(place.line) + ":" +
         std::to_string(place.column);
}

const Value* Value::find(std::string_view key) const {
  const auto it = std::find_if(entries.begin(), entries.end(),
                               [&](const ValueEntry& entry) { return entry.key == key; });
  return it == entries.end() ? nullptr : &it->value;
}

Value* Value::find(std::string_view key) {
  return const_cast<Value*>(std::as_const(*this).find(key));
}

Value make_value(Value::Kind kind, const Place& place, std::string text) {
  Value value;
  value.kind = kind;
  value.place = place;
  value.text = std::move(text);
  return value;
}

bool is_not_text(std::string_view plain) {
  static constexpr std::array<std::string_view, 11> words{
      "", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"};
  return std::find(words.begin(), words.end(), plain) != words.end() || is_number(plain);
}

std::string cited(std::string_view text) {
  constexpr std::size_t longest = 60;
  if (text.size() <= longest) return "'" + escaped_line(text) + "'";
  std::size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u)
    --end;  // not in the middle of a UTF-8 sequence
  return "'" + escaped_line(text.substr(0, end)) + "…'";
}

void fail(const Place& place, const std::string& message) {
  throw ScenarioError(location(place) + ": " + escaped_line(message));
}

const std::string* nearest(std::string_view name, const std::vector<std::string>& known) {
  const std::string* best = nullptr;
  // A slip or two in a short name; one in three letters of a long one.
  std::size_t allowed = std::max<std::size_t>(1, std::min<std::size_t>(name.size(), 64) / 3);
  for (const auto& candidate : known) {
    if (name.size() > candidate.size() + allowed || candidate.size() > name.size() + allowed)
      continue;
    const auto distance = edit_distance(name, candidate);
    if (distance > allowed || distance >= std::max(name.size(), candidate.size()) ||
        (best != nullptr && distance == allowed))
      continue;
    best = &candidate;
    allowed = distance;
  }
  return best;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& known) {
  if (const auto* near = nearest(name, known)) return "; did you mean " + cited(*near) + "?";
  if (known.empty()) return "; nothing may stand here";
  constexpr std::size_t most = 30;
  std::string list = "; known here: ";
  for (std::size_t i = 0; i < std::min(known.size(), most); ++i)
    list += (i == 0 ? "" : ", ") + known[i];
  return list + (known.size() > most ? ", …" : "");
}

}  // namespace caesura
