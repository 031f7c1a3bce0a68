#pragma once

#include "sim/time.hpp"

#include <cstddef>
#include <deque>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>

namespace caesura {

/// A line between the exam and its subject.
struct SpokenLine {
  Time at;
  bool is_to_subject = false;
  std::string text;  ///< without its end; of `http`: what was sent or came, as a line
};

/// Lines in their order, kept in little more than their bytes: a subject may say tens of millions.
class SpokenLines {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = SpokenLine;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = SpokenLine;

    Iterator(const SpokenLines& lines, std::size_t part) : lines_(&lines), part_(part) {}
    SpokenLine operator*() const;
    Iterator& operator++();
    bool operator==(const Iterator& other) const {
      return part_ == other.part_ && offset_ == other.offset_;
    }

   private:
    const SpokenLines* lines_;
    std::size_t part_;
    std::size_t offset_ = 0;
    Time before_{};  ///< when the line before was spoken
  };

  SpokenLines() = default;
  SpokenLines(std::initializer_list<SpokenLine> lines) {
    for (const SpokenLine& line : lines) add(line.at, line.is_to_subject, line.text);
  }
  void add(Time at, bool is_to_subject, std::string_view text);
  void push_back(const SpokenLine& line) { add(line.at, line.is_to_subject, line.text); }

  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, parts_.size()}; }
  bool empty() const { return parts_.empty(); }
  std::size_t kept_bytes() const;  ///< of memory

 private:
  /// Line by line: since the line before, in ns, and the direction; the text's length; the text.
  std::deque<std::string> parts_;
  Time last_{};
};

}  // namespace caesura
