#include "doors/world/director.hpp"

#include "scenarios/format/printable.hpp"
#include "doors/live/filler.hpp"
#include "doors/live/fingerprint.hpp"
#include "doors/world/conversation_history.hpp"
#include "doors/world/least_value.hpp"
#include "doors/world/offered_tools.hpp"
#include "doors/world/refusal.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace caesura {
namespace {

constexpr std::uint32_t most_text_words = 1'000'000;
constexpr std::uint32_t most_argument_words = 400;
/// Of unplanned answers; their marks are some of them.
constexpr std::uint32_t unplanned_tokens = 8;
/// Of texts in an answer that is JSON.
constexpr std::uint32_t json_text_words = 3;
/// So many loops' places an unplanned text tells.
constexpr std::size_t most_places = 8;
constexpr std::size_t most_names_told = 20;

std::uint32_t words_in(std::string_view text) {
  return static_cast<std::uint32_t>(std::count(text.begin(), text.end(), ' ')) + 1;
}

/// Goes on from a hash with more, so that no two lists of texts are the same.
class Fingerprint {
 public:
  void add(std::string_view text) {
    hash_ = (hash_ ^ fingerprint(text)) * 0x100000001b3U;
    hash_ = (hash_ ^ text.size()) * 0x100000001b3U;
  }
  void add(std::size_t number) { hash_ = (hash_ ^ number) * 0x100000001b3U; }
  /// 13 characters of [0-9a-v].
  std::string text() const {
    std::string text;
    for (int i = 0; i < 13; ++i) text += "0123456789abcdefghijklmnopqrstuv"[hash_ >> (5 * i) & 31U];
    return text;
  }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325U;
};

void add_content(Fingerprint& print, const Conversation& conversation) {
  print.add(conversation.model);
  for (const ConversationMessage& message : conversation.messages) {
    print.add(static_cast<std::size_t>(message.speaker));
    for (const std::string& text : message.texts) print.add(text);
    print.add(message.calls.size());
    for (const AskedCall& call : message.calls)
      print.add(call.id), print.add(call.name), print.add(call.arguments);
    print.add(message.results.size());
    for (const CallResult& result : message.results)
      print.add(result.id), print.add(result.name), print.add(result.text);
  }
}

/// Directs one call.
class Director {
 public:
  Director(const Mark& turn, const TurnPlan& plan, const AgentLoop* loop,
           const Conversation& conversation)
      : turn_{.run = turn.run, .turn = turn.turn.value_or(1), .operation = {}},
        plan_(plan),
        loop_(loop),
        conversation_(conversation),
        held_(held_calls(turn_, plan, loop, conversation)) {
    for (const ServiceProfile& service : plan.model().services) services_.push_back(service.name);
  }

  Direction direct() {
    const bool is_forced = !conversation_.forced_tool.empty();
    const std::optional<Place> place = next_place();
    if (is_forced && !(place && wants_forced_tool(*place)))
      return unplanned_call(tool_named(conversation_.forced_tool));
    if (!place || (conversation_.tools.empty() && has_calls())) return unplanned();
    if (place->step->calls.empty()) return last_answer(*place->step);
    if (conversation_.forbids_tools) return unplanned();
    return calls_of(*place);
  }

 private:
  /// Where the plan goes on: the calls of a step from `first` on, or its text.
  struct Place {
    const LoopStep* step;
    std::size_t first;
  };

  bool has_calls() const {
    return std::any_of(loop_->steps.begin(), loop_->steps.end(),
                       [](const LoopStep& step) { return !step.calls.empty(); });
  }

  /// None: the plan has none for this call.
  std::optional<Place> next_place() const {
    if (!loop_ || held_.has_final_answer) return std::nullopt;
    const std::vector<LoopStep>& steps = loop_->steps;
    if (held_.last.empty()) return Place{.step = &steps.front(), .first = 0};
    const auto next = std::upper_bound(
        steps.begin(), steps.end(), held_.last,
        [](const OperationPath& path, const LoopStep& step) { return path < step.operation; });
    const LoopStep& step = *std::prev(next);
    const auto rest = std::upper_bound(
        step.calls.begin(), step.calls.end(), held_.last,
        [](const OperationPath& path, const LoopCall& call) { return path < call.operation; });
    if (rest != step.calls.end())
      return Place{.step = &step, .first = static_cast<std::size_t>(rest - step.calls.begin())};
    if (next == steps.end()) return std::nullopt;
    return Place{.step = &*next, .first = 0};
  }

  const ToolMatch& match_of(const LoopCall& call) {
    const auto [known, is_new] = matches_.try_emplace(call.service);
    if (is_new)
      known->second = tool_for(services_[call.service], call.kind == OperationKind::agent,
                               services_, conversation_.tools);
    return known->second;
  }
  bool wants_forced_tool(const Place& place) {
    const std::vector<LoopCall>& calls = place.step->calls;
    return std::any_of(calls.begin() + static_cast<std::ptrdiff_t>(place.first), calls.end(),
                       [&](const LoopCall& call) {
                         const OfferedTool* tool = match_of(call).tool;
                         return tool && tool->name == conversation_.forced_tool;
                       });
  }

  Direction calls_of(const Place& place) {
    const LoopStep& step = *place.step;
    const std::size_t end = conversation_.one_call_at_a_time ? place.first + 1 : step.calls.size();
    Direction direction{
        .standing = place.first == 0 ? Direction::Standing::planned : Direction::Standing::added,
        .operation = step.operation,
        .key = key_of(step.operation)};
    for (std::size_t i = place.first; i < end; ++i)
      direction.calls.push_back(planned_call(step, step.calls[i]));
    if (direction.calls.size() < step.calls.size()) {
      direction.key += "_c" + number_of(step.calls[place.first]);
      if (end - place.first > 1) direction.key += '-' + number_of(step.calls[end - 1]);
    }
    return direction;
  }
  static std::string number_of(const LoopCall& call) {
    return std::to_string(call.operation.numbers.back());
  }

  GivenCall planned_call(const LoopStep& step, const LoopCall& call) {
    const ToolMatch& match = match_of(call);
    if (!match.tool || match.is_ambiguous) refuse(call, match);
    const Mark mark = at(call.operation);
    // The same in whichever answer it comes.
    const std::uint64_t share = tokens_of(step) / step.calls.size();
    const auto words =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(share, most_argument_words));
    std::string text = mark.text();
    if (words > 0) text += ' ' + filler(0, words);
    return {.operation = call.operation,
            .id_key = id_key(mark),
            .name = match.tool->name,
            .arguments = json_text_of(
                least_arguments(match.tool->parameters, text, mark.reference(), match))};
  }

  [[noreturn]] void refuse(const LoopCall& call, const ToolMatch& match) const {
    const std::string what = std::string(name_of(call.kind)) + " \"" + services_[call.service] +
                             "\" (operation " + call.operation.text() + ")";
    if (match.is_ambiguous)
      throw Refusal(RefusalKind::bad_request, 400,
                    "two of the tools that this call offers fit the " + what +
                        " of the plan equally: \"" + told(match.tool->name) + "\" and \"" +
                        told(match.other->name) + "\"",
                    "tools");
    std::string offered;
    for (std::size_t i = 0; i < conversation_.tools.size(); ++i) {
      if (i > 0) offered += ", ";
      if (i == most_names_told) {
        offered += "and " + std::to_string(conversation_.tools.size() - i) + " more";
        break;
      }
      offered += '"' + told(conversation_.tools[i].name) + '"';
    }
    throw Refusal(RefusalKind::bad_request, 400,
                  "the plan asks for the " + what +
                      " now, which this call does not offer; it offers " + offered,
                  "tools");
  }
  static std::string told(const std::string& name) {
    constexpr std::size_t most = 64;
    return escaped_line(name.size() <= most ? name : name.substr(0, most) + "...");
  }

  std::uint64_t tokens_of(const LoopStep& step) const {
    return static_cast<std::uint64_t>(plan_.find(step.operation)->sample.tokens.output.value);
  }

  /// What the loop ends with: text, JSON where that is asked for, and where a tool must be called
  /// one that the plan does not know: frameworks take the arguments for the answer.
  Direction last_answer(const LoopStep& step) {
    Direction direction{.operation = step.operation, .key = key_of(step.operation)};
    const OfferedTool* form = conversation_.forces_tool ? tool_outside() : nullptr;
    if (form) {
      GivenCall call = outside_call(*form, {}, filler(0, json_text_words));
      call.id_key = direction.key += form_suffix(call.name + ' ' + call.arguments);
      direction.calls.push_back(std::move(call));
    } else if (conversation_.schema) {
      direction.text = json_text_of(least_value(*conversation_.schema, filler(0, json_text_words)));
      direction.key += form_suffix(direction.text);
    } else {
      direction.text = filler(
          0, static_cast<std::uint32_t>(std::min<std::uint64_t>(tokens_of(step), most_text_words)));
    }
    return direction;
  }

  /// Of an answer in a form that the call asks for: other forms are other answers.
  static std::string form_suffix(std::string_view answer) {
    Fingerprint print;
    print.add(answer);
    return "_f" + print.text();
  }

  Direction unplanned() {
    if (const OfferedTool* form = conversation_.forces_tool ? tool_outside() : nullptr)
      return unplanned_call(*form);
    Direction direction{.standing = Direction::Standing::unplanned};
    direction.text = unplanned_text();
    direction.tokens = words_in(direction.text);
    if (conversation_.schema)
      direction.text = json_text_of(least_value(*conversation_.schema, direction.text));
    direction.key = unplanned_key(direction.text);
    return direction;
  }
  Direction unplanned_call(const OfferedTool& tool) {
    Direction direction{.standing = Direction::Standing::unplanned};
    const std::string text = unplanned_text();
    direction.tokens = words_in(text);
    GivenCall call = outside_call(tool, {}, text);
    call.id_key = direction.key = unplanned_key(call.name + ' ' + call.arguments);
    direction.calls.push_back(std::move(call));
    return direction;
  }
  GivenCall outside_call(const OfferedTool& tool, const std::string& key,
                         const std::string& text) const {
    return {.operation = {},
            .id_key = key,
            .name = tool.name,
            .arguments = json_text_of(
                least_arguments(tool.parameters, text, turn_.reference(), {.tool = &tool}))};
  }

  /// Begins with the mark of the request, and says how far its loops are: when a summary takes the
  /// place of the conversation, both are still there.
  std::string unplanned_text() const {
    std::string text = turn_.text();
    const std::size_t places = std::min(held_.furthest.size(), most_places);
    for (std::size_t i = 0; i < places; ++i) text += ' ' + at(held_.furthest[i]).text();
    const std::uint32_t words = words_in(text);
    return text + ' ' + filler(0, std::max(unplanned_tokens, words + 2) - words);
  }
  /// Of the conversation and the answer, as the same conversation may offer other tools.
  std::string unplanned_key(std::string_view answer) const {
    Fingerprint print;
    add_content(print, conversation_);
    print.add(answer);
    return turn_.run + '_' + std::to_string(*turn_.turn) + "_u" + print.text();
  }

  /// The first offered tool that is none of the scenario's.
  const OfferedTool* tool_outside() const {
    std::vector<std::string> names;
    for (const ServiceProfile& service : plan_.model().services) {
      if (service.kind != ServiceKind::llm) names.push_back(service.name);
    }
    const auto found =
        std::find_if(conversation_.tools.begin(), conversation_.tools.end(),
                     [&](const OfferedTool& tool) { return !means_any(names, tool.name); });
    return found == conversation_.tools.end() ? nullptr : &*found;
  }
  const OfferedTool& tool_named(const std::string& name) const {
    const auto found = std::find_if(conversation_.tools.begin(), conversation_.tools.end(),
                                    [&](const OfferedTool& tool) { return tool.name == name; });
    if (found == conversation_.tools.end())
      throw Refusal(RefusalKind::bad_request, 400,
                    "the tool that this call forces is not among those that it offers: \"" +
                        told(name) + "\"",
                    "tool_choice");
    return *found;
  }

  Mark at(const OperationPath& operation) const {
    return {.run = turn_.run, .turn = turn_.turn, .operation = operation};
  }
  std::string key_of(const OperationPath& operation) const { return id_key(at(operation)); }

  Mark turn_;
  const TurnPlan& plan_;
  const AgentLoop* loop_;
  const Conversation& conversation_;
  HeldCalls held_;
  std::vector<std::string> services_;           ///< their names, as in the model
  std::map<std::uint16_t, ToolMatch> matches_;  ///< by service
};

}  // namespace

Direction direct(const Mark& turn, const TurnPlan& plan, const AgentLoop* loop,
                 const Conversation& conversation) {
  return Director(turn, plan, loop, conversation).direct();
}

}  // namespace caesura
