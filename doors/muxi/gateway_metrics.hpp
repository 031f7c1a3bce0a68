#pragma once

#include "actors/messages.hpp"
#include "scenarios/run/live_run.hpp"
#include "doors/muxi/api_path.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace caesura {

/// What the gateway counts, for Prometheus. Latencies are simulated seconds.
class GatewayMetrics {
 public:
  GatewayMetrics();
  ~GatewayMetrics();
  GatewayMetrics(const GatewayMetrics&) = delete;
  GatewayMetrics& operator=(const GatewayMetrics&) = delete;

  void count_call(Endpoint endpoint, unsigned status);
  void count_cancel(CancelVerdict verdict);
  void count_settled(const LiveRecord& record);

  /// All of it in Prometheus's text format.
  std::string text(std::uint64_t in_flight) const;
  static constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace caesura
