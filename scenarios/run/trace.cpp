#include "scenarios/run/trace.hpp"

#include "model/arrivals.hpp"
#include "model/plan.hpp"
#include "actors/joined_reports.hpp"
#include "actors/request_history.hpp"
#include "actors/rules.hpp"
#include "engines/engine.hpp"
#include "engines/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <set>

namespace caesura {
namespace {

/// Picks one request's messages, and its children's, out of a world's; and of its events what no
/// message says.
class Tracer {
 public:
  Tracer(const Scenario& scenario, RequestNumber number) : model_(scenario.model), number_(number) {
    tree_.push_back({.name = "request", .number = number, .plan = {}});
    expand(model_, number_, tree_.front().plan);
  }

  void see(Time now, Address to, const Message& message) {
    now_ = now;
    to_ = to;
    std::visit([this](const auto& m) { see(m); }, message);
  }
  /// A service that is told to stop is told by a Withdraw, which is a message of its own.
  void hear(const RequestEvent& event) {
    Member* member = at(event.request);
    if (member == nullptr) return;
    switch (event.what) {
      case RequestEvent::What::cut_off: {
        member->given_up.insert(event.operation);
        const PlanStep& step = *step_of(*member, event.operation);
        if (is_held(model_, step.service, step.chunk_tokens)) return;
        return add(member->name, service_of(*member, event.operation),
                   fmt::format("abort operation {}", event.operation));
      }
      case RequestEvent::What::ended:
        if (event.how == RequestEvent::HowEnded::unheard ||
            event.how == RequestEvent::HowEnded::with_caller)
          member->given_up.insert(event.operation);
        return;
      case RequestEvent::What::withdrawn:
        member->given_up.insert(event.operation);
        return;
      case RequestEvent::What::stopped:
        member->is_over = true;
        return;
      case RequestEvent::What::left_running:
      case RequestEvent::What::began:
      case RequestEvent::What::cancel_received:
      case RequestEvent::What::asked:
      case RequestEvent::What::queued:
      case RequestEvent::What::turned_away:
      case RequestEvent::What::started:
        return;
    }
  }
  const std::vector<TraceLine>& lines() const { return lines_; }
  /// The request has leave to go.
  bool has_gone() const { return has_gone_; }

 private:
  /// The request, or a child of it.
  struct Member {
    std::string name;  ///< "request"; of the child that is its second operation "request.2"
    RequestNumber number = 0;
    Plan plan;
    std::optional<Address> address{};
    std::set<std::uint32_t> given_up{};  ///< operations whose replies nobody waits for
    bool is_over = false;                ///< though its own children's books may still be out
  };

  // Timers, and what is of no interest to people: the leave to go, and the books.
  void see(const Arrive&) {}
  void see(const MomentKnown&) {}
  void see(const CancelMoment&) {}
  void see(const PlaceFree&) {}
  void see(const PlaceLeft&) {}
  void see(const ChildStopped&) {}
  void see(const StreamDue&) {}
  void see(const LetGo&) {}
  void see(const AskFromOutside&) {}
  void see(const HangUp&) {}
  void see(const ChildBooks&) {}
  void see(const WaitOver&) { add_own("wait over"); }
  void see(const Release&) { has_gone_ = has_gone_ || receiver() == &tree_.front(); }

  void see(const Start& start) {
    if (start.number != number_) return;
    if (to_ == directory_address)
      return add("client", "directory", fmt::format("start request {}", number_));
    tree_.front().address = to_;
    add("directory", "request",
        fmt::format("start: {} operations planned", tree_.front().plan.operations));
  }
  void see(const StartChild& start) {
    const Member* parent = at(start.parent);
    if (parent == nullptr) return;
    const PlanStep* step = step_of(*parent, start.operation);
    ChildPlan child = plan_of_child(model_, parent->number, *step);
    const std::string name = child_name(*parent, start.operation);
    add(service_of(*parent, start.operation), name,
        fmt::format("start: {} operations planned", child.plan.operations));
    tree_.push_back(
        {.name = name, .number = child.number, .plan = std::move(child.plan), .address = to_});
  }
  void see(const Cancel& cancel) {
    if (cancel.number != number_) return;
    const bool to_directory = to_ == directory_address;
    if (!to_directory || has_ended_) answering_.push_back(to_directory ? "directory" : "request");
    add(to_directory ? "client" : "directory", to_directory ? "directory" : "request", "cancel");
  }
  void see(const PassedCancel& cancel) {
    const Member* parent = at(cancel.from);
    if (parent == nullptr) return;
    const std::string agent = service_of(*parent, cancel.operation);
    if (const Member* child = receiver()) return add(agent, child->name, "cancel");
    add(parent->name, agent, fmt::format("cancel of operation {}", cancel.operation));
  }
  void see(const ParentEnded&) { add_own("the parent has ended"); }
  void see(const CancelAnswer& answer) {
    if (answer.number != number_) return;
    add(answering_.front(), "client", fmt::format("cancel: {}", name_of(answer.verdict)));
    answering_.pop_front();
  }
  void see(const Answer& answer) {
    if (answer.number == number_)
      add("request", "client", fmt::format("answer: {}", name_of(answer.outcome)));
  }
  void see(const Chunk& chunk) {
    if (chunk.number == number_)
      add("request", "client", fmt::format("chunk {}: {} tokens", chunk.index, chunk.tokens));
  }
  void see(const Ended& ended) {
    if (ended.number != number_) return;
    has_ended_ = true;
    add("request", "directory", fmt::format("ended: {}", name_of(ended.outcome)));
  }
  void see(const TimeOut&) { add_own("timeout"); }
  void see(const AbortDue&) { add_own("abort what is in progress"); }
  void see(const Ask& ask) {
    Member* asking = at(ask.from);
    if (asking == nullptr) return;
    add(asking->name, service_of(*asking, ask.operation),
        fmt::format("ask: operation {} of {} ({})", ask.operation, asking->plan.operations,
                    name_of(ask.kind)));
  }
  void see(const Queued& queued) {
    add_from_service(queued.operation,
                     fmt::format("operation {} {}", queued.operation,
                                 queued.turned_away ? "is turned away" : "waits in the queue"));
  }
  void see(const Started& started) {
    add_from_service(started.operation, fmt::format("operation {} has started", started.operation));
  }
  void see(const Withdraw& withdraw) {
    const Member* from = at(withdraw.from);
    if (from == nullptr) return;
    add(from->name, service_of(*from, withdraw.operation),
        fmt::format("withdraw operation {}", withdraw.operation));
  }
  void see(const Reply& reply) {
    Member* asked = at(reply.to);
    if (asked == nullptr) return;
    const std::uint32_t operation = reply.end.operation();
    const OperationResult result = reply.end.result();
    if (receiver() == nullptr) {  // at the service: its own timer, or the end of a child
      if (!step_of(*asked, operation)->is_child) return;
      return add(child_name(*asked, operation), service_of(*asked, operation),
                 fmt::format("{} after {} s", result == OperationResult::ok ? "ended" : "failed",
                             seconds(reply.busy)));
    }
    // What was given up may still be on its way; nobody waits for it.
    if (asked->given_up.contains(operation) && result != OperationResult::rejected) return;
    std::string text = fmt::format("operation {} {}", operation,
                                   result == OperationResult::ok       ? "done"
                                   : result == OperationResult::failed ? "failed"
                                                                       : "rejected");
    if (result != OperationResult::rejected)
      text += fmt::format(" after {} s", seconds(reply.busy));
    const std::uint64_t tokens =
        std::uint64_t{reply.input_tokens} + reply.cached_input_tokens + reply.output_tokens;
    if (tokens > 0) text += fmt::format(", {} tokens", tokens);
    add_from_service(operation, text);
  }
  void see(const ModelChunk& chunk) {
    add_from_service(chunk.operation, fmt::format("{} tokens", chunk.tokens));
  }

  Member* at(Address address) {
    const auto found = std::find_if(tree_.begin(), tree_.end(), [&](const Member& member) {
      return member.address == address;
    });
    return found == tree_.end() ? nullptr : &*found;
  }
  /// The member that the message is for.
  Member* receiver() { return at(to_); }

  /// The member that the timer is for; none of one that has ended, to which it means nothing.
  Member* whose_timer() {
    Member* member = receiver();
    return member == nullptr || member->is_over ? nullptr : member;
  }

  static std::string child_name(const Member& parent, std::uint32_t operation) {
    return fmt::format("{}.{}", parent.name, operation);
  }

  static const PlanStep* step_of(const Member& member, std::uint32_t operation) {
    const auto& steps = member.plan.steps;
    const auto step = std::find_if(steps.begin(), steps.end(), [&](const PlanStep& s) {
      return s.what == PlanStep::What::operation && s.number == operation;
    });
    return step == steps.end() ? nullptr : &*step;
  }
  std::string service_of(const Member& member, std::uint32_t operation) const {
    const PlanStep* step = step_of(member, operation);
    if (step == nullptr || step->kind == OperationKind::transaction) return member.name;
    const ServiceProfile& service = model_.services[step->service];
    return fmt::format("{} {}", name_of(service.kind), service.name);
  }

  void add_own(const char* text) {
    if (const Member* member = whose_timer()) add(member->name, member->name, text);
  }
  void add_from_service(std::uint32_t operation, const std::string& text) {
    if (const Member* member = receiver()) add(service_of(*member, operation), member->name, text);
  }
  void add(std::string from, std::string to, std::string text) {
    lines_.push_back({now_, std::move(from), std::move(to), std::move(text)});
  }

  const Model& model_;
  RequestNumber number_;
  std::deque<Member> tree_;  ///< the request first; in order of their starts
  std::vector<TraceLine> lines_;
  bool has_ended_ = false;
  std::deque<const char*> answering_;  // who answers the cancels that are on their way, in order
  Time now_{};
  Address to_;
  bool has_gone_ = false;
};

}  // namespace

std::vector<TraceLine> trace_request(const Scenario& scenario, const Policy& policy,
                                     RequestNumber number, EngineKind engine) {
  const Model& model = scenario.model;
  std::atomic<bool> stop{false};
  const std::uint64_t requests = count_requests(model, stop);
  if (number >= requests) {
    throw ScenarioError(fmt::format("--request {}: {} has {} requests, numbered from 0", number,
                                    scenario.file, requests));
  }
  Tracer tracer(scenario, number);
  bool is_settled = false;
  JoinedReports reports(model.seed.value, [&](const RequestReport& request, const ClientReport&) {
    is_settled = is_settled || request.number == number;
  });
  const bool alone = !model.requests_compete();
  const WorldOptions options{.model = model,
                             .policy = policy,
                             .play = alone ? LoadPlay::one_by_one : LoadPlay::all,
                             .reports = reports,
                             .observer =
                                 [&](Time now, Address to, const Message& message, bool dropped) {
                                   if (!stop && !dropped) tracer.see(now, to, message);
                                   stop = is_settled && tracer.has_gone();
                                 },
                             .history = [&](const RequestEvent& event) { tracer.hear(event); }};
  const auto world = make_world(engine, options);
  if (!alone) {
    announce_load(model, *world);
  } else if (const ClosedLoad* closed = closed_load(model)) {
    world->post(client_address, Arrive{number % closed->users}, Time{});
  } else {
    Arrivals arrivals(model);
    for (RequestNumber n = 0; n < number; ++n) arrivals.next();
    world->post(client_address, Arrive{number}, *arrivals.next());
  }
  world->run(stop);
  return tracer.lines();
}

std::string plain_trace(const std::vector<TraceLine>& lines) {
  std::size_t from_width = 0;
  std::size_t to_width = 0;
  std::size_t time_width = 0;
  for (const TraceLine& line : lines) {
    from_width = std::max(from_width, line.from.size());
    to_width = std::max(to_width, line.to.size());
    time_width = std::max(time_width, fmt::formatted_size("{:.9f}", seconds(line.at)));
  }
  std::string text;
  for (const TraceLine& line : lines) {
    text += fmt::format("{:>{}.9f} s  {:<{}} -> {:<{}}  {}\n", seconds(line.at), time_width,
                        line.from, from_width, line.to, to_width, line.text);
  }
  return text;
}

std::string mermaid_trace(const std::vector<TraceLine>& lines) {
  std::vector<std::string> participants;
  const auto id_of = [&](const std::string& name) {
    const auto found = std::find(participants.begin(), participants.end(), name);
    if (found == participants.end()) participants.push_back(name);
    return static_cast<std::size_t>(std::find(participants.begin(), participants.end(), name) -
                                    participants.begin());
  };
  std::string messages;
  for (const TraceLine& line : lines) {
    const std::size_t from = id_of(line.from);
    const std::size_t to = id_of(line.to);
    messages += fmt::format("    p{}->>p{}: {} s: {}\n", from, to, seconds(line.at), line.text);
  }
  std::string text = "sequenceDiagram\n";
  for (std::size_t p = 0; p < participants.size(); ++p)
    text += fmt::format("    participant p{} as {}\n", p, participants[p]);
  return text + messages;
}

}  // namespace caesura
