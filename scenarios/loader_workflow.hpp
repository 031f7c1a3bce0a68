#pragma once

#include "actors/model.hpp"
#include "scenarios/format_value.hpp"
#include "scenarios/loader_distribution.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace caesura {

/// The services of a scenario, compiled, and found by kind and name.
class ServiceTable {
 public:
  /// `services` as check() left it, or nullptr if the file has none.
  ServiceTable(const Value* services, const DistributionReader& distributions);

  /// The index of the service that `reference` names. Throws ScenarioError with the nearest name, or the right kind.
  std::uint16_t find(const Value& reference, ServiceKind kind) const;

  std::vector<ServiceProfile> take_profiles() { return std::move(profiles_); }

 private:
  void add(const ValueEntry& entry, ServiceKind kind, const DistributionReader& distributions);

  std::vector<ServiceProfile> profiles_;
  std::array<std::unordered_map<std::string, std::uint16_t>, 3> by_kind_;
};

/// The workflow, checked already. Throws ScenarioError for unknown services, and if even its smallest expansion is too long.
Workflow read_workflow(const Value& steps, const ServiceTable& services, const DistributionReader& distributions);

}  // namespace caesura
