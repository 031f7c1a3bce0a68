#pragma once

#include "scenarios/results/csv_reader.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace caesura {

/// What results.json says of the lines of the requests.csv beside it.
struct ExpectedRows {
  std::map<std::string, std::uint64_t> requests;  ///< by policy
  /// No number is missing: 0, 1, 2, … under each policy. Else they only ascend: some requests of a
  /// partial run never ended.
  bool gapless = false;
  /// Each request has one policy, and the lines of all stand together, in order of their numbers.
  bool served = false;
};
/// Of a document that check_results has found to be one.
ExpectedRows expected_rows(const nlohmann::ordered_json& document);

/// Holds the lines of a requests.csv to what results.json says of them: that each request is there,
/// once, and in its place.
class RowOrder {
 public:
  explicit RowOrder(ExpectedRows expected) : expected_(std::move(expected)) {}

  /// The line that `csv` is at. Throws its failure, naming file and line.
  void add(const CsvReader& csv, std::string_view policy, std::uint64_t number);
  /// At the file's end. Likewise.
  void finish(const CsvReader& csv) const;

 private:
  ExpectedRows expected_;
  std::map<std::string, std::uint64_t, std::less<>> rows_;  ///< so far, by policy
  std::uint64_t* rows_of_policy_ = nullptr;                 ///< of the line before
  std::uint64_t most_rows_ = 0;                             ///< of that policy
  std::string policy_;
  std::uint64_t least_number_ = 0;
};

}  // namespace caesura
