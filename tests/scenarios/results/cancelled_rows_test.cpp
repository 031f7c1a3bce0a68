#include "scenarios/results/cancelled_rows.hpp"

#include "scenarios/results/csv.hpp"
#include "tests/scenarios/loader_fixture.hpp"
#include "tests/scenarios/sample_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace caesura {
namespace {

using testing::HasSubstr;

std::string csv_of(const std::string& policy, const std::vector<ReportPair>& reports) {
  std::string text;
  for (const auto& [request, client] : reports) append_csv_row(text, policy, request, client, 0);
  return text;
}

std::string header() {
  std::string text;
  append_csv_header(text);
  return text;
}

class CancelledRowsTest : public testing::Test {
 protected:
  CancelledRows read(const std::string& text) {
    return read_cancelled_rows(folder_.write("requests.csv", text));
  }
  std::string error(const std::string& text) {
    try {
      read(text);
    } catch (const ScenarioError& problem) {
      return problem.what();
    }
    return "no error";
  }

  ScenarioFolder folder_;
};

TEST_F(CancelledRowsTest, ReadsBackTheCancelledRequestsToTheNanosecond) {
  const auto reports = random_reports(3, 500);
  const CancelledRows rows =
      read(header() + csv_of("checkpoint", reports) + csv_of("abort", {reports[0]}));
  std::size_t at = 0;
  const auto& read_back = rows.at("checkpoint");
  for (const auto& [request, client] : reports) {
    if (request.outcome != Outcome::cancelled) continue;
    ASSERT_LT(at, read_back.size());
    const CancelledRow& row = read_back[at++];
    EXPECT_EQ(row.request, request.number);
    EXPECT_EQ(row.arrived, client.arrived);
    EXPECT_EQ(row.cancel_sent, *client.cancel_sent);
    EXPECT_EQ(row.stopped, request.stopped);
    EXPECT_EQ(row.cancelled_in, request.cancelled_in);
  }
  EXPECT_EQ(at, read_back.size());
  EXPECT_GT(at, 50U);
  EXPECT_TRUE(rows.contains("abort"));
}

TEST_F(CancelledRowsTest, AFileOfNoRequestsHasNoRows) { EXPECT_TRUE(read(header()).empty()); }

TEST_F(CancelledRowsTest, SaysWhichFileAndLineIsWrong) {
  const std::string line = csv_of("p", {cancelled_after_1500_of_10000_tokens()});
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = line;
    return header() + line + text.replace(text.find(from), from.size(), to);
  };
  EXPECT_THAT(error("policy,request\n"),
              HasSubstr("requests.csv:1: the header has no column 'arrived_s'"));
  EXPECT_THAT(error(changed("user-0,", "")),
              HasSubstr("requests.csv:3: has 34 cells where the header has 35"));
  EXPECT_THAT(error(changed("5.6,", "5.6s,")), HasSubstr("requests.csv:3: stopped_s is '5.6s'"));
  EXPECT_THAT(error(changed("5.6,", ",")), HasSubstr("requests.csv:3: stopped_s is ''"));
  EXPECT_THAT(error(changed("5.6,", "0.5,")),
              HasSubstr("requests.csv:3: the request stopped before its cancel was sent"));
  EXPECT_THAT(error(changed(",1.5,", ",-1.5,")),
              HasSubstr("requests.csv:3: the cancel was sent before the request arrived"));
  EXPECT_THAT(error(changed(",llm,", ",gpu,")), HasSubstr("requests.csv:3: cancelled_in is 'gpu'"));
  EXPECT_THAT(error(changed("p,0,", "p,-1,")), HasSubstr("requests.csv:3: request is negative"));
  EXPECT_THAT(error(header() + line.substr(0, line.size() - 1)),
              HasSubstr("requests.csv:2: the file is cut off within this line"));
}

TEST_F(CancelledRowsTest, SaysThatThereIsNoFile) {
  EXPECT_THROW(read_cancelled_rows(folder_.file("nothing.csv")), ScenarioError);
}

}  // namespace
}  // namespace caesura
