#include "doors/world/offered_tools.hpp"

#include "doors/world/schema_view.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace caesura {
namespace {

/// How closely a tool's name means a service's, closest first.
enum class Fit : std::uint8_t { very_name, name, last_part, ending, none };

char plain(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == '-' ? '_' : c;
}

Fit fit_of(std::string_view service, std::string_view tool) {
  if (service.empty() || tool.size() < service.size()) return Fit::none;
  if (tool == service) return Fit::very_name;
  const std::string_view front = tool.substr(0, tool.size() - service.size());
  if (!are_alike(tool.substr(front.size()), service)) return Fit::none;
  if (front.empty()) return Fit::name;
  const char before = front.back();
  if (before == '/' || before == '.' || before == ':' || front.ends_with("__"))
    return Fit::last_part;
  return before == '_' || before == '-' ? Fit::ending : Fit::none;
}

/// Whether one of the services means the tool more closely than `service`, which fits it so.
bool is_anothers(std::string_view service, Fit fit, const std::vector<std::string>& services,
                 std::string_view tool) {
  return std::any_of(services.begin(), services.end(), [&](const std::string& other) {
    if (other == service) return false;
    const Fit others = fit_of(other, tool);
    return others < fit || (others == fit && others != Fit::none && other.size() > service.size());
  });
}

/// Keeps the tools that fit most closely.
class Closest {
 public:
  void consider(const OfferedTool& tool, unsigned distance) {
    if (distance > distance_) return;
    if (distance < distance_) {
      distance_ = distance;
      match_ = {.tool = &tool};
    } else if (tool.name != match_.tool->name && !match_.is_ambiguous) {
      match_.is_ambiguous = true;
      match_.other = &tool;
    }
  }
  ToolMatch& match() { return match_; }
  bool has_one() const { return match_.tool != nullptr; }

 private:
  unsigned distance_ = 1000;
  ToolMatch match_;
};

struct Selection {
  std::string argument;
  std::string value;
  bool is_listed = false;  ///< the argument's schema has the value
};

bool selects_agents(std::string_view argument) {
  std::string letters;
  for (const char c : argument) {
    if (plain(c) != '_') letters += plain(c);
  }
  return letters == "agentname" || letters == "subagenttype";
}

/// By which argument a tool for all agents says that `agent` is meant.
std::optional<Selection> selection_of(std::string_view agent, const OfferedTool& tool) {
  std::optional<Selection> named;
  const SchemaView schema(tool.parameters);
  for (const auto& [name, property] : schema.properties(tool.parameters)) {
    std::optional<std::string> listed;
    const bool has_list = schema.each_listed_text(*property, [&](const std::string& value) {
      if (!listed && are_alike(value, agent)) listed = value;
    });
    if (listed)
      return Selection{.argument = std::string(name), .value = *listed, .is_listed = true};
    if (!has_list && !named && selects_agents(name))
      named = Selection{.argument = std::string(name), .value = std::string(agent)};
  }
  return named;
}

}  // namespace

bool are_alike(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return plain(x) == plain(y); });
}

bool is_called_by(std::string_view service, const std::vector<std::string>& services,
                  std::string_view tool) {
  const Fit fit = fit_of(service, tool);
  return fit != Fit::none && !is_anothers(service, fit, services, tool);
}

bool means_any(const std::vector<std::string>& services, std::string_view tool) {
  return std::any_of(services.begin(), services.end(), [&](const std::string& service) {
    return fit_of(service, tool) != Fit::none;
  });
}

ToolMatch tool_for(std::string_view service, bool is_agent,
                   const std::vector<std::string>& services,
                   const std::vector<OfferedTool>& tools) {
  Closest closest;
  for (const OfferedTool& tool : tools) {
    const Fit fit = fit_of(service, tool.name);
    if (fit != Fit::none && !is_anothers(service, fit, services, tool.name))
      closest.consider(tool, static_cast<unsigned>(fit));
  }
  if (closest.has_one() || !is_agent) return closest.match();
  // A tool that is a service by its name is none for all agents, whatever its arguments list.
  for (const OfferedTool& tool : tools) {
    if (means_any(services, tool.name)) continue;
    if (const auto selection = selection_of(service, tool))
      closest.consider(tool, selection->is_listed ? 0U : 1U);
  }
  if (closest.has_one()) {
    const auto selection = selection_of(service, *closest.match().tool);
    closest.match().selector = selection->argument;
    closest.match().selected = selection->value;
  }
  return closest.match();
}

}  // namespace caesura
