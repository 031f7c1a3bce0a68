#include "scenarios/study/batch.hpp"

#include "model/plan.hpp"
#include "scenarios/results/threshold_reader.hpp"
#include "scenarios/run/crew.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

Json::json_pointer pointer_to(const std::string& field) {
  std::string path = "/" + field;
  std::replace(path.begin(), path.end(), '.', '/');
  return Json::json_pointer(path);
}

const std::vector<Json::json_pointer>& field_pointers() {
  static const std::vector<Json::json_pointer> pointers = [] {
    std::vector<Json::json_pointer> all;
    for (const auto& field : known_fields()) all.push_back(pointer_to(field));
    return all;
  }();
  return pointers;
}

/// Deals out the runs in order. Of several that fail, the first one's exception comes out: all
/// before it have been dealt out, and end.
class Dealer {
 public:
  Dealer(std::size_t runs, const std::atomic<bool>& stop) : runs_(runs), stop_(stop) {}

  void deal(unsigned threads, const std::function<void(std::size_t)>& run) {
    Crew crew(stop_);
    crew.run(threads, [&] {
      while (!stop_ && !failed_) {
        const std::size_t i = next_++;
        if (i >= runs_) return;
        guarded(run, i);
      }
    });
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void guarded(const std::function<void(std::size_t)>& run, std::size_t i) {
    try {
      run(i);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (i < failed_at_) error_ = std::current_exception();
      failed_at_ = std::min(i, failed_at_);
      failed_ = true;
    }
  }

  std::size_t runs_;
  const std::atomic<bool>& stop_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;  // guards what follows
  std::size_t failed_at_ = std::numeric_limits<std::size_t>::max();
  std::exception_ptr error_;
};

std::string options_text(const ScenarioOptions& options) {
  std::string text;
  for (const auto& varied : options.varied) text += "--vary " + varied + ' ';
  if (!text.empty()) text.back() = ':';
  return text.empty() ? text : text + ' ';
}

Scenario load_one(const Batch& batch, const ScenarioOptions& options) {
  Scenario scenario = load_scenario(batch.file, options);
  if (!batch.only_policy.empty()) {
    std::erase_if(scenario.policies,
                  [&](const Policy& policy) { return policy.name != batch.only_policy; });
  }
  return scenario;
}

std::optional<BatchResult> run_one(const Batch& batch, std::size_t i, unsigned threads,
                                   const std::atomic<bool>& stop) {
  const ScenarioOptions options = batch.options(i);
  const Scenario scenario = load_one(batch, options);
  Progress progress;
  const RunOptions run_options{
      .engine = batch.engine, .threads = threads, .requests_csv = {}, .each_request = {}};
  const auto rename = [&](const std::exception& error) {
    return ScenarioError(options_text(options) + error.what());
  };
  try {
    const RunOutcome outcome = run_scenario(scenario, run_options, stop, progress);
    if (outcome.partial) return std::nullopt;
    BatchResult result{
        .seed = scenario.model.seed.value, .requests = outcome.requests, .policies = {}};
    for (const auto& [policy, totals] : outcome.policies)
      result.policies.push_back(figures_of(totals.to_json(policy.name)));
    return result;
  } catch (const PlanTooLong& error) {
    throw rename(error);
  } catch (const std::overflow_error& error) {
    throw rename(error);
  }
}

}  // namespace

PolicyFigures figures_of(const Json& policy) {
  PolicyFigures result{.policy = policy.at("policy").get<std::string>(), .figures = {}};
  result.figures.reserve(field_pointers().size());
  for (const auto& pointer : field_pointers()) {
    const Json& number = policy.at(pointer);
    result.figures.push_back(number.is_number() ? number.get<double>()
                                                : std::numeric_limits<double>::quiet_NaN());
  }
  return result;
}

Json policy_json(const PolicyFigures& policy) {
  Json json{{"policy", policy.policy}};
  for (std::size_t i = 0; i < policy.figures.size(); ++i) {
    json[field_pointers()[i]] =
        std::isnan(policy.figures[i]) ? Json(nullptr) : Json(policy.figures[i]);
  }
  return json;
}

std::size_t field_index(const std::string& field) {
  static const std::map<std::string, std::size_t> indices = [] {
    std::map<std::string, std::size_t> all;
    for (const auto& known : known_fields()) all.emplace(known, all.size());
    return all;
  }();
  return indices.at(field);
}

std::vector<std::string> check_batch(const Batch& batch, const std::atomic<bool>& stop,
                                     BatchProgress& progress) {
  progress.runs_total += batch.runs;
  std::optional<std::vector<std::string>> shared;
  std::mutex mutex;  // guards it
  Dealer(batch.runs, stop).deal(batch.threads, [&](std::size_t i) {
    const auto warnings = load_one(batch, batch.options(i)).warnings;
    {
      const std::lock_guard lock(mutex);
      if (!shared) shared = warnings;
      std::erase_if(*shared, [&](const std::string& warning) {
        return std::find(warnings.begin(), warnings.end(), warning) == warnings.end();
      });
    }
    ++progress.runs_done;
  });
  return shared.value_or(std::vector<std::string>{});
}

std::vector<std::optional<BatchResult>> run_batch(const Batch& batch, const std::atomic<bool>& stop,
                                                  BatchProgress& progress) {
  std::vector<std::optional<BatchResult>> results(batch.runs);
  progress.runs_total += batch.runs;
  // A few long runs have several threads each; many have one.
  const unsigned at_once = static_cast<unsigned>(
      std::min<std::size_t>(batch.threads, std::max<std::size_t>(batch.runs, 1)));
  const unsigned threads_each = batch.threads / at_once;
  Dealer(batch.runs, stop).deal(at_once, [&](std::size_t i) {
    results[i] = run_one(batch, i, threads_each, stop);
    ++progress.runs_done;
  });
  return results;
}

}  // namespace caesura
