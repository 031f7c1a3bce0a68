#pragma once

#include "model/model.hpp"
#include "scenarios/format/format_value.hpp"
#include "scenarios/format/loader_distribution.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace caesura {

/// The services of a scenario, compiled, and found by kind and name.
class ServiceTable {
 public:
  /// `services` as check() left it, or nullptr if the file has none.
  ServiceTable(const Value* services, const DistributionReader& distributions);

  /// The index of the service that `reference` names. Throws ScenarioError with the nearest name,
  /// or the right kind.
  std::uint16_t find(const Value& reference, ServiceKind kind) const;

  std::uint16_t index_of_agent(const std::string& name) const {
    return by_kind_[static_cast<std::size_t>(ServiceKind::agent)].at(name);
  }
  const ServiceProfile& profile(std::uint16_t index) const { return profiles_[index]; }
  std::vector<ServiceProfile> take_profiles() { return std::move(profiles_); }

 private:
  void add(const ValueEntry& entry, ServiceKind kind, const DistributionReader& distributions);

  std::vector<ServiceProfile> profiles_;
  std::array<std::unordered_map<std::string, std::uint16_t>, 3> by_kind_;
};

/// What requests do, and what agents do that are requests of their own.
struct Work {
  Workflow workflow;
  std::vector<std::optional<ChildWorkflow>> children;  ///< as in Model
};

/// `steps` and `services` (nullptr if the file has none) as check() left them. Throws ScenarioError
/// for unknown services, for agents that reach themselves, and if even the smallest expansion of a
/// request is too long.
Work read_work(const Value& steps, const Value* services, const ServiceTable& table,
               const DistributionReader& distributions);

}  // namespace caesura
