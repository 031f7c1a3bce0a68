#include "scenarios/results/json_text.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <stdexcept>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

/// nlohmann's own serialiser does not promise the shortest decimal; the rest of it is good.
class JsonWriter {
 public:
  void write(const Json& value, std::size_t depth) {
    if (value.is_object()) {
      write_members(value, depth, '{', '}');
    } else if (value.is_array()) {
      write_members(value, depth, '[', ']');
    } else if (value.is_number_float()) {
      text_ += number_text(value.get<double>());
    } else {
      text_ += value.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
  }
  std::string take() && { return std::move(text_) + '\n'; }

 private:
  void write_members(const Json& value, std::size_t depth, char open, char close) {
    text_ += open;
    bool first = true;
    for (const auto& member : value.items()) {
      if (!first) text_ += ',';
      first = false;
      start_line(depth + 1);
      if (value.is_object()) {
        write(Json(member.key()), depth + 1);
        text_ += ": ";
      }
      write(member.value(), depth + 1);
    }
    if (!first) start_line(depth);
    text_ += close;
  }
  void start_line(std::size_t depth) {
    text_ += '\n';
    text_.append(2 * depth, ' ');
  }

  std::string text_;
};

}  // namespace

std::string number_text(double x) {
  if (!std::isfinite(x)) throw std::invalid_argument("a result is not a finite number");
  const double size = std::fabs(x);
  const bool plain = x == 0 || (size >= 1e-7 && size < 1e17);
  std::array<char, 64> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), x,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific);
  return {digits.data(), end.ptr};
}

std::string json_text(const Json& document) {
  JsonWriter writer;
  writer.write(document, 0);
  return std::move(writer).take();
}

}  // namespace caesura
