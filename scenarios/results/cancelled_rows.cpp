#include "scenarios/results/cancelled_rows.hpp"

#include "scenarios/format/format_value.hpp"
#include "scenarios/results/csv_reader.hpp"
#include "scenarios/results/decimal.hpp"

#include <optional>
#include <string_view>

namespace caesura {
namespace {

/// What is read, and where it stands in `columns`.
enum Column : std::size_t { policy, request, arrived, cancel_sent, stopped, outcome, cancelled_in };
const std::vector<std::string_view> columns{"policy",    "request", "arrived_s",   "cancel_sent_s",
                                            "stopped_s", "outcome", "cancelled_in"};

Time time_in(const CsvReader& csv, Column column) {
  return Time{Duration{csv.units(column, nanosecond_decimals)}};
}

std::size_t kind_in(const CsvReader& csv) {
  const std::string_view name = csv.text(cancelled_in);
  if (name == "none") return nothing_in_progress;
  for (const OperationKind kind : all_operation_kinds) {
    if (name == name_of(kind)) return index_of(kind);
  }
  csv.fail("cancelled_in is " + cited(name) + ", which is no kind of operation");
}

RequestNumber number_in(const CsvReader& csv) {
  const std::int64_t number = csv.units(request, 0);
  if (number < 0) csv.fail("request is negative");
  return static_cast<RequestNumber>(number);
}

CancelledRow row_in(const CsvReader& csv) {
  const CancelledRow row{.request = number_in(csv),
                         .arrived = time_in(csv, arrived),
                         .cancel_sent = time_in(csv, cancel_sent),
                         .stopped = time_in(csv, stopped),
                         .cancelled_in = kind_in(csv)};
  if (row.cancel_sent < row.arrived) csv.fail("the cancel was sent before the request arrived");
  if (row.stopped < row.cancel_sent) csv.fail("the request stopped before its cancel was sent");
  return row;
}

}  // namespace

CancelledRows read_cancelled_rows(const std::string& file,
                                  const std::optional<ExpectedRows>& expected) {
  CsvReader csv(file, columns);
  CancelledRows rows;
  std::optional<RowOrder> order;
  if (expected) order.emplace(*expected);
  while (csv.next()) {
    if (order) order->add(csv, csv.text(policy), number_in(csv));
    auto& of_policy = rows[std::string(csv.text(policy))];
    if (csv.text(outcome) == name_of(Outcome::cancelled)) of_policy.push_back(row_in(csv));
  }
  if (order) order->finish(csv);
  return rows;
}

}  // namespace caesura
