#include "scenarios/run/trace.hpp"

#include "model/arrivals.hpp"
#include "model/plan.hpp"
#include "actors/joined_reports.hpp"
#include "actors/rules.hpp"
#include "engines/engine.hpp"
#include "engines/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>

namespace caesura {
namespace {

/// Picks one request's messages, and its children's, out of a world's.
class Tracer {
 public:
  Tracer(const Scenario& scenario, const Policy& policy, RequestNumber number)
      : model_(scenario.model), policy_(policy), number_(number) {
    tree_.push_back({.name = "request", .number = number, .plan = {}});
    expand(model_, number_, tree_.front().plan);
  }

  void see(Time now, Address to, const Message& message) {
    now_ = now;
    to_ = to;
    std::visit([this](const auto& m) { see(m); }, message);
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
    std::map<std::uint32_t, Time>
        in_service{};      ///< operations that it waits for, and when they started
    bool is_over = false;  ///< though its own children's books may still be out
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
  void see(const ParentEnded&) {
    add_own("the parent has ended");
    cut_off([](const PlanStep&) { return true; });
  }
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
    tree_.front().is_over = true;
    add("request", "directory", fmt::format("ended: {}", name_of(ended.outcome)));
  }
  void see(const TimeOut&) {
    add_own("timeout");
    cut_off([](const PlanStep&) { return true; });
  }
  void see(const AbortDue&) {
    add_own("abort what is in progress");
    cut_off([this](const PlanStep& step) { return policy_.aborts[index_of(step.kind)]; });
  }
  void see(const Ask& ask) {
    Member* asking = at(ask.from);
    if (asking == nullptr) return;
    asking->in_service[ask.operation] = now_;
    add(asking->name, service_of(*asking, ask.operation),
        fmt::format("ask: operation {} of {} ({})", ask.operation, asking->plan.operations,
                    name_of(ask.kind)));
  }
  void see(const Queued& queued) {
    if (Member* member = receiver()) member->in_service.erase(queued.operation);
    add_from_service(queued.operation,
                     fmt::format("operation {} {}", queued.operation,
                                 queued.turned_away ? "is turned away" : "waits in the queue"));
  }
  void see(const Started& started) {
    if (Member* member = receiver()) member->in_service[started.operation] = now_;
    add_from_service(started.operation, fmt::format("operation {} has started", started.operation));
  }
  void see(const Withdraw& withdraw) {
    Member* from = at(withdraw.from);
    if (from == nullptr) return;
    from->in_service.erase(withdraw.operation);
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
      const std::string child = child_name(*asked, operation);
      for (Member& member : tree_) member.is_over = member.is_over || member.name == child;
      return add(child, service_of(*asked, operation),
                 fmt::format("{} after {} s", result == OperationResult::ok ? "ended" : "failed",
                             seconds(reply.busy)));
    }
    // What was cut off may still be on its way; nobody waits for it.
    if (asked->in_service.erase(operation) == 0 && result != OperationResult::rejected) return;
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

  /// A service that holds an operation is told by a Withdraw, which is a message of its own.
  template <class IsCut>
  void cut_off(IsCut is_cut) {
    Member* member = whose_timer();
    if (member == nullptr) return;
    for (auto running = member->in_service.begin(); running != member->in_service.end();) {
      const auto [operation, started] = *running;
      const PlanStep& step = *step_of(*member, operation);
      const bool runs_on =
          step.kind == OperationKind::transaction || model_.services[step.service].transactional;
      if (runs_on || !is_cut(step) || is_held(model_, step.service, step.chunk_tokens)) {
        ++running;
        continue;
      }
      // What its service has finished is left behind on its link, not cut off.
      const bool is_finished = now_ - started >= sample_of(model_, member->number, step).duration;
      if (!is_finished)
        add(member->name, service_of(*member, operation),
            fmt::format("abort operation {}", operation));
      running = member->in_service.erase(running);
    }
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
  const Policy& policy_;
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
  Tracer tracer(scenario, policy, number);
  bool is_settled = false;
  JoinedReports reports(model.seed.value, [&](const RequestReport& request, const ClientReport&) {
    is_settled = is_settled || request.number == number;
  });
  const bool alone = !model.requests_compete();
  const WorldOptions options{
      .model = model,
      .policy = policy,
      .play = alone ? LoadPlay::one_by_one : LoadPlay::all,
      .reports = reports,
      .observer = [&](Time now, Address to, const Message& message, bool dropped) {
        if (!stop && !dropped) tracer.see(now, to, message);
        stop = is_settled && tracer.has_gone();
      }};
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
