#include "scenarios/format/format.hpp"
#include "scenarios/format/format_check.hpp"
#include "scenarios/format/format_number.hpp"
#include "scenarios/format/loader_distribution.hpp"
#include "scenarios/format/loader_exam.hpp"
#include "scenarios/format/loader_file.hpp"
#include "scenarios/format/loader_options.hpp"
#include "scenarios/format/loader_requests.hpp"
#include "scenarios/format/loader_workflow.hpp"
#include "scenarios/format/loader_world.hpp"
#include "scenarios/format/loader_yaml.hpp"
#include "scenarios/format/playable.hpp"
#include "scenarios/format/scenario.hpp"
#include "scenarios/format/unmet_cancels.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <string>
#include <utility>

namespace caesura {
namespace {

bool has_any(const ScenarioOptions& options) {
  return !options.sets.empty() || options.seed || options.requests || !options.policies.empty() ||
         !options.varied.empty();
}

Links read_links(const Value* links, const DistributionReader& distributions) {
  if (links == nullptr) return {};
  const auto delay = [&](const char* key) {
    return distributions.read_or(*links, key, Quantity::duration, {});
  };
  return {.client = delay("client"),
          .llm = delay("llm"),
          .tool = delay("tool"),
          .agent = delay("agent")};
}

Model read_model(const Value& root, const DistributionReader& distributions) {
  Model model;
  if (const auto* seed = root.find("seed"))
    model.seed = static_cast<std::uint64_t>(whole_from(seed->text));
  model.load = read_load(*root.find("load"), distributions);
  model.links = read_links(root.find("links"), distributions);
  ServiceTable services(root.find("services"), distributions);
  Work work = read_work(*root.find("workflow"), root.find("services"), services, distributions);
  model.workflow = std::move(work.workflow);
  model.children = std::move(work.children);
  model.services = services.take_profiles();
  if (const auto* cancel = root.find("cancel"))
    model.cancels = read_cancels(*cancel, distributions);
  if (const auto* timeout = root.find("timeout")) model.timeout = duration_from(timeout->text);
  return model;
}

std::vector<ThresholdText> read_thresholds(const Value* thresholds) {
  std::vector<ThresholdText> result;
  if (thresholds == nullptr) return result;
  for (const auto& item : thresholds->items) result.push_back({item.text, location(item.place)});
  return result;
}

/// Of sources of cancels that no request can meet, where they say when.
std::vector<std::string> warnings_of(const Value* cancel, const Model& model) {
  std::vector<std::string> warnings;
  const auto reasons = reasons_unmet(model);
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    if (reasons[i].empty()) continue;
    const Value& source = cancel->kind == Value::Kind::list ? cancel->items[i] : *cancel;
    const auto moment =
        std::find_if(source.entries.begin(), source.entries.end(), [](const ValueEntry& entry) {
          return entry.key == "after_chunks" || entry.key == "during" || entry.key == "when";
        });
    warnings.push_back(location(moment->place) +
                       ": warning: no request can meet this cancel: " + reasons[i]);
  }
  return warnings;
}

/// As the file has them, --set applied, but not --policy.
std::vector<std::string> names_in_file(const Value* policy) {
  return policy == nullptr ? std::vector<std::string>{"checkpoint"} : policy_names(*policy);
}

/// Gives data files their absolute paths, since the scenario as it ran will lie elsewhere. Whether
/// there are any.
bool name_data_from_anywhere(const std::string& scenario_file, Value& value) {
  bool any = false;
  for (auto& item : value.items) any = name_data_from_anywhere(scenario_file, item) || any;
  for (auto& [key, place, below] : value.entries) {
    if ((key == "trace" || key == "empirical") && below.kind == Value::Kind::scalar) {
      below.text =
          std::filesystem::absolute(beside(scenario_file, below.text)).lexically_normal().string();
      below.quoted = true;
      any = true;
    } else {
      any = name_data_from_anywhere(scenario_file, below) || any;
    }
  }
  return any;
}

/// What the scenario as it ran cannot be held to.
void drop_thresholds_on(const std::vector<std::string>& policies_left_out, Value& root) {
  const auto entry = std::find_if(root.entries.begin(), root.entries.end(),
                                  [](const ValueEntry& e) { return e.key == "thresholds"; });
  if (entry == root.entries.end()) return;
  std::erase_if(entry->value.items, [&](const Value& threshold) {
    const auto begin = threshold.text.find_first_not_of(' ');
    return std::any_of(policies_left_out.begin(), policies_left_out.end(),
                       [&](const std::string& policy) {
                         return begin != std::string::npos &&
                                threshold.text.compare(begin, policy.size() + 1, policy + ".") == 0;
                       });
  });
  if (entry->value.items.empty()) root.entries.erase(entry);
}

enum class For { run, world, exam };

Scenario load(const std::string& file, const ScenarioOptions& options, For use) {
  std::deque<Source> sources{{file}};
  const auto& source = sources.front();
  const auto text = read_file(file, largest_scenario_bytes, {&source, 1, 1});
  Value root = parse_yaml(text, source);
  if (root.kind != Value::Kind::mapping) check(root, scenario_format());  // says why not

  auto before_policies = options;
  before_policies.policies.clear();
  before_policies.varied.clear();
  apply_options(before_policies, root, sources);
  auto names = names_in_file(root.find("policy"));
  ScenarioOptions from_policies_on;
  from_policies_on.policies = options.policies;
  from_policies_on.varied = options.varied;
  apply_options(from_policies_on, root, sources);
  check(root, scenario_format());

  Scenario scenario;
  scenario.file = file;
  scenario.name = root.find("scenario")->text;
  if (const auto* description = root.find("description")) scenario.description = description->text;
  scenario.model = read_model(root, DistributionReader(file));
  const auto* policy = root.find("policy");
  scenario.policies =
      policy == nullptr
          ? std::vector<Policy>{{.name = "checkpoint", .kind = PolicyKind::checkpoint}}
          : read_policies(*policy);
  for (auto& name : names) {
    const auto is_kept = [&](const Policy& kept) { return kept.name == name; };
    if (name.empty() || std::any_of(scenario.policies.begin(), scenario.policies.end(), is_kept))
      continue;
    scenario.policies_left_out.push_back(std::move(name));
  }
  scenario.warnings = warnings_of(root.find("cancel"), scenario.model);
  if (const auto* world = root.find("world")) {
    scenario.world = read_world(*world);
    const auto warnings = check_faults(*world, scenario.world, scenario.model);
    scenario.warnings.insert(scenario.warnings.end(), warnings.begin(), warnings.end());
  }
  if (const auto* exam = root.find("exam")) scenario.exam = read_exam(*exam);
  if (use != For::run) require_playable(root, scenario.model);
  if (use == For::exam)
    require_exam_case(root, scenario.model, scenario.exam ? &*scenario.exam : nullptr);
  scenario.thresholds = read_thresholds(root.find("thresholds"));
  drop_thresholds_on(scenario.policies_left_out, root);
  const bool names_data = name_data_from_anywhere(file, root);
  scenario.yaml = has_any(options) || names_data ? to_yaml(root) : text;
  return scenario;
}

}  // namespace

Scenario load_scenario(const std::string& file, const ScenarioOptions& options) {
  return load(file, options, For::run);
}

Scenario load_world_scenario(const std::string& file, const ScenarioOptions& options) {
  return load(file, options, For::world);
}

Scenario load_exam_case(const std::string& file, const ScenarioOptions& options) {
  return load(file, options, For::exam);
}

}  // namespace caesura
