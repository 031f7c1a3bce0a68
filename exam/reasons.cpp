#include "exam/reasons.hpp"

#include "scenarios/report/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace caesura {
namespace {

std::string lasting(Duration duration) { return duration_figure(seconds(duration)); }

std::string dollars(Money money) { return money_figure(static_cast<double>(money.picos) / 1e12); }

std::string the_cancel(const PlayFacts& facts) {
  return std::string(facts.is_own_timeout ? "its " : "the ") + cancel_word(facts);
}

/// What an attempt came to after the cancel, or since its start if that is later.
std::string what_it_used(const AttemptFacts& attempt) {
  std::string text = lasting(attempt.busy_after_cancel);
  if (attempt.tokens_after_cancel > 0)
    text += fmt::format(", {} tokens", count_figure(attempt.tokens_after_cancel));
  if (attempt.cost_after_cancel.picos > 0) text += ", " + dollars(attempt.cost_after_cancel);
  return text;
}

const char* signal_words(SignalKind kind) {
  switch (kind) {
    case SignalKind::hang_up:
      return "it hung up on the call";
    case SignalKind::cancel:
      return "it sent a cancel";
    case SignalKind::session_end:
      return "it ended the session";
  }
  return "";
}

/// What was noted of an attempt though its protocol says that it does not count.
std::string noted_in_vain(const PlayFacts& facts, const AttemptFacts& attempt) {
  const auto in_vain = [](const NotedSignal& signal) { return !signal.counts; };
  const auto signal = std::find_if(attempt.signals.begin(), attempt.signals.end(), in_vain);
  if (signal == attempt.signals.end() || signal->at > facts.watched_until) return {};
  return fmt::format("; {} {}, which its protocol does not take for a cancel",
                     signal_words(signal->kind), when(facts, signal->at));
}

std::string said_before(const PlayFacts& facts, const AttemptFacts& attempt) {
  if (!facts.settled || facts.settled->outcome != Outcome::cancelled) return {};
  const Time end = attempt.ended.value_or(facts.watched_until);
  if (facts.settled->at >= end) return {};
  return fmt::format("; it had said cancelled {}", when(facts, facts.settled->at));
}

std::string how_it_went_on(const PlayFacts& facts, const AttemptFacts& attempt) {
  switch (attempt.end) {
    case AttemptEnd::in_progress:
      return "it was still in progress when the watch ended, " + when(facts, facts.watched_until) +
             " (" + what_it_used(attempt) + ")";
    case AttemptEnd::cut_off:
      return "nobody told it while it was watched (" + what_it_used(attempt) + ")";
    case AttemptEnd::ok:
    case AttemptEnd::failed:
    case AttemptEnd::turned_away:
    case AttemptEnd::refused:
    case AttemptEnd::reset:
    case AttemptEnd::lost:
      break;
  }
  std::string text = "it ran on to its end (" + what_it_used(attempt) + ")";
  if (attempt.committed && facts.cancel && *attempt.committed > *facts.cancel)
    text += " and had its effect";
  return text;
}

}  // namespace

const char* cancel_word(const PlayFacts& facts) {
  return facts.is_own_timeout ? "timeout" : facts.leaves ? "walk-away" : "cancel";
}

std::string when(const PlayFacts& facts, Time at) {
  if (!facts.cancel) return lasting(at - facts.started) + " after the start";
  const std::string cancel = the_cancel(facts);
  if (at == *facts.cancel) return "at " + cancel;
  return at > *facts.cancel ? lasting(at - *facts.cancel) + " after " + cancel
                            : lasting(*facts.cancel - at) + " before " + cancel;
}

std::string named(const AttemptFacts& attempt) {
  if (attempt.operation.empty())
    return fmt::format("a call of {} outside the plan", attempt.service);
  const std::string operation =
      fmt::format("operation {} ({})", attempt.operation, attempt.service);
  return attempt.attempt == 1 ? operation
                              : fmt::format("attempt {} of {}", attempt.attempt, operation);
}

std::string told_late(const PlayFacts& facts, const AttemptFacts& attempt) {
  return fmt::format("{} was told {}, and not within {}; until then it used {}", named(attempt),
                     when(facts, *attempt.told), lasting(facts.within), what_it_used(attempt));
}

std::string never_told(const PlayFacts& facts, const AttemptFacts& attempt) {
  return fmt::format("{} was never told: {}{}{}", named(attempt), how_it_went_on(facts, attempt),
                     noted_in_vain(facts, attempt), said_before(facts, attempt));
}

std::string started_after(const PlayFacts& facts, const AttemptFacts& attempt) {
  return fmt::format("{} was asked for {} ({})", named(attempt), when(facts, attempt.asked),
                     what_it_used(attempt));
}

std::string refused_after(const PlayFacts& facts, const RefusedCall& call) {
  return fmt::format("a model was asked {}, and refused the call: {}", when(facts, call.at),
                     call.text);
}

std::string said_what_is_not_so(const PlayFacts& facts) {
  const SettledFacts& settled = *facts.settled;
  const std::string said =
      fmt::format("it said {} {}", name_of(settled.outcome), when(facts, settled.at));
  switch (settled.outcome) {
    case Outcome::cancelled:
      if (!facts.cancel) return said + ", and nobody had cancelled";
      return fmt::format("{}, though the whole answer had been given {}", said,
                         when(facts, *facts.plan_ends));
    case Outcome::completed:
      return said + (facts.plan_ends ? fmt::format(", and the whole answer was given {}",
                                                   when(facts, *facts.plan_ends))
                                     : std::string(", and the whole answer was never given"));
    case Outcome::failed:
    case Outcome::timed_out:
    case Outcome::rejected:
      break;
  }
  return said + ", and nothing had failed, or been turned away or refused";
}

std::string settled_late(const PlayFacts& facts, Time from) {
  return fmt::format("it settled {} after {}, and not within {}", lasting(facts.settled->at - from),
                     facts.cancel ? the_cancel(facts) : "the whole answer had been given",
                     lasting(facts.cancel ? facts.within : facts.settle_limit));
}

std::string hung_text(const PlayFacts& facts, const SubjectFault& fault) {
  return fmt::format("it had not settled {}, and was ended", when(facts, fault.at));
}

std::string crashed_text(const PlayFacts& facts, const SubjectFault& fault) {
  return fmt::format("its process {} {}", fault.text, when(facts, fault.at));
}

std::string broken_text(const PlayFacts& facts, const BrokenLine& line) {
  return fmt::format("it said {}, {}", line.text, when(facts, line.at));
}

std::string refused_in_next_turn(const RefusedCall& call) {
  return fmt::format("a call of its model was refused: {}", call.text);
}

std::string next_turn_not_completed(const SettledFacts& settled) {
  return fmt::format("the next turn settled as {}{}{}", name_of(settled.outcome),
                     settled.error.empty() ? "" : ": ", settled.error);
}

std::string miscounted(const char* what, std::int64_t said, std::int64_t least, std::int64_t most) {
  return fmt::format("it reported {} {} tokens; its models had said {}, and were asked for {}",
                     count_figure(said), what, count_figure(least), count_figure(most));
}

std::string committed_twice(const PlayFacts& facts, const AttemptFacts& first,
                            const AttemptFacts& again) {
  return fmt::format("the effect of operation {} ({}) was committed twice: {}, and {}",
                     first.operation, first.service, when(facts, *first.committed),
                     when(facts, *again.committed));
}

std::string cancelled_again(const PlayFacts& facts, const AttemptFacts& attempt,
                            const NotedSignal& signal) {
  return fmt::format("a further cancel was sent for {}, {}", named(attempt),
                     when(facts, signal.at));
}

std::string cancelled_when_over(const PlayFacts& facts, const AttemptFacts& attempt,
                                const NotedSignal& signal, Time over) {
  return fmt::format("a cancel was sent for {} {}, {} after its end", named(attempt),
                     when(facts, signal.at), lasting(signal.at - over));
}

std::string cancelled_unknown(const PlayFacts& facts, Time at) {
  return fmt::format("a cancel was sent {} for a call that there never was", when(facts, at));
}

std::string source_of(Clause clause, OperationKind kind) {
  const bool is_tool = kind == OperationKind::tool;
  switch (clause) {
    case Clause::told:
      if (is_tool)
        return "SHOULD, of a request that is given up: \"the sender SHOULD issue a cancellation "
               "notification for that request and stop waiting for a response\" (MCP 2025-11-25, "
               "Lifecycle, Timeouts, "
               "https://modelcontextprotocol.io/specification/2025-11-25/basic/"
               "lifecycle#timeouts); "
               "SHOULD, of a connection that is lost: \"Disconnection SHOULD NOT be interpreted as "
               "the client cancelling its request. To cancel, the client SHOULD explicitly send an "
               "MCP CancelledNotification.\" (MCP 2025-11-25, Transports, "
               "https://modelcontextprotocol.io/specification/2025-11-25/basic/transports)";
      return "Caesura's rule: OpenAI's reference has no cancel of a chat completion, and no "
             "sentence on lost connections; to hang up is all that a client can do";
    case Clause::no_stray:
      return "MUST: \"Cancellation notifications MUST only reference requests that: Were "
             "previously issued in the same direction; Are believed to still be in-progress\" "
             "(MCP 2025-11-25, Cancellation, "
             "https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/"
             "cancellation)";
    case Clause::next_turn:
      return "the provider's text: OpenAI answers 400 to an assistant message with tool_calls that "
             "is not followed by a tool message for each of them";
    case Clause::children:
    case Clause::nothing_starts:
    case Clause::truthful:
    case Clause::settles:
    case Clause::usage:
    case Clause::effects_once:
      return "Caesura's rule";
  }
  return "";
}

}  // namespace caesura
