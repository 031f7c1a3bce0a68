#include "doors/world/conversation_history.hpp"

#include "doors/world/call_marks.hpp"
#include "doors/world/offered_tools.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace caesura {
namespace {

bool is_of(const Mark& mark, const Mark& turn) {
  return mark.run == turn.run && mark.turn == turn.turn;
}

bool is_child_of(const OperationPath& path, const OperationPath& agent) {
  return path.numbers.size() == agent.numbers.size() + 1 && path.is_within(agent);
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

/// Gives calls that only have a name their places in a loop.
class NamedCalls {
 public:
  NamedCalls(const Model& model, const AgentLoop& loop) : model_(model) {
    for (const ServiceProfile& service : model.services) names_.push_back(service.name);
    for (const LoopStep& step : loop.steps)
      for (const LoopCall& call : step.calls) calls_.push_back(&call);
    for (std::size_t i = 0; i < calls_.size(); ++i) of_service_[calls_[i]->service].push_back(i);
    is_held_.resize(calls_.size());
  }

  std::size_t size() const { return calls_.size(); }
  const LoopCall& at(std::size_t place) const { return *calls_[place]; }
  /// The place of an operation, if it is in the loop.
  std::optional<std::size_t> place_of(const OperationPath& operation) const {
    const auto found = std::lower_bound(
        calls_.begin(), calls_.end(), operation,
        [](const LoopCall* call, const OperationPath& path) { return call->operation < path; });
    if (found == calls_.end() || (*found)->operation != operation) return std::nullopt;
    return static_cast<std::size_t>(found - calls_.begin());
  }
  void hold(std::size_t place) { is_held_[place] = true; }

  /// The first place from `begin` on that is not held yet and that a call of this name can be of.
  std::optional<std::size_t> place_of(const std::string& name, const std::string& arguments,
                                      std::size_t begin) {
    std::optional<std::size_t> first;
    for (const std::uint16_t service : services_of(name, arguments)) {
      const auto place = next_of(service, begin);
      if (place && (!first || *place < *first)) first = place;
    }
    return first;
  }

 private:
  std::vector<std::uint16_t> services_of(const std::string& name, const std::string& arguments) {
    const auto [known, is_new] = by_name_.try_emplace(name);
    if (is_new) {
      known->second.means_any = means_any(names_, name);
      for (const auto& [service, places] : of_service_) {
        if (is_called_by(names_[service], names_, name)) known->second.services.push_back(service);
      }
    }
    if (known->second.means_any) return known->second.services;
    std::vector<std::uint16_t> agents;
    for (const auto& [service, places] : of_service_) {
      if (model_.services[service].kind == ServiceKind::agent &&
          selects(arguments, names_[service]))
        agents.push_back(service);
    }
    return agents;
  }

  /// Whether one of the arguments of a tool for all agents is the agent.
  static bool selects(const std::string& arguments, const std::string& agent) {
    bool does = false;
    each_text(arguments, [&](const std::string&, const std::string& text) {
      does = does || are_alike(text, agent);
    });
    return does;
  }

  /// `begin` never falls, so that what has been passed is not looked at again.
  std::optional<std::size_t> next_of(std::uint16_t service, std::size_t begin) {
    const std::vector<std::size_t>& places = of_service_[service];
    std::size_t& next = next_[service];
    while (next < places.size() && (places[next] < begin || is_held_[places[next]])) ++next;
    return next < places.size() ? std::optional(places[next]) : std::nullopt;
  }

  struct Meaning {
    bool means_any = false;
    std::vector<std::uint16_t> services;
  };

  const Model& model_;
  std::vector<std::string> names_;
  std::vector<const LoopCall*> calls_;
  std::map<std::uint16_t, std::vector<std::size_t>> of_service_;
  std::map<std::uint16_t, std::size_t> next_;
  std::vector<bool> is_held_;
  std::unordered_map<std::string, Meaning> by_name_;
};

/// Reads a conversation once, from its beginning.
class HistoryReader {
 public:
  HistoryReader(const Mark& turn, const TurnPlan& plan, const AgentLoop* loop,
                const Conversation& conversation)
      : turn_(turn), plan_(plan), loop_(loop), conversation_(conversation) {
    if (loop) named_.emplace(plan.model(), *loop);
  }

  HeldCalls read() {
    for (at_ = 0; at_ < conversation_.messages.size(); ++at_) {
      const ConversationMessage& message = conversation_.messages[at_];
      note_answer(message.answer_id);
      for (const std::string& text : message.texts) read_text(text);
      for (const AskedCall& call : message.calls) read_call(call);
      for (const CallResult& result : message.results) read_result(result);
    }
    if (next_ > 0) held_.last = named_->at(next_ - 1).operation;
    if (!held_.last.empty()) note_furthest(held_.last);
    // Whoever works has been asked to.
    if (loop_ && !loop_->agent.empty()) note_furthest(loop_->agent);
    for (const auto& [agent, operation] : furthest_) held_.furthest.push_back(operation);
    return std::move(held_);
  }

 private:
  void read_text(const std::string& text) {
    for (const FoundMark& found : marks_in(text)) {
      if (!is_of(found.mark, turn_)) continue;
      hold(found.mark.operation);
      in_results_ = true;  // what it tells of is over
    }
  }

  void read_call(const AskedCall& call) {
    // Answers that follow each other without a result between are one that was split.
    if (std::exchange(in_results_, false)) answer_begin_ = next_;
    note_answer(call.id);
    if (!call.id.empty()) names_of_ids_.emplace(call.id, call.name);
    ++unanswered_[call.name];
    if (const auto mark = mark_of_call(call)) {
      if (is_of(*mark, turn_)) hold(mark->operation);
      return;
    }
    hold_by_name(call.name, call.arguments);
  }

  void read_result(const CallResult& result) {
    in_results_ = true;
    read_text(result.text);
    const auto asked = names_of_ids_.find(result.id);
    if (!result.id.empty() && asked != names_of_ids_.end()) {
      answer(asked->second);
      return;
    }
    if (const auto mark = mark_of_id(result.id)) {
      if (is_of(*mark, turn_)) hold(mark->operation);
      return;
    }
    if (!result.name.empty() && !answer(result.name)) hold_by_name(result.name, {});
  }

  /// Whether a call of this name was still without its result.
  bool answer(std::string_view name) {
    const auto found = unanswered_.find(name);
    if (found == unanswered_.end() || found->second == 0) return false;
    --found->second;
    return true;
  }

  void note_answer(const std::string& id) {
    if (!loop_ || id.empty() || !loop_->steps.back().calls.empty()) return;
    const auto mark = mark_of_any_id(id);
    if (mark && is_of(*mark, turn_) && mark->operation == loop_->steps.back().operation)
      held_.has_final_answer = true;
  }

  void hold(const OperationPath& operation) {
    if (operation.empty()) return;
    if (!loop_ || !is_child_of(operation, loop_->agent)) {
      if (call_in(plan_, operation)) note_furthest(operation);
      return;
    }
    if (const auto place = named_->place_of(operation)) hold(*place);
  }
  void hold(std::size_t place) {
    named_->hold(place);
    next_ = std::max(next_, place + 1);
    if (watched_ && !watched_at_ && named_->at(place).operation == *watched_) watched_at_ = at_;
  }
  void hold_by_name(const std::string& name, const std::string& arguments) {
    if (!loop_ || at_ < turn_begin()) return;
    if (const auto place = named_->place_of(name, arguments, answer_begin_)) hold(*place);
  }

  void note_furthest(const OperationPath& operation) {
    OperationPath& furthest = furthest_[operation.parent()];
    furthest = std::max(furthest, operation);
  }

  /// The first message whose calls may be this loop's though they only have names.
  std::size_t turn_begin() {
    if (!turn_begin_) {
      turn_begin_ = first_of_turn();
      turn_begin_ = std::max(*turn_begin_, first_of_agent());
    }
    return *turn_begin_;
  }
  std::size_t first_of_turn() {
    std::size_t newest = 0;
    for (std::size_t i = 0; i < conversation_.messages.size(); ++i) {
      const ConversationMessage& message = conversation_.messages[i];
      bool says_something = false;
      for (const std::string& text : message.texts) {
        for (const FoundMark& found : marks_in(text)) {
          if (!is_of(found.mark, turn_)) continue;
          has_mark_ = true;
          return i;
        }
        says_something = says_something || !is_blank(text);
      }
      // Without tools the last one asks for a summary or the like of what was before.
      const bool is_about = conversation_.tools.empty() && i + 1 == conversation_.messages.size();
      if (message.speaker == Speaker::user && message.results.empty() && says_something &&
          !is_about)
        newest = i;
    }
    return newest;
  }
  /// Behind what has handed the conversation to the loop's agent, as the loop above it reads it:
  /// the calls before are that one's. None of a conversation that others have begun and that does
  /// not hold the call of the agent.
  std::size_t first_of_agent() const {
    if (loop_->agent.empty()) return 0;
    HistoryReader above(turn_, plan_, plan_.loop_of(loop_->agent.parent()), conversation_);
    above.watched_ = &loop_->agent;
    above.read();
    if (above.watched_at_) return *above.watched_at_ + 1;
    return has_mark_ ? conversation_.messages.size() : 0;
  }

  const Mark& turn_;
  const TurnPlan& plan_;
  const AgentLoop* loop_;
  const Conversation& conversation_;
  std::optional<NamedCalls> named_;  ///< of the loop
  HeldCalls held_;
  std::map<OperationPath, OperationPath> furthest_;  ///< by the agent whose loop it is
  std::unordered_map<std::string_view, std::string_view> names_of_ids_;
  std::unordered_map<std::string_view, std::size_t> unanswered_;  ///< calls by name
  std::optional<std::size_t> turn_begin_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;          ///< the place behind the furthest call
  std::size_t answer_begin_ = 0;  ///< the first place of the answer that is read
  bool in_results_ = false;
  const OperationPath* watched_ = nullptr;
  std::optional<std::size_t> watched_at_;  ///< the message that holds that call first
  bool has_mark_ = false;                  ///< a text says which turn this is
};

}  // namespace

const LoopCall* call_in(const TurnPlan& plan, const OperationPath& operation) {
  const AgentLoop* loop = operation.empty() ? nullptr : plan.loop_of(operation.parent());
  if (!loop) return nullptr;
  const auto behind = std::upper_bound(
      loop->steps.begin(), loop->steps.end(), operation,
      [](const OperationPath& path, const LoopStep& step) { return path < step.operation; });
  if (behind == loop->steps.begin()) return nullptr;
  const std::vector<LoopCall>& calls = std::prev(behind)->calls;
  const auto found = std::lower_bound(
      calls.begin(), calls.end(), operation,
      [](const LoopCall& call, const OperationPath& path) { return call.operation < path; });
  return found != calls.end() && found->operation == operation ? &*found : nullptr;
}

HeldCalls held_calls(const Mark& turn, const TurnPlan& plan, const AgentLoop* loop,
                     const Conversation& conversation) {
  return HistoryReader(turn, plan, loop, conversation).read();
}

}  // namespace caesura
