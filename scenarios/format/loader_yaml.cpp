#include "scenarios/format/loader_yaml.hpp"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstddef>
#include <istream>
#include <streambuf>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace caesura {
namespace {

Place place_of(const YAML::Mark& mark, const Source& source) {
  if (mark.is_null()) return {&source, 1, 1};
  return {&source, mark.line + 1, mark.column + 1};
}

[[noreturn]] void too_deep(const Place& place) {
  fail(place,
       "nested deeper than " + std::to_string(deepest_nesting) + " levels; a scenario needs a few");
}

/// Refuses, with its place, the first byte that does not belong in a scenario.
class TextCheck {
 public:
  TextCheck(const std::string& text, const Source& source) : text_(text), source_(source) {}

  /// yaml-cpp guesses other encodings, takes NUL for the end, and gives tabs in indentation odd
  /// meanings: nothing of this reaches it.
  void run() {
    std::size_t at = text_.compare(0, 3, "\xEF\xBB\xBF") == 0 ? 3 : 0;
    while (at < text_.size()) {
      const auto c = static_cast<unsigned char>(text_[at]);
      check_nesting(text_[at]);
      if (c == '\n') {
        ++line_;
        column_ = 1;
        in_indentation_ = true;
        ++at;
        continue;
      }
      if (c == '\t' && in_indentation_ && !blank_line_from(at))
        stop("a tab in the indentation; use spaces");
      if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7f)
        stop("a control character: this is no text file; a scenario is YAML in UTF-8");
      if (c != ' ' && c != '\t') in_indentation_ = false;
      at += sequence_length(at);
      ++column_;
    }
  }

 private:
  [[noreturn]] void stop(const char* message) const { fail({&source_, line_, column_}, message); }

  /// yaml-cpp reads a run of opening brackets to its end before it says that the first was one.
  void check_nesting(char c) {
    if (c == '[' || c == '{') {
      if (++opened_ > deepest_nesting) too_deep({&source_, line_, column_});
    } else if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
      opened_ = 0;
    }
  }

  bool blank_line_from(std::size_t at) const {
    at = text_.find_first_not_of(" \t\r", at);
    return at == std::string::npos || text_[at] == '\n' || text_[at] == '#';
  }

  std::size_t sequence_length(std::size_t at) const {
    const auto byte = [&](std::size_t i) {
      return i < text_.size() ? static_cast<unsigned char>(text_[i]) : 0u;
    };
    const unsigned first = byte(at);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 && first <= 0xF4   ? 4
                               : first >= 0xE0 && first <= 0xEF ? 3
                               : first >= 0xC2 && first <= 0xDF ? 2
                                                                : 0;
    bool ok = length != 0;
    for (std::size_t i = 1; i < length; ++i) ok = ok && (byte(at + i) & 0xC0u) == 0x80u;
    const unsigned second = byte(at + 1);
    ok = ok && !(first == 0xE0 && second < 0xA0) && !(first == 0xED && second >= 0xA0) &&
         !(first == 0xF0 && second < 0x90) && !(first == 0xF4 && second >= 0x90);
    if (!ok) stop("a byte that is not UTF-8; a scenario is YAML in UTF-8");
    return length;
  }

  const std::string& text_;
  const Source& source_;
  int line_ = 1;
  int column_ = 1;
  bool in_indentation_ = true;
  std::size_t opened_ = 0;  // brackets in a row
};

/// Builds the tree from yaml-cpp's events, and stops it before nesting or aliases get out of hand.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const Source& source) : source_(source) {}

  Value& root() { return root_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Value value;
    value.place = place_of(mark, source_);
    count(1, value.place);
    if (wants_key()) fail(value.place, "a key is missing here; write 'key: value'");
    finish(std::move(value), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto place = place_of(mark, source_);
    if (wants_key()) fail(place, "an alias cannot be a key; write the key itself");
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end())
      fail(place, "an alias within what it stands for; a value cannot contain itself");
    const auto& [value, nodes, height] = known->second;
    count(nodes, place);
    if (frames_.size() + height > deepest_nesting) too_deep(place);
    put(value, height);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    const auto place = place_of(mark, source_);
    // yaml-cpp calls the tag of an unquoted scalar "?", of a quoted one "!", and of one in quotes
    // but empty ones "".
    if (tag != "?" && tag != "!" && !tag.empty()) refuse_tag(tag, place);
    count(1, place);
    if (wants_key()) return take_key(text, place);
    Value value;
    value.kind = tag == "?" && is_null(text) ? Value::Kind::null : Value::Kind::scalar;
    value.place = place;
    if (value.kind == Value::Kind::scalar) value.text = text;
    value.quoted = tag != "?";
    finish(std::move(value), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(Value::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start(Value::Kind::mapping, mark, tag, anchor);
  }
  void OnMapEnd() override { end(); }

 private:
  struct Frame {
    Value value;
    YAML::anchor_t anchor = YAML::NullAnchor;
    bool has_key = false;
    std::string key = {};
    Place key_place = {};
    std::unordered_set<std::string> keys = {};
    std::size_t height = 1;
    std::size_t nodes_before = 0;
  };
  struct Anchored {
    Value value;
    std::size_t nodes;
    std::size_t height;
  };

  static bool is_null(const std::string& text) {
    return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
  }

  bool wants_key() const {
    return !frames_.empty() && frames_.back().value.kind == Value::Kind::mapping &&
           !frames_.back().has_key;
  }

  void count(std::size_t nodes, const Place& place) {
    nodes_ += nodes;
    if (nodes_ <= most_nodes) return;
    fail(place, "more than " + std::to_string(most_nodes) +
                    " values, aliases written out; keep long lists in a file of their own");
  }

  [[noreturn]] static void refuse_tag(const std::string& tag, const Place& place) {
    fail(place, "the tag " + cited(tag) + "; scenarios use no tags, remove it");
  }

  void take_key(const std::string& text, const Place& place) {
    auto& frame = frames_.back();
    if (text == "<<")
      fail(place,
           "merge keys (<<) are not supported; write the keys out, or use an alias for a whole "
           "value");
    if (!frame.keys.insert(text).second)
      fail(place, "the key " + cited(text) + " appears twice; remove one");
    frame.has_key = true;
    frame.key = text;
    frame.key_place = place;
  }

  void start(Value::Kind kind, const YAML::Mark& mark, const std::string& tag,
             YAML::anchor_t anchor) {
    const auto place = place_of(mark, source_);
    if (tag != "?" && tag != "!" && !tag.empty()) refuse_tag(tag, place);
    if (frames_.size() >= deepest_nesting) too_deep(place);
    if (wants_key())
      fail(place,
           "a list or mapping cannot be a key; a key is plain text (is a bracket not closed?)");
    const std::size_t before = nodes_;
    count(1, place);
    Frame frame{.value = {}, .anchor = anchor, .nodes_before = before};
    frame.value.kind = kind;
    frame.value.place = place;
    frames_.push_back(std::move(frame));
  }

  void end() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    const std::size_t nodes = nodes_ - frame.nodes_before;
    if (frame.anchor != YAML::NullAnchor) {
      count(nodes, frame.value.place);  // the copy that is kept costs as much as an alias
      anchors_.insert_or_assign(frame.anchor, Anchored{frame.value, nodes, frame.height});
    }
    put(std::move(frame.value), frame.height);
  }

  void finish(Value value, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) anchors_.insert_or_assign(anchor, Anchored{value, 1, 0});
    put(std::move(value), 0);
  }

  void put(Value value, std::size_t height) {
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    auto& frame = frames_.back();
    frame.height = std::max(frame.height, height + 1);
    if (frame.value.kind == Value::Kind::list) {
      frame.value.items.push_back(std::move(value));
    } else {
      if (value.kind == Value::Kind::null)
        value.place = frame.key_place;  // where it would be is often the next line
      frame.value.entries.push_back({std::move(frame.key), frame.key_place, std::move(value)});
      frame.has_key = false;
    }
  }

  const Source& source_;
  Value root_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
};

/// A stream over text that is there already, without copying it.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(const std::string& text) {
    char* begin = const_cast<char*>(text.data());  // streambuf's interface; it is only read
    setg(begin, begin, begin + text.size());
  }
};

bool is_safe_unquoted(const std::string& text) {
  if (text.empty() || text.front() == '-' || text.front() == '.')
    return is_not_text(text) && !text.empty();
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '/' || c == '-' || c == '+';
  });
}

std::string in_quotes(const std::string& text) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') result += '\\';
    if (byte < 0x20 || byte == 0x7f) {
      result.append("\\x").append({hex[byte >> 4], hex[byte & 15u]});
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string key_text(const std::string& key) {
  return is_safe_unquoted(key) && !is_not_text(key) ? key : in_quotes(key);
}

/// On one line, in brackets.
std::string flow(const Value& value) {
  std::string out;
  switch (value.kind) {
    case Value::Kind::null:
      return "null";
    case Value::Kind::scalar:
      return !value.quoted && is_safe_unquoted(value.text) ? value.text : in_quotes(value.text);
    case Value::Kind::list:
      for (const auto& item : value.items) out += (out.empty() ? "" : ", ") + flow(item);
      return "[" + out + "]";
    case Value::Kind::mapping:
      for (const auto& entry : value.entries)
        out += (out.empty() ? "" : ", ") + key_text(entry.key) + ": " + flow(entry.value);
      return "{" + out + "}";
  }
  return out;
}

/// A scenario reads best with its sections in block style, and what fits on a line in one.
void write(const Value& value, std::size_t indent, std::string& out) {
  constexpr std::size_t width = 110;
  const auto put = [&](const std::string& head, const Value& child) {
    out.append(indent, ' ').append(head);
    const bool is_section =
        indent == 0 && child.kind == Value::Kind::mapping && !child.entries.empty() && head != "-";
    const auto line = is_section ? std::string() : flow(child);
    const bool has_parts = !child.items.empty() || !child.entries.empty();
    if (!is_section && (!has_parts || indent + head.size() + line.size() < width)) {
      out.append(" ").append(line).append("\n");
    } else {
      out += '\n';
      write(child, indent + 2, out);
    }
  };
  for (const auto& item : value.items) put("-", item);
  for (const auto& entry : value.entries) put(key_text(entry.key) + ":", entry.value);
}

}  // namespace

Value parse_yaml(const std::string& text, const Source& source) {
  TextCheck(text, source).run();
  // yaml-cpp takes a quote that is still open at the end for closed; it does not if a document ends
  // there.
  const std::string ended = text + (text.empty() || text.back() == '\n' ? "...\n" : "\n...\n");
  TextBuffer buffer(ended);
  std::istream stream(&buffer);
  TreeBuilder builder(source);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return make_value(Value::Kind::null, {&source, 1, 1});
    Value root = std::move(builder.root());
    TreeBuilder second(source);
    if (parser.HandleNextDocument(second)) {
      fail(second.root().place.source == nullptr ? root.place : second.root().place,
           "a second document; a file holds one scenario");
    }
    return root;
  } catch (const YAML::Exception& error) {
    fail(place_of(error.mark, source),
         "not valid YAML: " + error.msg +
             "; check quotes, brackets and indentation from here upwards");
  }
}

std::string to_yaml(const Value& value) {
  if (value.items.empty() && value.entries.empty()) return flow(value) + "\n";
  std::string out;
  write(value, 0, out);
  return out;
}

}  // namespace caesura
