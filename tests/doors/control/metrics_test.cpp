#include "doors/control/metrics.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace caesura {
namespace {

using namespace std::chrono_literals;

Time at(Duration t) { return Time{t}; }

TEST(Metrics, CountInPrometheusFormat) {
  Metrics metrics;
  LiveRecord record;
  record.request.outcome = Outcome::cancelled;
  record.request.stopped = at(12s);
  record.request.saved.tokens.output = {70};
  record.request.saved.cost = {1'500'000'000'000};
  record.client.cancel_sent = at(10s);
  metrics.settled(record);
  metrics.cancel_answered(CancelVerdict::accepted);
  metrics.count_call("chat", 200);
  const std::string text = metrics.text(3);
  for (const char* line :
       {"caesura_requests_total{outcome=\"cancelled\"} 1",
        "caesura_requests_total{outcome=\"completed\"} 0",
        "caesura_cancels_total{verdict=\"accepted\"} 1", "caesura_tokens_total{part=\"saved\"} 70",
        "caesura_cost_usd_total{part=\"saved\"} 1.5",
        "caesura_cancel_latency_seconds_bucket{le=\"2.5\"} 1",
        "caesura_cancel_latency_seconds_sum 2", "caesura_requests_in_flight 3",
        "caesura_http_calls_total{endpoint=\"chat\",status=\"200\"} 1"}) {
    EXPECT_NE(text.find(std::string(line)), std::string::npos) << line << "\n" << text;
  }
}

}  // namespace
}  // namespace caesura
