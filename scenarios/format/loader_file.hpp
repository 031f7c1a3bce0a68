#pragma once

#include "scenarios/format/format_value.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace caesura {

inline constexpr std::size_t largest_scenario_bytes = std::size_t{8} << 20;
inline constexpr std::size_t largest_data_bytes = std::size_t{256} << 20;

/// The whole of a regular file. Throws ScenarioError at `blame` if there is none, it cannot be
/// read, is no regular file (nothing here waits for a pipe or reads a device) or is larger than
/// `most_bytes`.
std::string read_file(const std::string& path, std::size_t most_bytes, const Place& blame);

/// `path` as seen from the folder of `scenario_file`.
std::string beside(const std::string& scenario_file, const std::string& path);

struct DataLine {
  std::string_view text;  ///< without surrounding blanks; never empty
  Place place;
};

/// Goes through the lines of a data file that hold something: blank ones and those that begin with
/// # do not.
class DataLines {
 public:
  /// Both must outlive this, and `text` the lines.
  DataLines(const std::string& text, const Source& source);

  /// The next line, or none.
  std::optional<DataLine> next();

 private:
  std::string_view rest_;
  const Source& source_;
  int number_ = 0;
};

}  // namespace caesura
