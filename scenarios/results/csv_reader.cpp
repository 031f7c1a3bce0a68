#include "scenarios/results/csv_reader.hpp"

#include "scenarios/format/format_value.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace caesura {
namespace {

constexpr std::size_t longest_line = std::size_t{1} << 20;

void cut_into(std::string_view line, std::vector<std::string_view>& cells) {
  cells.clear();
  for (;;) {
    const auto comma = line.find(',');
    cells.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return;
    line.remove_prefix(comma + 1);
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Empty if `text` is no decimal of at most so many decimals, or too large.
std::optional<std::int64_t> decimal_units(std::string_view text, int decimals) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction =
      point == text.size() ? std::string_view() : text.substr(point + 1);
  if (whole.empty() || (point != text.size() && fraction.empty()) ||
      fraction.size() > static_cast<std::size_t>(decimals)) {
    return std::nullopt;
  }
  std::int64_t units = 0;
  const auto push = [&units](char c) {
    return is_digit(c) && !__builtin_mul_overflow(units, 10, &units) &&
           !__builtin_add_overflow(units, c - '0', &units);
  };
  if (!std::all_of(whole.begin(), whole.end(), push) ||
      !std::all_of(fraction.begin(), fraction.end(), push))
    return std::nullopt;
  for (std::size_t i = fraction.size(); i < static_cast<std::size_t>(decimals); ++i) {
    if (!push('0')) return std::nullopt;
  }
  return negative ? -units : units;
}

}  // namespace

CsvReader::CsvReader(const std::string& file, const std::vector<std::string_view>& columns)
    : name_(file), file_(std::fopen(file.c_str(), "rb")), buffer_(longest_line) {
  if (!file_)
    throw ScenarioError(name_ + ": cannot be read: " + std::generic_category().message(errno));
  const auto header = next_line();
  if (!header) throw ScenarioError(name_ + ": is empty; it needs a header line");
  cut_into(*header, cells_);
  header_.assign(cells_.begin(), cells_.end());
  for (const std::string_view column : columns) {
    const auto found = std::find(header_.begin(), header_.end(), column);
    if (found == header_.end()) fail("the header has no column " + cited(column));
    if (std::find(found + 1, header_.end(), column) != header_.end())
      fail("the header has two columns " + cited(column));
    places_.push_back(static_cast<std::size_t>(found - header_.begin()));
  }
}

bool CsvReader::next() {
  const auto line = next_line();
  if (!line) return false;
  cut_into(*line, cells_);
  if (cells_.size() != header_.size()) {
    fail("has " + std::to_string(cells_.size()) + " cells where the header has " +
         std::to_string(header_.size()));
  }
  return true;
}

std::int64_t CsvReader::units(std::size_t column, int decimals) const {
  const auto units = decimal_units(text(column), decimals);
  if (!units) {
    fail(header_[places_[column]] + " is " + cited(text(column)) +
         (decimals == 0
              ? ", which is not a whole number"
              : ", which is not a number of at most " + std::to_string(decimals) + " decimals"));
  }
  return *units;
}

std::optional<std::int64_t> CsvReader::optional_units(std::size_t column, int decimals) const {
  if (text(column).empty()) return std::nullopt;
  return units(column, decimals);
}

void CsvReader::fail(const std::string& what) const {
  throw ScenarioError(name_ + ':' + std::to_string(line_) + ": " + what);
}

std::optional<std::string_view> CsvReader::next_line() {
  ++line_;
  const void* found = std::memchr(buffer_.data() + begin_, '\n', end_ - begin_);
  if (found == nullptr) {
    fill();
    if (begin_ == end_) return std::nullopt;
    found = std::memchr(buffer_.data() + begin_, '\n', end_ - begin_);
    // A number that lost its last digits would be a number still.
    if (found == nullptr)
      fail(end_ - begin_ == buffer_.size() ? "the line is too long"
                                           : "the file is cut off within this line");
  }
  const auto length =
      static_cast<std::size_t>(static_cast<const char*>(found) - (buffer_.data() + begin_));
  std::string_view line(buffer_.data() + begin_, length);
  begin_ += length + 1;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// Moves what is left to the front, and reads on behind it.
void CsvReader::fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  errno = 0;
  end_ += std::fread(buffer_.data() + end_, 1, buffer_.size() - end_, file_.get());
  if (std::ferror(file_.get()) != 0)
    throw ScenarioError(name_ + ": cannot be read: " + std::generic_category().message(errno));
}

}  // namespace caesura
