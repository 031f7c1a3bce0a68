#include "doors/world/call_marks.hpp"

#include <nlohmann/json.hpp>

#include <string_view>
#include <utility>

namespace caesura {
namespace {

using nlohmann::json;

/// Hears a document without building it.
class Texts final : public json::json_sax_t {
 public:
  using Tell = std::function<void(const std::string&, const std::string&)>;
  explicit Texts(const Tell& tell) : tell_(tell) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t& text) override { return tell_(member_, text), true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return member_.clear(), true; }
  bool key(string_t& name) override { return member_ = name, true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override {
    return false;
  }

 private:
  const Tell& tell_;
  std::string member_;
};

/// The first of a text's marks that names an operation.
std::optional<Mark> operation_in(std::string_view text) {
  for (FoundMark& found : marks_in(text)) {
    if (!found.mark.operation.empty()) return std::move(found.mark);
  }
  return std::nullopt;
}

}  // namespace

bool each_text(
    const std::string& text,
    const std::function<void(const std::string& member, const std::string& text)>& tell) {
  Texts texts(tell);
  return json::sax_parse(text, &texts);
}

std::optional<Mark> mark_of_call(const AskedCall& call) {
  if (auto mark = mark_of_id(call.id)) return mark;
  // Most calls that are not ours say so at once: without this word they have no mark.
  if (call.arguments.find("caesura") == std::string::npos) return std::nullopt;
  std::optional<Mark> by_argument;
  std::optional<Mark> by_text;
  const bool is_json =
      each_text(call.arguments, [&](const std::string& member, const std::string& text) {
        if (!by_argument && member == "caesura_run") {
          by_argument = mark_reference(text);
          if (by_argument && by_argument->operation.empty()) by_argument.reset();
        }
        if (!by_text) by_text = operation_in(text);
      });
  if (by_argument) return by_argument;
  if (by_text || is_json) return by_text;
  return operation_in(call.arguments);
}

}  // namespace caesura
