#include "bench/peers/reference_workload.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace caesura::peers {
namespace {

[[noreturn]] void usage(const char* program, bool has_variants) {
  std::fprintf(stderr, "usage: %s [--requests N] [--in-flight M] [--seed S]%s\n", program,
               has_variants ? " [--one-by-one] [--fast-draws]" : "");
  std::exit(2);
}

/// Element ceil(p · n) of the sorted values, counted from 1; `p` in per cent.
Nanoseconds percentile(std::vector<Nanoseconds>& values, std::uint64_t p) {
  if (values.empty()) return 0;
  const std::uint64_t rank = (values.size() * p + 99) / 100;
  const auto element = values.begin() + static_cast<std::ptrdiff_t>(rank - 1);
  std::nth_element(values.begin(), element, values.end());
  return *element;
}

/// In seconds, to the last nanosecond.
std::string exact(Nanoseconds ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%lld.%09lld", static_cast<long long>(ns / 1'000'000'000), static_cast<long long>(ns % 1'000'000'000));
  return text;
}

}  // namespace

Request read_options(int argc, char** argv, bool has_variants) {
  Request request;
  const auto number = [&](int& i) {
    char* end = nullptr;
    const unsigned long long value = i + 1 < argc ? std::strtoull(argv[++i], &end, 10) : 0;
    if (end == nullptr || *end != '\0' || end == argv[i]) usage(argv[0], has_variants);
    return value;
  };
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--requests") {
      request.requests = static_cast<std::uint32_t>(number(i));
    } else if (option == "--in-flight") {
      request.in_flight = static_cast<std::uint32_t>(number(i));
    } else if (option == "--seed") {
      request.seed = number(i);
    } else if (has_variants && option == "--one-by-one") {
      request.one_by_one = true;
    } else if (has_variants && option == "--fast-draws") {
      request.fast_draws = true;
    } else {
      usage(argv[0], has_variants);
    }
  }
  if (request.requests == 0 || request.in_flight == 0) usage(argv[0], has_variants);
  return request;
}

void Tally::finish_and_print(std::uint64_t requests, std::chrono::steady_clock::time_point started) {
  const auto n = static_cast<int128>(latencies_.size());
  const Nanoseconds p50 = percentile(latencies_, 50);
  const Nanoseconds p99 = percentile(latencies_, 99);
  const double count = to_double(n);
  const double mean = n == 0 ? 0 : to_double(sum_ / n) + to_double(sum_ % n) / count;
  const double stddev = n < 2 ? 0 : std::sqrt(to_double(sum_of_squares_ * n - sum_ * sum_) / count / (count - 1));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;

  std::printf(
      "{\"requests\": %llu, \"cancelled\": %zu, \"latency_mean_s\": %.17g, \"latency_stddev_s\": %.17g, \"latency_p50_s\": %s, "
      "\"latency_p99_s\": %s, \"planned_s\": %s, \"used_s\": %s, \"saved_s\": %s, \"peak_in_flight\": %llu, \"seconds\": %.9f}\n",
      static_cast<unsigned long long>(requests), latencies_.size(), mean / 1e9, stddev / 1e9, exact(p50).c_str(), exact(p99).c_str(),
      exact(planned).c_str(), exact(used).c_str(), exact(planned - used).c_str(), static_cast<unsigned long long>(peak_in_flight),
      seconds.count());
}

}  // namespace caesura::peers
