#pragma once

#include "model/model.hpp"
#include "scenarios/format/format_value.hpp"

namespace caesura {

/// Throws ScenarioError, at the step or service and with what to write instead, unless an agent
/// loop of model and tools can play the scenario, whatever is drawn:
///
/// - The workflow, expanded, is model, tools, model, …, model. `llm` and `decompose` are the
/// model's
///   steps, `tool`, `agent` and `parallel` of single tools and agents are the tools'. An agent with
///   a workflow may also stand last: a handoff.
/// - All its model steps name one service.
/// - So is every agent's workflow, and its model is in no other loop.
/// - Tools and agents have names of at most 40 characters, which differ in more than case and '-'
///   for '_': protocols and frameworks put something before them, and change these.
///
/// A branch of weight 0 and a repeat of 0 times are never played, so that anything may stand there.
/// `root` as check() left it, and the model made of it.
void require_playable(const Value& root, const Model& model);

}  // namespace caesura
