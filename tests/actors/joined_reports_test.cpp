#include "actors/joined_reports.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace caesura {
namespace {

RequestReport stopped(RequestNumber number, Ticket ticket = 0) {
  RequestReport report;
  report.number = number;
  report.ticket = ticket;
  report.outcome = Outcome::cancelled;
  report.planned.tokens.output = Tokens{10};
  report.used.tokens.output = Tokens{7};
  report.saved.tokens.output = Tokens{2};
  report.forgone.tokens.output = Tokens{1};
  report.chunks_sent = 3;
  return report;
}

ClientReport settled(RequestNumber number, Ticket ticket = 0) {
  ClientReport report;
  report.number = number;
  report.ticket = ticket;
  report.outcome = Outcome::cancelled;
  report.cancels_sent = 2;
  report.cancels_accepted = 1;
  report.cancels_already_cancelled = 1;
  report.chunks_received = 3;
  return report;
}

class Joined : public ::testing::Test {
 protected:
  std::vector<RequestNumber> used;
  JoinedReports reports{42, [this](const RequestReport& request, const ClientReport& client) {
                          EXPECT_EQ(request.number, client.number);
                          used.push_back(request.number);
                        }};
};

TEST_F(Joined, ARequestIsUsedOnceWhenBothReportsAreInWhicheverComesFirst) {
  reports.add(stopped(0, 0));
  reports.add(settled(1, 1));
  EXPECT_TRUE(used.empty());
  EXPECT_EQ(reports.unsettled(), 2U);
  reports.add(settled(0, 0));
  reports.add(stopped(1, 1));
  EXPECT_EQ(used, (std::vector<RequestNumber>{0, 1}));
  EXPECT_EQ(reports.unsettled(), 0U);
}

TEST_F(Joined, ATicketMayBeUsedAgainWhileTheOrphansOfASettledRequestRunOn) {
  reports.add(settled(0));
  reports.add(stopped(1));
  reports.add(stopped(0));
  EXPECT_EQ(used, std::vector<RequestNumber>{0});
  reports.add(settled(1));
  reports.add(settled(2));
  reports.add(settled(3));
  reports.add(stopped(3));
  reports.add(stopped(2));
  EXPECT_EQ(used, (std::vector<RequestNumber>{0, 1, 3, 2}));
  EXPECT_EQ(reports.unsettled(), 0U);
}

TEST_F(Joined, ALedgerThatDoesNotAddUpIsAFaultNamedWithSeedAndRequest) {
  RequestReport off = stopped(7);
  off.saved.tokens.output = Tokens{3};
  try {
    reports.add(off);
    FAIL() << "it passed";
  } catch (const BrokenInvariant& broken) {
    const std::string what = broken.what();
    EXPECT_NE(what.find("request 7 of seed 42"), std::string::npos) << what;
    EXPECT_NE(what.find("ledger"), std::string::npos) << what;
  }
}

TEST_F(Joined, ASecondReportOfARequestIsAFault) {
  reports.add(stopped(0));
  EXPECT_THROW(reports.add(stopped(0)), BrokenInvariant);
  reports.add(settled(1, 1));
  EXPECT_THROW(reports.add(settled(1, 1)), BrokenInvariant);
}

TEST_F(Joined, ReportsThatContradictEachOtherAreAFaultInEitherOrder) {
  std::vector<ClientReport> wrong(5, settled(0));
  wrong[0].outcome = Outcome::completed;
  wrong[1].cancels_accepted = 2;
  wrong[2].cancels_accepted = 0;
  wrong[3].cancels_sent = 3;
  wrong[4].chunks_received = 2;
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    JoinedReports request_first(1, [](const RequestReport&, const ClientReport&) {});
    request_first.add(stopped(0));
    EXPECT_THROW(request_first.add(wrong[i]), BrokenInvariant) << i;
    JoinedReports client_first(1, [](const RequestReport&, const ClientReport&) {});
    client_first.add(wrong[i]);
    EXPECT_THROW(client_first.add(stopped(0)), BrokenInvariant) << i;
  }
}

}  // namespace
}  // namespace caesura
