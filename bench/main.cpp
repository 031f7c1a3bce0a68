// Runs the benchmarks, all or those that --benchmark_filter names, and prints them one a line in
// 100 columns. The other options are those of Google Benchmark, --benchmark_format and
// --benchmark_out among them.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace caesura::bench {
namespace {

/// Three digits and a prefix: "17.4 M".
std::string short_number(double value) {
  struct Prefix {
    double factor;
    const char* text;
  };
  static constexpr std::array<Prefix, 7> prefixes{
      {{1e9, " G"}, {1e6, " M"}, {1e3, " k"}, {1, " "}, {1e-3, " m"}, {1e-6, " u"}, {1e-9, " n"}}};
  if (value == 0) return "0 ";
  const auto fits = [&](const Prefix& prefix) { return std::abs(value) >= prefix.factor * 0.9995; };
  const auto found = std::find_if(prefixes.begin(), prefixes.end(), fits);
  const Prefix& prefix = found == prefixes.end() ? prefixes.back() : *found;
  const double scaled = value / prefix.factor;
  return fmt::format("{:.{}f}{}", scaled, scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0, prefix.text);
}

std::string counter_text(const std::string& name, const benchmark::Counter& counter) {
  const bool is_rate = (counter.flags & benchmark::Counter::kIsRate) != 0;
  if (!is_rate)
    return (counter.value < 100 ? fmt::format("{:.3g} ", counter.value)
                                : fmt::format("{:.0f} ", counter.value)) +
           name;
  if ((counter.flags & benchmark::Counter::kInvert) != 0)
    return short_number(counter.value) + "s " + name;
  const std::string number = short_number(counter.value);
  return number + (number.back() == ' ' ? "" : " ") +
         (name == "items_per_second" ? "items" : name) + "/s";
}

class LineReporter final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override {
    PrintBasicContext(&GetErrorStream(), context);
    // Names as they are printed are shorter than the longest one: it carries what says how it is
    // timed.
    name_width_ = std::min<std::size_t>(context.name_field_width, 40);
    GetOutputStream() << fmt::format("{:{}} {:>10} {:>10}\n", "", name_width_, "real", "CPU");
    return true;
  }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) print(run);
    GetOutputStream().flush();
  }

 private:
  static constexpr std::size_t columns = 100;

  void print(const Run& run) {
    benchmark::BenchmarkName name = run.run_name;
    name.time_type.clear();
    name.iterations.clear();
    std::string line = fmt::format(
        "{:{}}", name.str() + (run.aggregate_name.empty() ? "" : "_" + run.aggregate_name),
        name_width_);
    if (run.error_occurred) {
      GetOutputStream() << line << " failed: " << run.error_message << '\n';
      return;
    }
    line +=
        fmt::format(" {:>10} {:>10}", short_number(seconds(run, run.GetAdjustedRealTime())) + "s",
                    short_number(seconds(run, run.GetAdjustedCPUTime())) + "s");
    for (const auto& [counter_name, counter] : run.counters) {
      const std::string text = "  " + counter_text(counter_name, counter);
      if (line.size() + text.size() > columns) {
        GetOutputStream() << line << '\n';
        line.assign(name_width_ + 22, ' ');
      }
      line += text;
    }
    GetOutputStream() << line << '\n';
  }

  static double seconds(const Run& run, double time) {
    return time / benchmark::GetTimeUnitMultiplier(run.time_unit);
  }

  std::size_t name_width_ = 0;
};

}  // namespace
}  // namespace caesura::bench

int main(int argc, char** argv) {
  const bool has_format = std::any_of(argv + 1, argv + argc, [](std::string_view a) {
    return a.starts_with("--benchmark_format");
  });
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  caesura::bench::LineReporter lines;
  benchmark::RunSpecifiedBenchmarks(has_format ? nullptr : &lines);
  benchmark::Shutdown();
}
