#include "exam/spoken_lines.hpp"

#include <cstdint>
#include <utility>

namespace caesura {
namespace {

constexpr std::size_t part_size = std::size_t{1} << 18U;

/// Seven bits a byte, the lowest first; the highest bit says that more come.
void put_number(std::string& bytes, std::uint64_t number) {
  for (; number >= 0x80U; number >>= 7U) bytes += static_cast<char>(number | 0x80U);
  bytes += static_cast<char>(number);
}

std::uint64_t take_number(std::string_view bytes, std::size_t& offset) {
  std::uint64_t number = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[offset++]);
    number |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80U) return number;
  }
}

/// Small for small numbers of either sign.
std::uint64_t folded(std::int64_t number) {
  return (static_cast<std::uint64_t>(number) << 1U) ^ (number < 0 ? ~std::uint64_t{0} : 0U);
}

std::int64_t unfolded(std::uint64_t number) {
  return static_cast<std::int64_t>((number >> 1U) ^ ((number & 1U) != 0 ? ~std::uint64_t{0} : 0U));
}

struct Head {
  Time at;
  bool is_to_subject = false;
  std::size_t size = 0;  ///< of the text behind it
};

Head take_head(std::string_view bytes, std::size_t& offset, Time before) {
  const std::uint64_t direction_and_time = take_number(bytes, offset);
  Head head{.at = before + Duration(unfolded(direction_and_time >> 1U)),
            .is_to_subject = (direction_and_time & 1U) != 0};
  head.size = take_number(bytes, offset);
  return head;
}

}  // namespace

void SpokenLines::add(Time at, bool is_to_subject, std::string_view text) {
  if (parts_.empty() || parts_.back().size() + text.size() > part_size) {
    parts_.emplace_back();
    if (text.size() < part_size / 2 && parts_.size() > 1) parts_.back().reserve(part_size);
  }
  std::string& part = parts_.back();
  const std::int64_t since = (at - std::exchange(last_, at)).count();
  put_number(part, (folded(since) << 1U) | (is_to_subject ? 1U : 0U));
  put_number(part, text.size());
  part += text;
}

std::size_t SpokenLines::kept_bytes() const {
  std::size_t bytes = 0;
  for (const std::string& part : parts_) bytes += sizeof(part) + part.capacity();
  return bytes;
}

SpokenLine SpokenLines::Iterator::operator*() const {
  const std::string& part = lines_->parts_[part_];
  std::size_t offset = offset_;
  const Head head = take_head(part, offset, before_);
  return {head.at, head.is_to_subject, part.substr(offset, head.size)};
}

SpokenLines::Iterator& SpokenLines::Iterator::operator++() {
  const std::string& part = lines_->parts_[part_];
  const Head head = take_head(part, offset_, before_);
  before_ = head.at;
  offset_ += head.size;
  if (offset_ == part.size()) {
    ++part_;
    offset_ = 0;
  }
  return *this;
}

}  // namespace caesura
