#include "scenarios/run/memory_need.hpp"

#include "sim/statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <variant>
#include <vector>

namespace caesura {
namespace {

// Measured on x86-64, and rounded down: what is refused must not have run.
constexpr double request_bytes_direct = 300;
constexpr double request_bytes_caf = 500;
constexpr double share_of_waiting = 0.4;  // of a request that is on its way to the server
constexpr double child_bytes = 600;
constexpr double operation_bytes = 100;

constexpr double unusual = 0.01;  // a quantile that nearly all draws exceed

bool lasts(const Distribution& duration) {
  return to_duration(duration.quantile(unusual)).count() > 0;
}

/// Whether nearly all requests take time, so that those that come together are in flight together.
class Lasting {
 public:
  explicit Lasting(const Model& model) : model_(model) {}

  bool is(const Workflow& workflow) const {
    return std::any_of(workflow.begin(), workflow.end(), [this](const WorkflowStep& step) {
      return std::visit([this](const auto& what) { return of(what); }, step.what);
    });
  }

 private:
  bool of(const ServiceCall& call) const {
    if (const auto* child = model_.child_of(call.service)) return is(child->workflow);
    const auto& latency = model_.services[call.service].latency;
    if (const auto* whole = std::get_if<WholeLatency>(&latency)) return lasts(whole->whole);
    return lasts(std::get<TokenLatency>(latency).time_to_first_token);
  }
  bool of(const Transaction& transaction) const { return lasts(transaction.duration); }
  bool of(const Wait& wait) const { return lasts(wait.duration); }
  bool of(const Repeat& repeat) const { return often(repeat.times) && is(repeat.body); }
  bool of(const ParallelTimes& parallel) const {
    return often(parallel.times) && is(parallel.branch);
  }
  bool of(const Choose& choose) const {
    for (std::size_t i = 0; i < choose.branches.size(); ++i) {
      if (choose.weights[i] > 0 && !is(choose.branches[i])) return false;
    }
    return true;
  }
  bool of(const Parallel& parallel) const {
    return std::any_of(parallel.branches.begin(), parallel.branches.end(),
                       [this](const Workflow& branch) { return is(branch); });
  }
  static bool often(const Distribution& times) { return to_count(times.quantile(unusual)) > 0; }

  const Model& model_;
};

/// How large the tree of a request is on average.
struct TreeSize {
  double children = 0;
  double operations = 0;  ///< children's included
  TreeSize& add(const TreeSize& other, double times) {
    children += times * other.children;
    operations += times * other.operations;
    return *this;
  }
};

class Trees {
 public:
  explicit Trees(const Model& model) : model_(model), of_agents_(model.services.size()) {}

  TreeSize of(const Workflow& workflow) {
    TreeSize sum;
    for (const auto& step : workflow)
      sum.add(std::visit([this](const auto& what) { return of_step(what); }, step.what), 1);
    return sum;
  }

 private:
  TreeSize of_step(const ServiceCall& call) {
    TreeSize size{.children = 0, .operations = 1};
    const auto* child = model_.child_of(call.service);
    if (child == nullptr) return size;
    auto& known = of_agents_[call.service];
    if (!known) known = of(child->workflow);
    size.children = 1;
    return size.add(*known, 1);
  }
  static TreeSize of_step(const Transaction&) { return {.children = 0, .operations = 1}; }
  static TreeSize of_step(const Wait&) { return {}; }
  TreeSize of_step(const Repeat& repeat) { return rounds(repeat.times, repeat.body); }
  TreeSize of_step(const ParallelTimes& parallel) {
    return rounds(parallel.times, parallel.branch);
  }
  TreeSize of_step(const Choose& choose) {
    double total = 0;
    for (const double weight : choose.weights) total += weight;
    TreeSize sum;
    for (std::size_t i = 0; i < choose.branches.size(); ++i)
      sum.add(of(choose.branches[i]), choose.weights[i] / total);
    return sum;
  }
  TreeSize of_step(const Parallel& parallel) {
    TreeSize sum;
    for (const auto& branch : parallel.branches) sum.add(of(branch), 1);
    return sum;
  }
  /// A mean that a few large draws make says little of what is usual: then the median.
  TreeSize rounds(const Distribution& times, const Workflow& body) {
    const double mean = times.mean();
    const double median = static_cast<double>(to_count(times.quantile(0.5)));
    return TreeSize{}.add(of(body), std::isfinite(mean) && mean < 2 * median ? mean : median);
  }

  const Model& model_;
  std::vector<std::optional<TreeSize>> of_agents_;  ///< by service
};

/// How many requests are sent at the same instant, and wait for one another.
double requests_at_once(const Model& model) {
  if (!model.requests_compete() || !Lasting(model).is(model.workflow)) return 0;
  // Those that are turned away may be gone before the next ones come.
  if (std::any_of(model.services.begin(), model.services.end(),
                  [](const ServiceProfile& service) { return service.queue.has_value(); }))
    return 0;
  const auto requests = static_cast<double>(model.load.requests);
  if (std::holds_alternative<ArrivalsAtOnce>(model.load.arrivals)) return requests;
  if (const auto* closed = std::get_if<ClosedLoad>(&model.load.arrivals))
    return std::min(static_cast<double>(closed->users), requests);
  return 0;
}

std::string rounded(double x) {
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%.2g", x);
  const double two_digits = std::strtod(digits.data(), nullptr);
  std::snprintf(digits.data(), digits.size(), two_digits < 1e15 ? "%.10g" : "%.1e", two_digits);
  return digits.data();
}

/// "1.5 GB", of 10^9 bytes.
std::string gigabytes(double bytes) { return rounded(bytes / 1e9) + " GB"; }

/// The number in a file that says a limit; infinite if there is none.
double limit_in(const std::string& file) {
  std::ifstream in(file);
  double bytes = 0;
  return in >> bytes ? bytes : std::numeric_limits<double>::infinity();
}

/// Of the process's own groups and all above them, v2 and v1.
double control_group_limit() {
  double least = limit_in("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const bool is_v2 = line.starts_with("0::");
    const bool is_v1 = line.find(":memory:") != std::string::npos;
    if (!is_v2 && !is_v1) continue;
    std::string group = line.substr(line.find('/'));
    while (true) {
      least = std::min(
          least, is_v2 ? limit_in("/sys/fs/cgroup" + group + "/memory.max")
                       : limit_in("/sys/fs/cgroup/memory" + group + "/memory.limit_in_bytes"));
      if (group.empty()) break;
      group.resize(group.rfind('/'));
    }
  }
  return least;
}

}  // namespace

MemoryNeed memory_need(const Model& model, EngineKind engine) {
  MemoryNeed need;
  if (engine != EngineKind::caf_realtime) {
    const double requests = requests_at_once(model);
    const double share = model.links.client.is_constant() ? 1 : share_of_waiting;
    need = {.bytes = share * requests *
                     (engine == EngineKind::caf ? request_bytes_caf : request_bytes_direct),
            .what = rounded(requests) + " requests in flight at once",
            .advice = "have fewer of them, or let them arrive over time"};
  }
  const TreeSize tree = Trees(model).of(model.workflow);
  const double tree_bytes = tree.children * child_bytes + tree.operations * operation_bytes;
  if (tree.children > 0 && tree_bytes > need.bytes) {
    need = {.bytes = tree_bytes,
            .what = "a request with its " + rounded(tree.children) +
                    " child requests (on average, as their repeats are drawn)",
            .advice = "lower the `times` of agents' repeats, or have fewer agents below agents"};
  }
  return need;
}

double memory_limit() {
  double least = control_group_limit();
  struct sysinfo machine {};
  if (::sysinfo(&machine) == 0) {
    least = std::min(
        least, (static_cast<double>(machine.totalram) + static_cast<double>(machine.totalswap)) *
                   machine.mem_unit);
  }
  rlimit address_space{};
  if (::getrlimit(RLIMIT_AS, &address_space) == 0 && address_space.rlim_cur != RLIM_INFINITY)
    least = std::min(least, static_cast<double>(address_space.rlim_cur));
  return least;
}

void expect_memory(const MemoryNeed& need, double limit) {
  if (need.bytes <= limit) return;
  throw TooLittleMemory(need.what + " would need about " + gigabytes(need.bytes) +
                        " of memory, and there is " + gigabytes(limit) + "; " + need.advice);
}

}  // namespace caesura
