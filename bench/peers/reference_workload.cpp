#include "bench/peers/reference_workload.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

namespace caesura::peers {
namespace {

[[noreturn]] void usage(const char* program, const std::vector<std::string_view>& variants) {
  std::string text =
      std::string("usage: ") + program + " [--requests N] [--in-flight M] [--seed S]";
  for (const std::string_view variant : variants) text.append(" [").append(variant).append("]");
  std::fprintf(stderr, "%s\n", text.c_str());
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
  std::snprintf(text, sizeof text, "%lld.%09lld", static_cast<long long>(ns / 1'000'000'000),
                static_cast<long long>(ns % 1'000'000'000));
  return text;
}

}  // namespace

Options read_options(int argc, char** argv, const std::vector<std::string_view>& variants) {
  Options options;
  const auto number = [&](int i) {
    std::uint64_t value = 0;
    const std::string_view text = i < argc ? argv[i] : "";
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) usage(argv[0], variants);
    return value;
  };
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--requests") {
      options.requests = static_cast<std::uint32_t>(number(++i));
    } else if (option == "--in-flight") {
      options.in_flight = static_cast<std::uint32_t>(number(++i));
    } else if (option == "--seed") {
      options.seed = number(++i);
    } else if (std::find(variants.begin(), variants.end(), option) != variants.end()) {
      options.variants.push_back(option);
    } else {
      usage(argv[0], variants);
    }
  }
  if (options.requests == 0 || options.in_flight == 0) usage(argv[0], variants);
  return options;
}

void Tally::finish_and_print(std::uint64_t requests,
                             std::chrono::steady_clock::time_point started) {
  const auto n = static_cast<int128>(latencies_.size());
  const Nanoseconds p50 = percentile(latencies_, 50);
  const Nanoseconds p99 = percentile(latencies_, 99);
  const double count = to_double(n);
  const double mean = n == 0 ? 0 : to_double(sum_ / n) + to_double(sum_ % n) / count;
  const double stddev =
      n < 2 ? 0 : std::sqrt(to_double(sum_of_squares_ * n - sum_ * sum_) / count / (count - 1));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;

  std::printf(
      "{\"requests\": %llu, \"cancelled\": %zu, \"latency_mean_s\": %.17g, \"latency_stddev_s\": "
      "%.17g, \"latency_p50_s\": %s, "
      "\"latency_p99_s\": %s, \"planned_s\": %s, \"used_s\": %s, \"saved_s\": %s, "
      "\"peak_in_flight\": %llu, \"seconds\": %.9f}\n",
      static_cast<unsigned long long>(requests), latencies_.size(), mean / 1e9, stddev / 1e9,
      exact(p50).c_str(), exact(p99).c_str(), exact(planned).c_str(), exact(used).c_str(),
      exact(planned - used).c_str(), static_cast<unsigned long long>(peak_in_flight),
      seconds.count());
}

}  // namespace caesura::peers
