#include "scenarios/results/json_place.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

namespace caesura {
namespace {

/// Walks JSON text that has been parsed before. On other text it stops somewhere within it.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  /// Goes to the value at `pointer`, or as far down as there is one.
  std::size_t to(std::string_view pointer) {
    blanks();
    while (!pointer.empty()) {
      pointer.remove_prefix(1);
      const std::string_view part = pointer.substr(0, pointer.find('/'));
      pointer.remove_prefix(part.size());
      const std::size_t above = at_;
      if (!below(part)) return above;
    }
    return at_;
  }

 private:
  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  /// To the member or item of this name or index.
  bool below(std::string_view part) {
    const bool is_object = next() == '{';
    if (!is_object && next() != '[') return false;
    ++at_;
    for (std::size_t index = 0; at_ < text_.size(); ++index) {
      blanks();
      if (next() == '}' || next() == ']') return false;
      bool is_it = std::to_string(index) == part;
      if (is_object) {
        const std::size_t key = at_;
        skip_string();
        is_it = text_.substr(key, at_ - key) == nlohmann::json(part).dump();
        blanks();
        ++at_;  // the colon
        blanks();
      }
      if (is_it) return true;
      skip_value();
      blanks();
      if (next() == ',') ++at_;
    }
    return false;
  }

  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }

  void skip_value() {
    std::size_t depth = 0;
    do {
      const char c = next();
      if (c == '"') {
        skip_string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      if (depth == 0 && c != '}' && c != ']') {
        at_ = std::min(text_.find_first_of(",}] \t\r\n", at_), text_.size());
      } else {
        ++at_;
      }
    } while (depth > 0 && at_ < text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<std::string> text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::string place(const std::string& file, std::string_view text, std::size_t at) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(at, text.size()));
  return file + ':' + std::to_string(1 + std::count(text.begin(), end, '\n'));
}

}  // namespace

std::string json_place(const std::string& file, const std::string& pointer) {
  const auto text = text_of(file);
  return text ? place(file, *text, Walk(*text).to(pointer)) : file;
}

std::string json_place_of_number(const std::string& file, const std::string& number) {
  const auto text = text_of(file);
  const auto at = text ? text->find(number) : std::string::npos;
  return at == std::string::npos ? file : place(file, *text, at);
}

}  // namespace caesura
