/// One measurement of cancels in real time, as a line of JSON: for comparisons with the programs of
/// bench/peers/realtime*.
///
///     caesura_realtime [--in-flight 100000] [--cancels 5000] [--workers 1] [--received-by
///     thread|caller] [--idle-seconds 2]

#include "bench/realtime_cancel.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>
#include <string>

int main(int argc, char** argv) {
  caesura::CancelWorkload workload;
  double idle_seconds = workload.idle.count();
  std::string received_by = "thread";
  CLI::App app("Cancels requests in real time, one a millisecond, and prints how long that takes");
  app.add_option("--in-flight", workload.in_flight, "requests in flight")
      ->check(CLI::Range(1U, 10'000'000U));
  app.add_option("--cancels", workload.cancels, "cancels, at most as many as requests")
      ->check(CLI::Range(1U, 10'000'000U));
  app.add_option("--workers", workload.workers, "threads that run actors")
      ->check(CLI::Range(1, 64));
  app.add_option("--received-by", received_by, "who waits for the replies")
      ->check(CLI::IsMember({"caller", "thread"}));
  app.add_option("--idle-seconds", idle_seconds,
                 "seconds for which nothing happens, to see what that costs")
      ->check(CLI::Range(0.0, 3600.0));
  CLI11_PARSE(app, argc, argv);
  if (workload.cancels > workload.in_flight) {
    std::cerr << "there are not so many requests to cancel\n";
    return 2;
  }
  if (received_by == "caller") workload.received_by = caesura::ReceivedBy::caller;
  workload.idle = std::chrono::duration<double>(idle_seconds);
  const caesura::CancelTimes times = caesura::measure_cancels(workload);
  std::cout << nlohmann::ordered_json{{"program", "caesura"},
                                      {"in_flight", workload.in_flight},
                                      {"cancels", workload.cancels},
                                      {"workers", workload.workers},
                                      {"received_by", received_by},
                                      {"acknowledged_p50_us", times.acknowledged_p50_us},
                                      {"acknowledged_p99_us", times.acknowledged_p99_us},
                                      {"reported_p50_us", times.reported_p50_us},
                                      {"p50_us", times.p50_us},
                                      {"p99_us", times.p99_us},
                                      {"max_us", times.max_us},
                                      {"caller_late_p50_us", times.caller_late_p50_us},
                                      {"bytes_per_request_in_flight",
                                       times.bytes_per_request_in_flight},
                                      {"idle_core_share", times.idle_core_share}}
                   .dump()
            << std::endl;
}
