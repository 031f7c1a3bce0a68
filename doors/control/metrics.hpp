#pragma once

#include "scenarios/run/live_run.hpp"
#include "doors/live/audience.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace caesura {

/// What is counted of requests, their cancels and HTTP calls, for Prometheus. Latencies are
/// simulated seconds.
class Metrics final : public Witness {
 public:
  Metrics();
  ~Metrics() override;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void count_call(const std::string& endpoint, unsigned status);
  void cancel_answered(CancelVerdict verdict) override;
  void settled(const LiveRecord& record) override;

  /// All of it in Prometheus's text format.
  std::string text(std::uint64_t in_flight) const;
  static constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace caesura
