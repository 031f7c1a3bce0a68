#include "scenarios/results/csv.hpp"

#include "scenarios/results/json_text.hpp"
#include "scenarios/results/results.hpp"
#include "tests/scenarios/sample_results.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',') {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

/// "1.5" at 9 decimals is 1'500'000'000.
int128 units_of(const std::string& decimal, std::size_t decimals) {
  const auto point = std::min(decimal.find('.'), decimal.size());
  const std::string fraction = point == decimal.size() ? "" : decimal.substr(point + 1);
  EXPECT_LE(fraction.size(), decimals);
  int128 units = 0;
  for (const char c :
       decimal.substr(0, point) + fraction + std::string(decimals - fraction.size(), '0'))
    units = units * 10 + (c - '0');
  return units;
}

/// The file read again, by names of columns.
class Table {
 public:
  explicit Table(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    std::getline(lines, line);
    const auto names = cells_of(line);
    while (std::getline(lines, line)) {
      const auto cells = cells_of(line);
      EXPECT_EQ(cells.size(), names.size());
      auto& row = rows_.emplace_back();
      for (std::size_t i = 0; i < cells.size(); ++i) row[names[i]] = cells[i];
    }
  }

  using Row = std::map<std::string, std::string>;
  const std::vector<Row>& rows() const { return rows_; }
  int128 sum(const std::string& column, std::size_t decimals = 0) const {
    int128 total = 0;
    for (const auto& row : rows_) total += units_of(row.at(column), decimals);
    return total;
  }
  std::int64_t count(const std::string& column, const std::string& value) const {
    return std::count_if(rows_.begin(), rows_.end(),
                         [&](const Row& row) { return row.at(column) == value; });
  }
  /// Of rows with this value in this column.
  Samples latencies(const std::string& from, const std::string& to, const std::string& column,
                    const std::string& value) const {
    Samples samples;
    for (const auto& row : rows_) {
      if (row.at(from).empty() || (!column.empty() && row.at(column) != value)) continue;
      samples.add(
          Duration{static_cast<std::int64_t>(units_of(row.at(to), 9) - units_of(row.at(from), 9))});
    }
    return samples;
  }

 private:
  std::vector<Row> rows_;
};

std::string csv_of(const std::vector<ReportPair>& reports) {
  std::string text;
  append_csv_header(text);
  for (const auto& [request, client] : reports)
    append_csv_row(text, "checkpoint", request, client, request.number % 7);
  return text;
}

void expect_summary(const Json& expected, const Samples& samples) {
  const Summary summary = samples.summary();
  EXPECT_EQ(expected["count"], summary.count);
  if (summary.count == 0) return;
  EXPECT_EQ(expected["mean"], *summary.mean);
  EXPECT_EQ(expected["min"], *summary.min);
  EXPECT_EQ(expected["p50"], *summary.p50);
  EXPECT_EQ(expected["p99"], *summary.p99);
  EXPECT_EQ(expected["max"], *summary.max);
}

TEST(Csv, HasTheColumnsOfTheContract) {
  std::string text;
  append_csv_header(text);
  EXPECT_EQ(text,
            "policy,request,user,arrived_s,cancel_sent_s,acknowledged_s,stopped_s,outcome,"
            "cancelled_in,operations_done,operations_planned,"
            "input_tokens_planned,input_tokens_used,cached_input_tokens_planned,cached_input_"
            "tokens_used,output_tokens_planned,"
            "output_tokens_used,tokens_saved,tokens_forgone,tokens_used_after_cancel,tokens_"
            "delivered,tokens_billed,chunks_sent,"
            "cancels_sent,cancels_too_late,cancels_already_cancelled,cancels_ignored,"
            "cost_planned_usd,cost_used_usd,cost_saved_usd,busy_planned_s,busy_used_s,busy_saved_s,"
            "interrupted,orphan_s\n");
}

TEST(Csv, RowOfACancelledRequestIsExact) {
  const auto [request, client] = cancelled_after_1500_of_10000_tokens();
  std::string text;
  append_csv_row(text, "fast-tools", request, client, 3);
  EXPECT_EQ(text,
            "fast-tools,0,user-3,0,1.5,1.58,5.6,cancelled,llm,1,4,2000,500,7000,800,1000,200,8500,"
            "0,150,0,1500,0,1,0,0,0,"
            "0.2,0.03,0.17,22.24,5.56,16.68,0,0\n");
}

TEST(Csv, CompletedRequestStopsWhenItsClientHasTheAnswer) {
  RequestReport request;
  ClientReport client;
  request.stopped = Time{std::chrono::milliseconds{100}};
  client.answered = Time{std::chrono::milliseconds{140}};
  std::string text;
  append_csv_row(text, "never", request, client, 0);
  EXPECT_TRUE(text.starts_with("never,0,user-0,0,,,0.14,completed,,0,0,")) << text;
  request.outcome = client.outcome = Outcome::failed;
  text.clear();
  append_csv_row(text, "never", request, client, 0);
  EXPECT_TRUE(text.starts_with("never,0,user-0,0,,,0.1,failed,,0,0,")) << text;
}

TEST(Csv, NothingInProgressIsCalledNone) {
  auto [request, client] = cancelled_after_1500_of_10000_tokens();
  request.cancelled_in = nothing_in_progress;
  std::string text;
  append_csv_row(text, "p", request, client, 0);
  EXPECT_NE(text.find(",cancelled,none,"), std::string::npos) << text;
}

TEST(Csv, RowOfTheLargestNumbersFits) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  constexpr auto most_32 = std::numeric_limits<std::uint32_t>::max();
  RequestReport request;
  ClientReport client;
  request.number = std::numeric_limits<std::uint64_t>::max();
  request.outcome = client.outcome = Outcome::cancelled;
  request.stopped = client.arrived = Time::min();
  client.cancel_sent = client.acknowledged = Time::max();
  for (Amounts* const part : {&request.planned, &request.used, &request.saved, &request.forgone,
                              &request.used_after_cancel}) {
    part->tokens = {{most / 3}, {most / 3}, {most / 3}};
    part->cost = {-most};
    part->busy[4] = Duration{most};
  }
  request.interrupted.fill(most_32);
  request.operations_done = request.operations_planned = request.chunks_sent = client.cancels_sent =
      most_32;
  std::string text;
  append_csv_row(text, "p", request, client, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(cells_of(text).size(), 35U);
  EXPECT_NE(text.find(",-9223372.036854775807,9223372036.854775807,"), std::string::npos) << text;
}

TEST(Csv, AllTotalsCanBeRecomputedFromItsRows) {
  for (const std::uint64_t seed : {11U, 12U, 13U}) {
    const auto reports = random_reports(seed, 700);
    const Json totals = totals_of(reports).to_json("checkpoint");
    const Table table(csv_of(reports));
    ASSERT_EQ(table.rows().size(), reports.size());

    for (const char* const outcome :
         {"completed", "cancelled", "failed", "timed_out", "rejected"}) {
      EXPECT_EQ(totals["requests"][outcome], table.count("outcome", outcome));
    }
    for (const char* const field : {"sent", "too_late", "already_cancelled", "ignored"}) {
      EXPECT_EQ(totals["cancels"][field],
                static_cast<std::int64_t>(table.sum(std::string("cancels_") + field)));
    }
    EXPECT_EQ(totals["cancels"]["effective"], table.count("outcome", "cancelled"));

    expect_summary(totals["cancel_latency_s"],
                   table.latencies("cancel_sent_s", "stopped_s", "outcome", "cancelled"));
    for (const auto& [kind, summary] : totals["cancel_latency_by_operation_s"].items()) {
      expect_summary(summary, table.latencies("cancel_sent_s", "stopped_s", "cancelled_in", kind));
    }
    expect_summary(totals["acknowledge_latency_s"],
                   table.latencies("cancel_sent_s", "acknowledged_s", "", ""));
    expect_summary(totals["request_latency_s"],
                   table.latencies("arrived_s", "stopped_s", "outcome", "completed"));

    const Json& tokens = totals["tokens"];
    for (const char* const part : {"input", "cached_input", "output"}) {
      EXPECT_EQ(tokens[part]["planned"],
                static_cast<std::int64_t>(table.sum(std::string(part) + "_tokens_planned")));
      EXPECT_EQ(tokens[part]["used"],
                static_cast<std::int64_t>(table.sum(std::string(part) + "_tokens_used")));
    }
    for (const char* const field :
         {"saved", "forgone", "used_after_cancel", "delivered", "billed"}) {
      EXPECT_EQ(tokens[field],
                static_cast<std::int64_t>(table.sum(std::string("tokens_") + field)));
    }
    for (const char* const field : {"planned", "used", "saved"}) {
      EXPECT_EQ(totals["cost_usd"][field],
                to_double(table.sum(std::string("cost_") + field + "_usd", 12)) / 1e12);
      double busy = 0;
      for (const auto& kind : totals["busy_s"]) busy += kind[field].get<double>();
      EXPECT_NEAR(busy, to_double(table.sum(std::string("busy_") + field + "_s", 9)) / 1e9, 1e-6);
    }
    std::int64_t interrupted = 0;
    for (const char* const kind : {"llm", "decompose", "tool", "agent"})
      interrupted += totals["interrupted"][kind].get<std::int64_t>();
    EXPECT_EQ(interrupted, static_cast<std::int64_t>(table.sum("interrupted")));
  }
}

}  // namespace
}  // namespace caesura
