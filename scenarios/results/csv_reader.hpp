#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// Reads a CSV file without quoted cells, such as requests.csv, line by line, in constant memory.
/// Columns are found by their names in the header, in any order; others are passed over.
class CsvReader {
 public:
  /// Opens `file` and reads its header. Throws ScenarioError if that fails, or if one of `columns`
  /// is not there just once.
  CsvReader(const std::string& file, const std::vector<std::string_view>& columns);

  /// Goes to the next line; false at the end. Throws ScenarioError if the line has more or fewer
  /// cells than the header, or the file has been cut off within it.
  bool next();

  // The cells of the line, by index in `columns`. Those that are not what they should be throw
  // ScenarioError.

  /// Valid until next().
  std::string_view text(std::size_t column) const { return cells_[places_[column]]; }
  /// A decimal fraction in units of 10^-decimals, exact.
  std::int64_t units(std::size_t column, int decimals) const;
  /// Empty for an empty cell.
  std::optional<std::int64_t> optional_units(std::size_t column, int decimals) const;

  /// Throws ScenarioError "file:line: what".
  [[noreturn]] void fail(const std::string& what) const;

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  /// Without its end; empty at the end of the file.
  std::optional<std::string_view> next_line();
  void fill();

  std::string name_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of what is left in the buffer
  std::size_t end_ = 0;
  std::uint64_t line_ = 0;
  std::vector<std::string> header_;
  std::vector<std::size_t> places_;  // by index in `columns`
  std::vector<std::string_view> cells_;
};

}  // namespace caesura
