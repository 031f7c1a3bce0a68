#pragma once

#include "doors/world/conversation.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// How the subject's tools mean the scenario's services.
struct ToolMatch {
  const OfferedTool* tool = nullptr;  ///< null: none is offered
  /// Of a tool for all agents: the argument that says which, and the value that says this one.
  std::string selector = {};
  std::string selected = {};
  bool is_ambiguous = false;           ///< two fit equally:
  const OfferedTool* other = nullptr;  ///< ... this one too
};
/// The tool by which `service` is called: by its name, else by its last part after `__`, `/`, `.`
/// or `:`, else as an ending after `_` or `-`; case, `-` and `_` alike, but the very name comes
/// first; none that means another of `services` more closely (its own name, a longer ending). An
/// agent also by a tool for all agents, one of whose arguments has it in its `enum` or is called
/// like agent_name or subagent_type.
ToolMatch tool_for(std::string_view service, bool is_agent,
                   const std::vector<std::string>& services, const std::vector<OfferedTool>& tools);

/// Whether a call that was made under `tool` is one of `service`, by the same rule, though it is
/// not known what was offered.
bool is_called_by(std::string_view service, const std::vector<std::string>& services,
                  std::string_view tool);
/// Whether a tool of this name means any of `services`.
bool means_any(const std::vector<std::string>& services, std::string_view tool);
/// Names are alike: case, `-` and `_` do not count.
bool are_alike(std::string_view a, std::string_view b);

}  // namespace caesura
