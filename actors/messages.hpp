#pragma once

#include "sim/time.hpp"
#include "model/quantities.hpp"
#include "model/request_id.hpp"

#include <cstdint>
#include <variant>

namespace caesura {

/// Where an actor lives. Valid until the actor ends; messages to an address whose actor has ended
/// are dropped.
struct Address {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  bool operator==(const Address&) const = default;
};

struct ChildReport;

enum class OperationResult : std::uint8_t { ok, failed, rejected };

/// What a single request, sent from outside, is to be like.
struct Wishes {
  static constexpr std::uint16_t no_policy = 0xffff;
  std::uint16_t policy = no_policy;  ///< index into Rules::wished_policies; no_policy: the world's
  /// From 1: it starts, and does not end before a LetGo; 0: none.
  std::uint32_t held_operation = 0;
};

// The messages: a closed set. Who sends each to whom is said beside it.

/// Client to itself, or from outside to the client: a request's user presses Enter.
struct Arrive {
  RequestNumber number = 0;
  Ticket ticket = no_ticket;  ///< no_ticket: the client takes one
  Wishes wishes{};
};

/// Client to directory to request.
struct Start {
  RequestNumber number = 0;
  Time arrived;
  Ticket ticket = 0;
  Wishes wishes{};
};

/// Request or service to client: when a cancel source is to send is known now, `delay` ahead.
struct MomentKnown {
  RequestNumber number = 0;
  Ticket ticket = 0;
  std::uint16_t source = 0;
  Duration delay{0};
  std::uint64_t place = 0;  ///< an Order: what it sends counts as sent when the moment became
                            ///< known; as many are kept as it sends cancels
};

/// Client to itself: the moment of a cancel source has come.
struct CancelMoment {
  RequestNumber number = 0;
  Ticket ticket = 0;
  std::uint16_t source = 0;
  std::uint16_t copy = 0;  ///< 0 is the first; copies follow `every` later
};

/// From outside to client: its user presses Cancel. Client to directory to request.
struct Cancel {
  RequestNumber number = 0;
  Ticket ticket = 0;
  std::uint32_t copy = 0;  ///< how many cancels of this request the client had sent before
};

/// Request or directory to client: the acknowledgement.
struct CancelAnswer {
  RequestNumber number = 0;
  Ticket ticket = 0;
  std::uint32_t copy = 0;  ///< of the Cancel that it answers
  CancelVerdict verdict = CancelVerdict::accepted;
};

/// Request to client: its stop, with the outcome. Content comes with `completed` alone.
struct Answer {
  RequestNumber number = 0;
  Ticket ticket = 0;
  Outcome outcome = Outcome::completed;
};

/// From outside to client to directory to request: the operation that it holds may end.
struct LetGo {
  RequestNumber number = 0;
  Ticket ticket = 0;
};

/// Request to client: one chunk of a streamed answer.
struct Chunk {
  RequestNumber number = 0;
  Ticket ticket = 0;
  std::uint32_t operation = 0;
  std::uint32_t index = 0;  ///< from 1 over the whole request
  std::uint32_t tokens = 0;
};

/// Request to directory: it has ended; and the leave to go: of the directory, when no cancel is on
/// its way to it any more, or of a child's parent, when it has read the child's books.
struct Ended {
  RequestNumber number = 0;
  Ticket ticket = 0;
  Outcome outcome = Outcome::completed;
  Time stopped;
  Time client_link_free;  ///< no message to the client may arrive before
};
struct Release {};

/// Request to itself. AbortDue: the policy cuts off what is still in progress.
struct TimeOut {};
struct AbortDue {};
struct WaitOver {
  std::uint32_t strand = 0;  ///< of the request's lines of work
  std::uint32_t step = 0;
};

/// Request to service, of a transaction to itself: perform this operation.
struct Ask {
  Address from;
  RequestNumber number = 0;
  std::uint32_t operation = 0;
  std::uint32_t model_call = 0;
  std::uint32_t chunk_tokens = 0;  ///< 0: the answer is not streamed
  Ticket ticket = 0;
  OperationKind kind = OperationKind::llm;
  bool first_of_kind = false;                ///< in the request's plan
  std::uint16_t policy = Wishes::no_policy;  ///< the request's; its children have the same
  std::uint32_t key = 0;                     ///< its step's (PlanStep)
};

/// Agent to child request: perform operation `operation` of the request `parent`.
struct StartChild {
  Address agent;
  Address parent;
  RequestNumber parent_number = 0;
  std::uint32_t operation = 0;
  std::uint32_t key = 0;      ///< its step's (PlanStep)
  std::uint16_t service = 0;  ///< the agent's
  std::uint16_t policy = Wishes::no_policy;
};

/// Service to request, of an operation that found no free place: it waits, or will be rejected;
/// and: it has started now, which a call from outside is told in any case.
struct Queued {
  std::uint32_t operation = 0;
  bool turned_away = false;  ///< no waiting place was free either: its rejection is on the way
};
struct Started {
  std::uint32_t operation = 0;
  Time at{};  ///< by the service's time
};

/// Request to service: the operation is not wanted any more. `asked`: its Ask must have arrived, as
/// far as the request knows; `cancelled`: the request was cancelled; `ended`: an Order, from which
/// on nothing may start in its tree, if the request has children and has ended.
struct Withdraw {
  Address from;
  std::uint32_t operation = 0;
  bool asked = false;
  bool cancelled = false;
  std::uint64_t ended = 0;
};

/// Request to agent to child request: the request was cancelled.
struct PassedCancel {
  Address from;
  std::uint32_t operation = 0;
};

/// Agent to child request: its parent has ended, and it is to end now. As the Withdraw.
struct ParentEnded {
  bool cancelled = false;
  std::uint64_t ended = 0;
};

/// Child request to its parent: it has stopped, and its reply is on the way; of one whose books
/// will come later, when its own children have ended.
struct ChildStopped {
  std::uint32_t operation = 0;
};

/// Child request to its parent: what it used, complete. The child keeps `report` as it is until it
/// gets a Release. Agent to parent: null, of an operation turned away, or withdrawn before its
/// child had started. One for every operation that the agent was asked for.
struct ChildBooks {
  std::uint32_t operation = 0;
  const ChildReport* report = nullptr;
  Address child{};
};

/// Which operation of a request has ended, and how, in four bytes: most messages that wait are
/// replies, the largest of all, and so one fits into a cache line with what a queue adds to it.
class OperationEnd {
 public:
  /// `operation` < 2^30; a request has no more than most_operations.
  constexpr OperationEnd(std::uint32_t operation, OperationResult result)
      : bits_(operation << 2U | static_cast<std::uint32_t>(result)) {}
  constexpr std::uint32_t operation() const { return bits_ >> 2U; }
  constexpr OperationResult result() const { return static_cast<OperationResult>(bits_ & 3U); }

 private:
  std::uint32_t bits_;
};

/// Service to itself (its end), then to request; child request to its agent; of a transaction,
/// request to itself.
struct Reply {
  Address to;
  RequestNumber number = 0;
  OperationEnd end{0, OperationResult::ok};
  std::uint32_t input_tokens = 0;
  std::uint32_t cached_input_tokens = 0;
  std::uint32_t output_tokens = 0;
  Duration busy{0};
};

/// Service to itself: an operation of whose end it was not to be told has ended, and now others
/// wait for its place.
struct PlaceFree {};

/// Service to itself: who waits may have a place that was left at this instant, now that all who
/// stopped for the same reason have withdrawn what they had waiting.
struct PlaceLeft {};

/// Service to itself: the next chunk of stream `stream` exists, or the stream is over.
struct StreamDue {
  std::uint32_t stream = 0;
};

/// Service to request.
struct ModelChunk {
  std::uint32_t operation = 0;
  std::uint32_t tokens = 0;
};

/// From outside to the outside actor: call number `call` is to be asked, as OutsideCalls says; it
/// is not wanted any more.
struct AskFromOutside {
  std::uint32_t call = 0;
};
struct HangUp {
  std::uint32_t call = 0;
};

using Message =
    std::variant<Arrive, Start, MomentKnown, CancelMoment, Cancel, CancelAnswer, LetGo, Answer,
                 Chunk, Ended, Release, TimeOut, AbortDue, WaitOver, Ask, StartChild, Queued,
                 Started, Withdraw, PassedCancel, ParentEnded, ChildStopped, ChildBooks, Reply,
                 PlaceFree, PlaceLeft, StreamDue, ModelChunk, AskFromOutside, HangUp>;

}  // namespace caesura
