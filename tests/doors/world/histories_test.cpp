#include "doors/world/director.hpp"
#include "tests/doors/world/small_world.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace caesura {
namespace {

using namespace testing;

/// An answer of the model and the results of its calls; or, without calls, texts that came between.
struct Exchange {
  std::vector<AskedCall> calls;
  std::vector<CallResult> results;
};

/// What really was said in a conversation, before a framework made its own of it.
struct Story {
  std::vector<ConversationMessage> before;  ///< earlier turns
  std::string prompt;
  std::vector<Exchange> exchanges;
};

using Messages = std::vector<ConversationMessage>;

/// How a framework keeps a conversation. `summary`: what the model makes of messages that it is
/// asked to sum up.
using Summarise = std::function<std::string(const Messages&)>;
struct History {
  const char* name;
  std::function<Messages(const Story&, const Summarise&)> messages;
};

void add_exchange(Messages& messages, const Exchange& exchange) {
  messages.push_back(asks(exchange.calls));
  for (const CallResult& result : exchange.results) messages.push_back(tells(result));
}
Messages begin_of(const Story& story) {
  Messages messages = story.before;
  messages.push_back(says(Speaker::user, story.prompt));
  return messages;
}
Messages as_it_was(const Story& story) {
  Messages messages = begin_of(story);
  for (const Exchange& exchange : story.exchanges) add_exchange(messages, exchange);
  return messages;
}

Messages with_system_messages(const Story& story) {
  Messages messages;
  for (const ConversationMessage& message : as_it_was(story)) {
    messages.push_back(says(Speaker::system, "You are helpful."));
    messages.push_back(message);
  }
  messages.push_back(says(Speaker::system, "Be brief."));
  return messages;
}

Messages with_merged_results(const Story& story) {
  Messages messages = begin_of(story);
  for (const Exchange& exchange : story.exchanges) {
    messages.push_back(asks(exchange.calls));
    messages.push_back({.speaker = Speaker::user, .results = exchange.results});
  }
  return messages;
}

Messages with_results_in_reverse(const Story& story) {
  Messages messages = begin_of(story);
  for (Exchange exchange : story.exchanges) {
    std::reverse(exchange.results.begin(), exchange.results.end());
    add_exchange(messages, exchange);
  }
  return messages;
}

/// Each call in a message of its own, followed by its result.
Messages with_split_calls(const Story& story) {
  Messages messages = begin_of(story);
  for (const Exchange& exchange : story.exchanges) {
    for (std::size_t i = 0; i < exchange.calls.size(); ++i) {
      messages.push_back(asks({exchange.calls[i]}));
      messages.push_back(tells(exchange.results[i]));
    }
  }
  return messages;
}

void add_quotes(Messages& messages, const Exchange& exchange) {
  for (std::size_t i = 0; i < exchange.calls.size(); ++i) {
    messages.push_back(says(Speaker::user, "For context: [helper] called tool `" +
                                               exchange.calls[i].name + "` with parameters " +
                                               exchange.calls[i].arguments));
    messages.push_back(says(Speaker::user, "For context: it returned " + exchange.results[i].text));
  }
}
Messages with_quotes(const Story& story, std::size_t kept) {
  Messages messages = begin_of(story);
  for (std::size_t i = 0; i < story.exchanges.size(); ++i) {
    if (i + kept >= story.exchanges.size()) {
      add_exchange(messages, story.exchanges[i]);
    } else {
      add_quotes(messages, story.exchanges[i]);
    }
  }
  return messages;
}

/// The last exchange alone; without its calls if only the last messages are kept.
Messages trimmed(const Story& story, bool with_calls) {
  if (story.exchanges.empty()) return as_it_was(story);
  Messages messages{says(Speaker::system, "You are helpful.")};
  const Exchange& last = story.exchanges.back();
  if (with_calls) messages.push_back(asks(last.calls));
  for (const CallResult& result : last.results) messages.push_back(tells(result));
  return messages;
}

Messages summarised(const Story& story, std::size_t kept, Speaker speaker,
                    const Summarise& summarise) {
  if (story.exchanges.size() <= kept) return as_it_was(story);
  Story old = story;
  old.exchanges.resize(story.exchanges.size() - kept);
  Messages messages{
      says(speaker, "The conversation so far: " + summarise(as_it_was(old)) + " (end)")};
  for (std::size_t i = old.exchanges.size(); i < story.exchanges.size(); ++i)
    add_exchange(messages, story.exchanges[i]);
  return messages;
}

/// Ids of the framework's own, which the results have too.
Story with_other_ids(Story story) {
  std::size_t number = 0;
  for (Exchange& exchange : story.exchanges) {
    for (std::size_t i = 0; i < exchange.calls.size(); ++i)
      exchange.calls[i].id = exchange.results[i].id = "chatcmpl-tool-" + std::to_string(number++);
  }
  return story;
}
Story with_names_only(Story story) {
  for (Exchange& exchange : story.exchanges) {
    for (AskedCall& call : exchange.calls) call.id.clear(), call.arguments = "{}";
    for (CallResult& result : exchange.results) result.id.clear();
  }
  return story;
}

const std::vector<History> histories{
    {"as it was", [](const Story& s, const Summarise&) { return as_it_was(s); }},
    {"system messages", [](const Story& s, const Summarise&) { return with_system_messages(s); }},
    {"merged results", [](const Story& s, const Summarise&) { return with_merged_results(s); }},
    {"results in reverse",
     [](const Story& s, const Summarise&) { return with_results_in_reverse(s); }},
    {"split calls", [](const Story& s, const Summarise&) { return with_split_calls(s); }},
    {"quoted", [](const Story& s, const Summarise&) { return with_quotes(s, 1); }},
    {"all quoted", [](const Story& s, const Summarise&) { return with_quotes(s, 0); }},
    {"trimmed", [](const Story& s, const Summarise&) { return trimmed(s, true); }},
    {"trimmed to results", [](const Story& s, const Summarise&) { return trimmed(s, false); }},
    {"summarised",
     [](const Story& s, const Summarise& sum) { return summarised(s, 1, Speaker::user, sum); }},
    {"summarised whole",
     [](const Story& s, const Summarise& sum) { return summarised(s, 0, Speaker::user, sum); }},
    {"summarised by the system",
     [](const Story& s, const Summarise& sum) { return summarised(s, 0, Speaker::system, sum); }},
    {"other ids", [](const Story& s, const Summarise&) { return as_it_was(with_other_ids(s)); }},
    {"other ids, results in reverse",
     [](const Story& s, const Summarise&) { return with_results_in_reverse(with_other_ids(s)); }},
    {"other ids, split",
     [](const Story& s, const Summarise&) { return with_split_calls(with_other_ids(s)); }},
    {"other ids, trimmed",
     [](const Story& s, const Summarise&) { return trimmed(with_other_ids(s), true); }},
    {"other ids, summarised",
     [](const Story& s, const Summarise& sum) {
       return summarised(with_other_ids(s), 1, Speaker::user, sum);
     }},
    {"names only", [](const Story& s, const Summarise&) { return as_it_was(with_names_only(s)); }},
    {"names only, results in reverse",
     [](const Story& s, const Summarise&) { return with_results_in_reverse(with_names_only(s)); }},
    {"names only, split",
     [](const Story& s, const Summarise&) { return with_split_calls(with_names_only(s)); }},
    {"names only, merged",
     [](const Story& s, const Summarise&) { return with_merged_results(with_names_only(s)); }},
    {"names only, summarised",
     [](const Story& s, const Summarise& sum) {
       return summarised(with_names_only(s), 1, Speaker::assistant, sum);
     }},
};

std::string told(const Direction& direction) {
  std::string text = direction.key + " of " + direction.operation.text() + ", " +
                     std::to_string(static_cast<int>(direction.standing)) + ": " + direction.text;
  for (const GivenCall& call : direction.calls)
    text += "\n  " + call.id_key + " " + call.operation.text() + " " + call.name + call.arguments;
  return text;
}

struct Habits {
  bool marks_prompts = true;  ///< else its key says the run
  bool one_call_at_a_time = false;
};

/// Plays a plan to its end as a framework does that keeps its conversations so.
class Framework {
 public:
  Framework(const TurnPlan& plan, const Mark& turn, const History& history,
            const Habits& habits = {})
      : plan_(plan), turn_(turn), history_(history), habits_(habits) {}

  std::vector<std::string> play(const Messages& before) {
    Story story{
        .before = before,
        .prompt = (habits_.marks_prompts ? turn_.text() : "Tell me:") + " What is a caesura?",
        .exchanges = {}};
    play(plan_.loops().front(), story);
    return std::move(answers_);
  }
  /// The conversation of the request itself, at its end.
  const Messages& last_conversation() const { return last_; }

 private:
  void play(const AgentLoop& loop, Story& story) {
    for (std::size_t round = 0; round < 20; ++round) {
      const Direction direction = next(loop, story);
      if (direction.calls.empty()) break;
      Exchange exchange;
      for (const GivenCall& call : direction.calls) {
        exchange.calls.push_back(
            {.id = "call_" + call.id_key, .name = call.name, .arguments = call.arguments});
        exchange.results.push_back(
            {.id = "call_" + call.id_key, .name = call.name, .text = "it is done"});
      }
      story.exchanges.push_back(std::move(exchange));
      for (const GivenCall& call : direction.calls) {
        const AgentLoop* below = plan_.loop_of(call.operation);
        if (!below) continue;
        if (hands_off(loop, call.operation)) {
          play(*below, story);
          return;
        }
        Story task{.before = {},
                   .prompt = nlohmann::json::parse(call.arguments).at("request"),
                   .exchanges = {}};
        play(*below, task);
      }
    }
    ended_.insert(loop.agent);
    if (loop.agent.empty()) last_ = as_it_was(story);
  }

  static bool hands_off(const AgentLoop& loop, const OperationPath& operation) {
    const LoopStep& last = loop.steps.back();
    return last.hands_off && last.calls.front().operation == operation;
  }

  Direction next(const AgentLoop& loop, const Story& story) {
    const std::string& model = plan_.model().services[loop.model].name;
    const Summarise summarise = [&](const Messages& messages) {
      Conversation asked{.model = model, .messages = messages};
      asked.messages.push_back(says(Speaker::user, "Sum this up."));
      return direct(turn_, plan_, &loop, asked).text;
    };
    const Conversation conversation{.model = model,
                                    .messages = history_.messages(story, summarise),
                                    .tools = all_tools(),
                                    .one_call_at_a_time = habits_.one_call_at_a_time};
    const CallHint hint{.key_run = habits_.marks_prompts ? std::nullopt : std::optional(turn_.run)};
    const Trace trace = trace_of(hint, conversation);
    EXPECT_EQ(trace.run, turn_.run);
    // Without any trace the first request that is not settled is meant, which is this one.
    EXPECT_EQ(habits_.marks_prompts ? trace.turn : trace.turn.value_or(1), turn_.turn);
    const AgentLoop* found = loop_for(trace, plan_, conversation, [&](const AgentLoop& one) {
      return !ended_.contains(one.agent);
    });
    EXPECT_EQ(found, &loop) << "in the loop of " << loop.agent.text();
    Direction direction = direct(turn_, plan_, found, conversation);
    EXPECT_EQ(told(direction), told(direct(turn_, plan_, found, conversation))) << "retried";
    answers_.push_back(told(direction));
    return direction;
  }

  const TurnPlan& plan_;
  Mark turn_;
  const History& history_;
  Habits habits_;
  std::set<OperationPath> ended_;
  std::vector<std::string> answers_;
  Messages last_;
};

/// Every plan of up to four model calls with each of these shapes between, which ends with a text
/// or with a handoff.
void for_each_plan(const std::function<void(const Workflow&)>& use) {
  const std::vector<WorkflowStep> shapes{ask_search,
                                         ask_researcher,
                                         ask_helpdesk,
                                         at_once({ask_search, ask_read}),
                                         at_once({ask_search, ask_search, ask_read}),
                                         at_once({ask_researcher, ask_read, ask_writer}),
                                         at_once({ask_researcher, ask_researcher})};
  std::vector<Workflow> plans{{ask_model}};
  for (int models = 1; models <= 4; ++models) {
    std::vector<Workflow> longer;
    for (const Workflow& plan : plans) {
      use(plan);
      Workflow handing_off = plan;
      handing_off.push_back(ask_researcher);
      use(handing_off);
      for (const WorkflowStep& shape : shapes) {
        longer.push_back(plan);
        longer.back().push_back(shape);
        longer.back().push_back(ask_model);
      }
    }
    plans = std::move(longer);
  }
}

TEST(Histories, LeadToTheSameAnswersHoweverTheyAreKept) {
  std::size_t plans = 0;
  for_each_plan([&](const Workflow& workflow) {
    const Model model = small_world(workflow);
    const TurnPlan plan(model, plans++);
    const auto expected = Framework(plan, first_turn, histories.front()).play({});
    // Each model's call once, and the loops' ends are reached.
    std::size_t model_calls = 0;
    for (const AgentLoop& loop : plan.loops()) model_calls += loop.steps.size();
    ASSERT_EQ(expected.size(), model_calls);
    for (const History& history : histories) {
      ASSERT_EQ(Framework(plan, first_turn, history).play({}), expected)
          << history.name << ", plan " << plans - 1;
    }
  });
  EXPECT_EQ(plans, 2U * (1 + 7 + 49 + 343));
}

TEST(Histories, LeadToTheSameAnswersOneCallAtATime) {
  std::size_t plans = 0;
  for_each_plan([&](const Workflow& workflow) {
    if (++plans > 120) return;
    const Model model = small_world(workflow);
    const TurnPlan plan(model, plans);
    const Habits habits{.one_call_at_a_time = true};
    const auto expected = Framework(plan, first_turn, histories.front(), habits).play({});
    std::size_t answers = 0;
    for (const AgentLoop& loop : plan.loops())
      for (const LoopStep& step : loop.steps)
        answers += std::max<std::size_t>(step.calls.size(), 1);
    ASSERT_EQ(expected.size(), answers);
    for (const History& history : histories) {
      ASSERT_EQ(Framework(plan, first_turn, history, habits).play({}), expected)
          << history.name << ", plan " << plans - 1;
    }
  });
}

TEST(Histories, LeadToTheSameAnswersIfPromptsHaveNoMark) {
  std::size_t plans = 0;
  for_each_plan([&](const Workflow& workflow) {
    if (++plans > 120) return;
    const Model model = small_world(workflow);
    const TurnPlan plan(model, plans);
    const auto expected = Framework(plan, first_turn, histories.front()).play({});
    for (const History& history : histories) {
      // Without any mark nothing tells an agent that sums up what was before it was handed the
      // conversation from what it has done itself.
      if (history.name == std::string("names only, summarised") &&
          plan.loops().front().steps.back().hands_off)
        continue;
      ASSERT_EQ(Framework(plan, first_turn, history, {.marks_prompts = false}).play({}), expected)
          << history.name << ", plan " << plans - 1;
    }
  });
}

TEST(Histories, OfEarlierTurnsDoNotCount) {
  std::size_t plans = 0;
  for_each_plan([&](const Workflow& workflow) {
    if (++plans > 100) return;
    const Model model = small_world(workflow);
    const TurnPlan first(model, 0);
    Framework earlier(first, first_turn, histories.front());
    earlier.play({});
    Messages before = earlier.last_conversation();
    before.push_back(says(Speaker::assistant, "That is a caesura."));
    const TurnPlan second(model, 1);
    const Mark second_turn{.run = "r", .turn = 2, .operation = {}};
    const auto expected = Framework(second, second_turn, histories.front()).play({});
    for (const History& history : histories) {
      ASSERT_EQ(Framework(second, second_turn, history).play(before), expected)
          << history.name << ", plan " << plans - 1;
    }
  });
}

}  // namespace
}  // namespace caesura
