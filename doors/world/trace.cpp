#include "doors/world/trace.hpp"

#include "doors/world/call_marks.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace caesura {
namespace {

/// What the marks of one message say together.
struct MessageMark {
  Mark mark;
  bool is_quote = false;  ///< of calls that it tells of: it names no agent
};

/// The one that a text begins with, else the last without an operation, else a quoted one. The last
/// of each sort, in `run` if that is known.
std::optional<MessageMark> mark_of(const ConversationMessage& message,
                                   const std::optional<std::string>& run) {
  std::optional<Mark> beginning;
  std::optional<Mark> plain;
  std::optional<Mark> quoted;
  for (const std::string& text : message.texts) {
    for (FoundMark& found : marks_in(text)) {
      if (run && found.mark.run != *run) continue;
      auto& sort = found.at == 0 ? beginning : found.mark.operation.empty() ? plain : quoted;
      sort = std::move(found.mark);
    }
  }
  if (beginning) return MessageMark{.mark = std::move(*beginning)};
  if (plain) return MessageMark{.mark = std::move(*plain)};
  if (!quoted) return std::nullopt;
  quoted->operation = {};
  return MessageMark{.mark = std::move(*quoted), .is_quote = true};
}

/// What the ids of a message and the arguments of its calls say, the last of them, in `run` if that
/// is known.
std::optional<Mark> id_mark_of(const ConversationMessage& message,
                               const std::optional<std::string>& run) {
  const auto in_run = [&](std::optional<Mark> mark) {
    return mark && (!run || mark->run == *run) ? mark : std::nullopt;
  };
  for (auto result = message.results.rbegin(); result != message.results.rend(); ++result) {
    if (auto mark = in_run(mark_of_any_id(result->id))) return mark;
  }
  for (auto call = message.calls.rbegin(); call != message.calls.rend(); ++call) {
    if (auto mark = in_run(mark_of_any_id(call->id))) return mark;
    if (auto mark = in_run(mark_of_call(*call))) return mark;
  }
  return in_run(mark_of_any_id(message.answer_id));
}

bool says_something(const ConversationMessage& message) {
  return std::any_of(message.texts.begin(), message.texts.end(), [](const std::string& text) {
    return text.find_first_not_of(" \t\r\n") != std::string::npos;
  });
}

/// Reads a conversation from its end until it knows whose it is.
class TraceReader {
 public:
  explicit TraceReader(std::optional<std::string> run) : run_(std::move(run)) {}

  Trace read(const Conversation& conversation) {
    for (auto message = conversation.messages.rbegin();
         message != conversation.messages.rend() && !(turn_ && agent_); ++message) {
      if (message->speaker == Speaker::user) read_user(*message);
      if (!turn_) read_ids(*message);
    }
    if (!turn_) read_other_texts(conversation);
    Trace trace;
    if (run_) trace.run = *run_;
    trace.turn = turn_;
    if (agent_ && turn_ == agent_->turn) trace.agent = agent_->operation;
    return trace;
  }

 private:
  void read_user(const ConversationMessage& message) {
    const auto found = mark_of(message, run_);
    if (found) {
      if (!run_) run_ = found->mark.run;
      if (!turn_) turn_ = found->mark.turn;
      if (!agent_ && !found->is_quote) agent_ = found->mark;
    }
    // A mark of the run alone does not say which of its requests begins here.
    if (!turn_ && message.results.empty() && message.calls.empty() && says_something(message))
      another_began_ = true;
  }
  void read_ids(const ConversationMessage& message) {
    const auto mark = id_mark_of(message, run_);
    if (!mark) return;
    run_ = mark->run;
    turn_ = *mark->turn + (another_began_ ? 1U : 0U);
  }
  void read_other_texts(const Conversation& conversation) {
    for (auto message = conversation.messages.rbegin();
         message != conversation.messages.rend() && !turn_; ++message) {
      if (message->speaker == Speaker::user) continue;
      const auto found = mark_of(*message, run_);
      if (!found) continue;
      run_ = found->mark.run;
      turn_ = found->mark.turn;
    }
  }

  std::optional<std::string> run_;
  std::optional<std::uint32_t> turn_;
  std::optional<Mark> agent_;   ///< of the newest user's message that does not only quote
  bool another_began_ = false;  ///< a user's message without a mark has been read
};

/// The newest of these loops of which the message names a call.
const AgentLoop* loop_named_in(const ConversationMessage& message, const Trace& trace,
                               const std::vector<const AgentLoop*>& loops) {
  const auto named = [&](const std::optional<Mark>& mark) -> const AgentLoop* {
    if (!mark || mark->operation.empty() || mark->run != trace.run) return nullptr;
    if (trace.turn && mark->turn != trace.turn) return nullptr;
    const OperationPath agent = mark->operation.parent();
    const auto found = std::lower_bound(
        loops.begin(), loops.end(), agent,
        [](const AgentLoop* loop, const OperationPath& path) { return loop->agent < path; });
    return found != loops.end() && (*found)->agent == agent ? *found : nullptr;
  };
  for (auto result = message.results.rbegin(); result != message.results.rend(); ++result) {
    if (const AgentLoop* loop = named(mark_of_id(result->id))) return loop;
  }
  for (auto call = message.calls.rbegin(); call != message.calls.rend(); ++call) {
    if (const AgentLoop* loop = named(mark_of_call(*call))) return loop;
  }
  const AgentLoop* newest = nullptr;
  for (const std::string& text : message.texts) {
    for (const FoundMark& found : marks_in(text)) {
      if (const AgentLoop* loop = named(found.mark)) newest = loop;
    }
  }
  return newest;
}

}  // namespace

Trace trace_of(const CallHint& hint, const Conversation& conversation) {
  return TraceReader(hint.path_run ? hint.path_run : hint.key_run).read(conversation);
}

const AgentLoop* loop_for(const Trace& trace, const TurnPlan& plan,
                          const Conversation& conversation,
                          const std::function<bool(const AgentLoop&)>& is_open) {
  if (!trace.agent.empty()) return plan.loop_of(trace.agent);
  const std::vector<const AgentLoop*> loops = plan.loops_with_model(conversation.model);
  if (loops.empty()) return nullptr;
  if (loops.size() == 1) return loops.front();
  for (auto message = conversation.messages.rbegin(); message != conversation.messages.rend();
       ++message) {
    if (const AgentLoop* loop = loop_named_in(*message, trace, loops)) return loop;
  }
  const auto open = std::find_if(loops.begin(), loops.end(),
                                 [&](const AgentLoop* loop) { return is_open(*loop); });
  return open == loops.end() ? loops.front() : *open;
}

}  // namespace caesura
