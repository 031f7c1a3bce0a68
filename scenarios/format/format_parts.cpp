#include "scenarios/format/format_parts.hpp"

#include <utility>

namespace caesura {

Shape& add(Format& format, Shape shape) { return format.shapes.emplace_back(std::move(shape)); }

const Shape& add_whole(Format& format, int128 least, int128 most) {
  return add(format, {.scalar = {{.kind = ScalarForm::Kind::whole, .least = least, .most = most}}});
}

const Shape& add_number(Format& format, double low, double high) {
  return add(format, {.scalar = {{.kind = ScalarForm::Kind::number, .low = low, .high = high}}});
}

const Shape& add_words(Format& format, std::vector<Word> words) {
  return add(format, {.scalar = {{.kind = ScalarForm::Kind::word, .words = std::move(words)}}});
}

const Shape& add_boolean(Format& format) {
  return add(format, {.scalar = {{.kind = ScalarForm::Kind::boolean}}});
}
const Shape& add_text(Format& format) {
  return add(format, {.scalar = {{.kind = ScalarForm::Kind::text}}});
}
const Shape& add_slug(Format& format) {
  return add(format, {.scalar = {{.kind = ScalarForm::Kind::slug}}});
}

const Shape& add_duration(Format& format, std::string expected, Duration least, Duration most) {
  return add(format, {.expected = std::move(expected),
                      .scalar = {{.kind = ScalarForm::Kind::duration,
                                  .least = least.count(),
                                  .most = most.count()}}});
}

}  // namespace caesura
