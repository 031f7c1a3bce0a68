#pragma once

#include "doors/world/refusal.hpp"
#include "doors/world/world_session.hpp"
#include "tests/doors/live/manual_loop.hpp"
#include "tests/small_trees.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caesura::testing {

/// Five requests of the LLM (1 s, a token of 100 every 10 ms, 1650 picodollars), the tool (10 s),
/// and the LLM.
inline Model loop_of_three() {
  Model model = two_priced_services(5);
  model.workflow = {llm_call, tool_call, llm_call};
  return model;
}

/// Likewise, with another tool.
inline Model with_tool(const std::function<void(ServiceProfile&)>& change) {
  Model model = loop_of_three();
  change(model.services[1]);
  return model;
}
inline Model committing() {
  return with_tool([](ServiceProfile& tool) { tool.side_effects = SideEffects::unsafe; });
}

inline OperationPath path(const std::string& text) { return operation_path(text).value(); }

inline Scenario world_scenario(Model model, std::vector<CallFault> faults = {}) {
  Scenario scenario;
  scenario.name = "asked";
  scenario.file = "asked.yaml";
  scenario.model = std::move(model);
  scenario.policies = {policy(PolicyKind::checkpoint)};
  scenario.world.faults = std::move(faults);
  return scenario;
}

/// A session with a clock that is moved by hand, and a door that writes down what it hears.
class PlayedWorld {
 public:
  explicit PlayedWorld(Model model = loop_of_three(), std::vector<CallFault> faults = {},
                       WorldSessionOptions options = {})
      : scenario(world_scenario(std::move(model), std::move(faults))),
        session(loop, scenario, manual(std::move(options))) {}

  /// The LLM is asked in a request of run `r`, when these calls of the tool have been answered.
  WorldCallId ask_model(const std::string& name, const std::vector<std::string>& held = {},
                        std::uint32_t turn = 1) {
    return ask(name, conversation("[caesura r/" + std::to_string(turn) + "] hello", held, turn));
  }
  /// Likewise, of a run that only the address names.
  WorldCallId ask_untraced(const std::string& name, bool with_tools = true) {
    Conversation untraced = conversation("hello", {}, 1);
    if (!with_tools) untraced.tools.clear();
    return ask(name, untraced);
  }
  WorldCallId ask(const std::string& name, const Conversation& conversation) {
    const auto door = std::make_shared<Door>(*this, name);
    const BegunModelCall begun = session.call_model({.path_run = "r"}, conversation, door);
    door->id = begun.id;
    answer = begun.answer;
    loop.turn();
    return begun.id;
  }
  /// `mark`: the argument caesura_run; empty: none.
  WorldCallId ask_tool(const std::string& name, const std::string& mark = {}) {
    const auto door = std::make_shared<Door>(*this, name);
    nlohmann::json arguments{{"input", "x"}};
    if (!mark.empty()) arguments["caesura_run"] = mark;
    door->id = session.call_tool({.path_run = "r"}, "tool", arguments, door).id;
    loop.turn();
    return door->id;
  }
  void advance(Duration by) {
    session.advance(by);
    loop.turn();
  }
  /// Plays the first call of a request to its end.
  void play_first(std::uint32_t turn = 1) {
    ask_model("first", {}, turn);
    advance(1s);
    heard.clear();
  }

  RunRecord& run() { return *session.find_run("r"); }
  OperationRecord& operation(const std::string& which, std::uint32_t turn = 1) {
    return *run().turns.at(turn).find(path(which));
  }
  const Attempt& attempt(const std::string& which, std::size_t number = 1) {
    return operation(which).attempts.at(number - 1);
  }
  /// "operation.started 2": what was seen of the run, in order.
  std::vector<std::string> events() {
    std::vector<std::string> events;
    for (const WorldEvent& event : run().events.kept()) {
      events.push_back(name_of(event.kind) +
                       (event.operation.empty() ? "" : " " + event.operation.text()));
    }
    return events;
  }
  std::vector<std::string> take_heard() { return std::exchange(heard, {}); }

  static Conversation conversation(const std::string& prompt, const std::vector<std::string>& held,
                                   std::uint32_t turn) {
    Conversation conversation{.model = "llm"};
    conversation.messages = {{.speaker = Speaker::user, .texts = {prompt}}};
    for (const std::string& operation : held) {
      const std::string id =
          call_id("call", {.run = "r", .turn = turn, .operation = path(operation)});
      conversation.messages.push_back({.speaker = Speaker::assistant,
                                       .calls = {{.id = id, .name = "tool", .arguments = "{}"}}});
      conversation.messages.push_back(
          {.speaker = Speaker::tool, .results = {{.id = id, .text = "done"}}});
    }
    conversation.tools = {
        {.name = "tool",
         .parameters = {{"type", "object"},
                        {"properties",
                         {{"caesura_run", {{"type", "string"}}}, {"input", {{"type", "string"}}}}},
                        {"required", {"caesura_run", "input"}}}}};
    return conversation;
  }

  ManualLoop loop;
  const Scenario scenario;
  std::vector<std::string> heard;  ///< by doors: "A starts", …
  ModelAnswer answer;              ///< of the last call of the model
  std::vector<std::string> rows;   ///< of requests.csv
  WorldSession session;

 private:
  /// One call's. It hands on all that it is told at once.
  class Door final : public CallAudience {
   public:
    Door(PlayedWorld& world, std::string name) : world_(world), name_(std::move(name)) {}
    void started() override { say("starts"); }
    void generated(std::uint32_t first, std::uint32_t count) override {
      EXPECT_EQ(first, tokens_);
      tokens_ += count;
      world_.session.delivered(id, tokens_);
    }
    void ended(CallEnd end, std::string_view text) override {
      switch (end) {
        case CallEnd::ok:
          say("ok after " + std::to_string(tokens_));
          break;
        case CallEnd::failed:
          say("fails: " + std::string(text));
          break;
        case CallEnd::turned_away:
          say("is turned away");
          break;
      }
      world_.session.answered(id, false);
    }
    void broken() override { say("breaks after " + std::to_string(tokens_)); }
    WorldCallId id = 0;

   private:
    void say(const std::string& what) { world_.heard.push_back(name_ + " " + what); }
    PlayedWorld& world_;
    std::string name_;
    std::uint32_t tokens_ = 0;
  };

  WorldSessionOptions manual(WorldSessionOptions options) {
    options.manual_clock = true;
    options.requests_csv = [this](std::string_view row) { rows.emplace_back(row); };
    return options;
  }
};

/// The status that a call is refused with; 0: it is not.
template <class Call>
unsigned refused_with(Call call) {
  try {
    call();
    return 0;
  } catch (const Refusal& refusal) {
    return refusal.status;
  }
}

}  // namespace caesura::testing
