#pragma once

#include "tests/app/many_connections.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace caesura::testing {

// What programs of many clients see and measure.

using Json = nlohmann::ordered_json;

inline double milliseconds(Clock::duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}
inline double seconds_of(Clock::time_point t) {
  return std::chrono::duration<double>(t.time_since_epoch()).count();
}

/// What was seen that must not be.
struct Faults {
  std::uint64_t count = 0;
  std::vector<std::string> first;  ///< a few, for people
  void add(const std::string& what) {
    if (++count <= 5) first.push_back(what);
  }
};

/// p50, p99 and the longest, in milliseconds.
inline Json summary(std::vector<double> values) {
  if (values.empty()) return nullptr;
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
  };
  return {{"count", values.size()}, {"p50", at(0.5)}, {"p99", at(0.99)}, {"max", values.back()}};
}

/// How the server's seconds and the client's clock belong together: the server's 0 lies between
/// these two.
struct ServerStart {
  double earliest = -1e300;
  double latest = 1e300;
};

/// `clock_request` asks for the server's time. Whatever of it two looks agree on holds: both clocks
/// are the machine's, and do not drift apart.
inline ServerStart find_start(Loop& loop, Connection& connection, const std::string& clock_request,
                              ServerStart start = {}) {
  for (int i = 0; i < 200; ++i) {
    bool answered = false;
    const double before = seconds_of(Clock::now());
    connection.call(clock_request, [&](const Answer& answer) {
      if (answer.status != 200) throw std::runtime_error("the clock answers: " + answer.body);
      const double now = Json::parse(answer.body)["now_s"];
      start.earliest = std::max(start.earliest, before - now);
      start.latest = std::min(start.latest, seconds_of(Clock::now()) - now);
      answered = true;
    });
    loop.run_until([&] { return answered; });
  }
  return start;
}

/// The whole of such a program: prints one JSON object, what `run` gives and what was seen that
/// must not be, and returns the exit status: 1 if something was.
template <class Run>
int tell(const char* program, const Run& run) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  Faults faults;
  try {
    Json result = run(faults);
    result["faults"] = faults.count;
    result["first_faults"] = faults.first;
    std::cout << result.dump() << std::endl;
    return faults.count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::cerr << program << ": " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}

}  // namespace caesura::testing
