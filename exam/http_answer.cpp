#include "exam/http_answer.hpp"

#include "doors/world/json_body.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace caesura {
namespace {

using Json = nlohmann::json;

std::optional<Json> json_in(std::string_view text) {
  try {
    return json_of_body(text);
  } catch (const Refusal&) {
    return std::nullopt;
  }
}

/// One name of a JSON pointer, as it stands in objects.
std::string unescaped(std::string_view name) {
  std::string plain;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool is_escape = name[i] == '~' && i + 1 < name.size();
    plain += !is_escape ? name[i] : name[++i] == '1' ? '/' : '~';
  }
  return plain;
}

const Json* member_of(const Json& json, const std::string& name) {
  if (json.is_object()) {
    const auto found = json.find(name);
    return found == json.end() ? nullptr : &*found;
  }
  std::size_t index = 0;
  const char* end = name.data() + name.size();
  const auto read = std::from_chars(name.data(), end, index);
  const bool is_index = read.ec == std::errc() && read.ptr == end;
  return json.is_array() && is_index && index < json.size() ? &json[index] : nullptr;
}

/// A JSON pointer's value, if there is one.
const Json* value_at(const Json& json, std::string_view pointer) {
  const Json* value = &json;
  while (value != nullptr && !pointer.empty()) {
    pointer.remove_prefix(1);  // its slash
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    value = member_of(*value, unescaped(pointer.substr(0, end)));
    pointer.remove_prefix(end);
  }
  return value;
}

std::optional<std::string> word_in(std::string_view text, const std::string& pointer) {
  const std::optional<Json> json = json_in(text);
  const Json* value = json ? value_at(*json, pointer) : nullptr;
  if (value == nullptr || value->is_structured()) return std::nullopt;
  return value->is_string() ? value->get<std::string>() : value->dump();
}

/// Gives the lines of a text from its last to its first, without their ends.
class LinesBackwards {
 public:
  explicit LinesBackwards(std::string_view text) : text_(text) {}
  std::optional<std::string_view> next() {
    if (is_over_) return std::nullopt;
    const std::size_t end = text_.rfind('\n');
    is_over_ = end == std::string_view::npos;
    std::string_view line = is_over_ ? text_ : text_.substr(end + 1);
    if (!is_over_) text_ = text_.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

 private:
  std::string_view text_;
  bool is_over_ = false;
};

/// The word of the last event that has one.
std::optional<std::string> word_in_events(std::string_view answer, const std::string& pointer) {
  constexpr std::string_view field = "data:";
  LinesBackwards lines(answer);
  std::vector<std::string_view> data;  // of one event, its last line first
  while (true) {
    const auto line = lines.next();
    if (line && line->starts_with(field)) data.push_back(line->substr(field.size()));
    const bool is_whole = !line || line->empty();
    if (is_whole && !data.empty()) {
      std::string text;
      for (auto part = data.rbegin(); part != data.rend(); ++part) text.append(*part).append("\n");
      if (auto word = word_in(text, pointer)) return word;
      data.clear();
    }
    if (!line) return std::nullopt;
  }
}

bool has(const std::vector<std::string>& words, const std::optional<std::string>& word) {
  return word && std::find(words.begin(), words.end(), *word) != words.end();
}

}  // namespace

Outcome outcome_of_answer(const HttpSubjectFile& http, unsigned status, std::string_view answer) {
  if (http.outcome_at) {
    auto word = word_in(answer, *http.outcome_at);
    if (!word) word = word_in_events(answer, *http.outcome_at);
    if (has(http.cancelled, word)) return Outcome::cancelled;
    if (has(http.failed, word)) return Outcome::failed;
  }
  return status >= 200 && status < 300 ? Outcome::completed : Outcome::failed;
}

}  // namespace caesura
