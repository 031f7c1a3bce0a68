#include "doors/control/metrics.hpp"

#include "doors/control/timeline.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <initializer_list>

namespace caesura {
namespace {

constexpr std::initializer_list<double> latency_bounds_s{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                         0.5,   1,     2.5,  5,     10,   20,  30,
                                                         60,    120,   300,  600,   1800};

prometheus::Family<prometheus::Counter>& counters(prometheus::Registry& registry, const char* name,
                                                  const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

/// "already_cancelled"
std::string label_of(CancelVerdict verdict) {
  std::string label = name_of(verdict);
  std::replace(label.begin(), label.end(), ' ', '_');
  return label;
}

}  // namespace

struct Metrics::Families {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      counters(registry, "caesura_requests_total", "Requests that have settled, by outcome");
  prometheus::Family<prometheus::Counter>& cancels =
      counters(registry, "caesura_cancels_total", "Cancels, by what became of them");
  prometheus::Family<prometheus::Counter>& tokens =
      counters(registry, "caesura_tokens_total",
               "Tokens of settled requests: used, saved by cancels, used after the cancel");
  prometheus::Family<prometheus::Counter>& cost =
      counters(registry, "caesura_cost_usd_total",
               "US dollars of settled requests: used, saved by cancels, used after the cancel");
  prometheus::Family<prometheus::Counter>& calls =
      counters(registry, "caesura_http_calls_total", "HTTP calls answered, by endpoint and status");
  prometheus::Histogram& latency =
      prometheus::BuildHistogram()
          .Name("caesura_cancel_latency_seconds")
          .Help("From a cancel sent to its request's stop, in simulated seconds")
          .Register(registry)
          .Add({}, prometheus::Histogram::BucketBoundaries(latency_bounds_s));
  prometheus::Gauge& in_flight = prometheus::BuildGauge()
                                     .Name("caesura_requests_in_flight")
                                     .Help("Requests that have not settled")
                                     .Register(registry)
                                     .Add({});

  // What exists from the start can be watched from the start.
  Families() {
    for (const Outcome outcome : {Outcome::completed, Outcome::cancelled, Outcome::failed,
                                  Outcome::timed_out, Outcome::rejected}) {
      requests.Add({{"outcome", name_of(outcome)}});
    }
    for (const CancelVerdict verdict : {CancelVerdict::accepted, CancelVerdict::already_cancelled,
                                        CancelVerdict::too_late, CancelVerdict::ignored}) {
      cancels.Add({{"verdict", label_of(verdict)}});
    }
    for (const char* part : {"used", "saved", "used_after_cancel"}) {
      tokens.Add({{"part", part}});
      cost.Add({{"part", part}});
    }
  }

  void add(const char* part, const Amounts& amounts) {
    tokens.Add({{"part", part}}).Increment(static_cast<double>(amounts.tokens.sum().value));
    cost.Add({{"part", part}}).Increment(dollars(amounts.cost));
  }
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::count_call(const std::string& endpoint, unsigned status) {
  families_->calls.Add({{"endpoint", endpoint}, {"status", std::to_string(status)}}).Increment();
}

void Metrics::cancel_answered(CancelVerdict verdict) {
  families_->cancels.Add({{"verdict", label_of(verdict)}}).Increment();
}

void Metrics::settled(const LiveRecord& record) {
  families_->requests.Add({{"outcome", name_of(record.request.outcome)}}).Increment();
  families_->add("used", record.request.used);
  families_->add("saved", record.request.saved);
  families_->add("used_after_cancel", record.request.used_after_cancel);
  if (record.request.outcome == Outcome::cancelled && record.client.cancel_sent) {
    families_->latency.Observe(seconds(record.request.stopped - *record.client.cancel_sent));
  }
}

std::string Metrics::text(std::uint64_t in_flight) const {
  families_->in_flight.Set(static_cast<double>(in_flight));
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace caesura
