#pragma once

#include "sim/distribution.hpp"
#include "sim/time.hpp"
#include "model/quantities.hpp"
#include "model/service_profile.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace caesura {

/// What a scenario says, compiled: all that the actors know of the world beforehand. Immutable
/// during a run, shared by all threads.

/// One-way delay of each message to and from; distributions in nanoseconds. A request has one link
/// to its client each way, and an operation one of its own to its service; on one link messages
/// never overtake each other.
struct Links {
  Distribution client;
  Distribution llm;
  Distribution tool;
  Distribution agent;
};

struct WorkflowStep;
using Workflow = std::vector<WorkflowStep>;

/// An LLM call (llm or decompose), tool call or agent request.
struct ServiceCall {
  OperationKind kind = OperationKind::llm;
  std::uint16_t service = 0;       ///< index into Model::services
  std::uint32_t chunk_tokens = 0;  ///< 0: not streamed
};
struct Transaction {
  Distribution duration;  ///< nanoseconds
};
struct Wait {
  Distribution duration;  ///< nanoseconds
};
struct Repeat {
  Distribution times;
  Workflow body;
};
/// One branch, drawn by weight.
struct Choose {
  std::vector<double> weights;  ///< as many as branches; some positive
  std::vector<Workflow> branches;
};
struct Parallel {
  std::vector<Workflow> branches;
};
/// `times` copies of one branch at once.
struct ParallelTimes {
  Distribution times;
  Workflow branch;
};
struct WorkflowStep {
  std::variant<ServiceCall, Transaction, Wait, Repeat, Choose, Parallel, ParallelTimes> what;
};

/// When a source of cancels sends its first.
struct CancelAfter {
  Distribution delay;  ///< nanoseconds from arrival
};
struct CancelAfterChunks {
  std::uint32_t chunks = 1;
};
struct CancelDuringOperation {
  std::uint32_t operation = 1;
  Distribution at;  ///< share of its planned service time
};
struct CancelDuringKind {
  OperationKind kind = OperationKind::llm;  ///< of the first operation of this kind in the plan
  Distribution at;
};
struct CancelDuringRequest {
  Distribution share;  ///< of the request's planned duration, from when it reaches the server
};
struct CancelOverCost {
  Money limit;
};
struct CancelOverTokens {
  Tokens limit;
};
struct CancelSource {
  double probability = 1;
  std::variant<CancelAfter, CancelAfterChunks, CancelDuringOperation, CancelDuringKind,
               CancelDuringRequest, CancelOverCost, CancelOverTokens>
      moment;
  std::uint16_t times = 1;
  Duration every{0};
  bool even_if_finished = false;
};

enum class PolicyKind : std::uint8_t { never, checkpoint, abort, disconnect, escalate };
/// What a cancel does to the operations in progress.
struct Policy {
  std::string name;
  PolicyKind kind = PolicyKind::checkpoint;
  /// By index_of(kind): the operations that it cuts off; the others run to their end.
  std::array<bool, operation_kinds> aborts{};
  Duration abort_delay{0};  ///< from when the cancel was received to cutting them off
};

/// Request n arrives at n × gap.
struct ConstantArrivals {
  std::int64_t requests = 1;  ///< so many ...
  Duration per{1};            ///< ... in this time
};
/// The first request arrives after one gap.
struct RandomArrivals {
  Distribution gap;  ///< nanoseconds
};
struct ArrivalsAtOnce {};
struct TracedArrivals {
  std::vector<Time> arrivals;  ///< ascending
};
/// User u sends requests u, u + users, …, the first at 0, each next one `think` after it has the
/// answer to the last.
struct ClosedLoad {
  std::uint64_t users = 1;
  Distribution think;  ///< nanoseconds
};

struct Load {
  std::uint64_t requests = 1;        ///< at most
  std::optional<Duration> duration;  ///< only the arrivals before it
  std::variant<ConstantArrivals, RandomArrivals, ArrivalsAtOnce, TracedArrivals, ClosedLoad>
      arrivals;
  std::uint64_t users = 1;  ///< request n belongs to user n mod users
};

/// What a remote agent does that is a request of its own, a child of the one that asks.
struct ChildWorkflow {
  Workflow workflow;
  bool propagate = true;  ///< it is told of its parent's cancel
};

struct Model {
  Seed seed = 1;
  Load load;
  Links links;
  std::vector<ServiceProfile> services;
  /// By index of the service, of agents with a workflow: it is all that they do, their profiles
  /// have neither latency nor tokens. Shorter than `services` if the last ones have none; no agent
  /// reaches itself.
  std::vector<std::optional<ChildWorkflow>> children;
  Workflow workflow;
  std::vector<CancelSource> cancels;
  std::optional<Duration> timeout;

  /// Whether requests share a service of limited concurrency; if not, each request is a world of
  /// its own (under closed load, each user).
  bool requests_compete() const;
  /// Null if operations of this service are no child requests.
  const ChildWorkflow* child_of(std::uint16_t service) const {
    return service < children.size() && children[service] ? &*children[service] : nullptr;
  }
};

const char* name_of(PolicyKind kind);

}  // namespace caesura
