#include "scenarios/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>

#include "actors/arrivals.hpp"
#include "actors/plan.hpp"
#include "actors/world.hpp"
#include "scenarios/joined_reports.hpp"

namespace caesura {
namespace {

/// Picks one request's messages out of a world's.
class Tracer {
 public:
  Tracer(const Scenario& scenario, RequestNumber number) : model_(scenario.model), number_(number) { expand(model_, number, plan_); }

  void see(Time now, Address to, const Message& message) {
    now_ = now;
    to_ = to;
    std::visit([this](const auto& m) { see(m); }, message);
  }
  const std::vector<TraceLine>& lines() const { return lines_; }
  /// The request's actor has ended.
  bool has_gone() const { return has_gone_; }

 private:
  // Timers, and the leave to go, which is of no interest to people.
  void see(const Arrive&) {}
  void see(const MomentKnown&) {}
  void see(const CancelMoment&) {}
  void see(const StreamDue&) {}
  void see(const WaitOver&) {
    if (is_request()) add("request", "request", "wait over");
  }
  void see(const Release&) {
    if (!is_request()) return;
    request_.reset();
    has_gone_ = true;
  }

  void see(const Start& start) {
    if (start.number != number_) return;
    if (to_ == directory_address) return add("client", "directory", fmt::format("start request {}", number_));
    request_ = to_;
    ticket_ = start.ticket;
    add("directory", "request", fmt::format("start: {} operations planned", plan_.operations));
  }
  void see(const Cancel& cancel) {
    if (cancel.number != number_) return;
    const bool to_directory = to_ == directory_address;
    if (!to_directory || has_ended_) answering_.push_back(to_directory ? "directory" : "request");
    add(to_directory ? "client" : "directory", to_directory ? "directory" : "request", "cancel");
  }
  void see(const CancelAnswer& answer) {
    if (answer.number != number_) return;
    add(answering_.front(), "client", fmt::format("cancel: {}", name_of(answer.verdict)));
    answering_.pop_front();
  }
  void see(const Answer& answer) {
    if (answer.number == number_) add("request", "client", fmt::format("answer: {}", name_of(answer.outcome)));
  }
  void see(const Chunk& chunk) {
    if (chunk.number == number_) add("request", "client", fmt::format("chunk {}: {} tokens", chunk.index, chunk.tokens));
  }
  void see(const Ended& ended) {
    if (!request_ || ended.ticket != ticket_) return;
    has_ended_ = true;
    add("request", "directory", fmt::format("ended: {}", name_of(ended.outcome)));
  }
  void see(const TimeOut&) {
    if (is_request()) add("request", "request", "timeout");
  }
  void see(const AbortDue&) {
    if (is_request()) add("request", "request", "abort what is in progress");
  }
  void see(const Ask& ask) {
    if (ask.number != number_) return;
    add("request", service_of(ask.operation),
        fmt::format("ask: operation {} of {} ({})", ask.operation, plan_.operations, name_of(ask.kind)));
  }
  void see(const Queued& queued) {
    if (is_request()) add(service_of(queued.operation), "request", fmt::format("operation {} waits in the queue", queued.operation));
  }
  void see(const Started& started) {
    if (is_request()) add(service_of(started.operation), "request", fmt::format("operation {} has started", started.operation));
  }
  void see(const Withdraw& withdraw) {
    if (!request_ || withdraw.from != *request_) return;
    add("request", service_of(withdraw.operation), fmt::format("withdraw operation {}", withdraw.operation));
  }
  void see(const Reply& reply) {
    if (!is_request()) return;
    const char* result = reply.result == OperationResult::ok ? "done" : reply.result == OperationResult::failed ? "failed" : "rejected";
    std::string text = fmt::format("operation {} {}", reply.operation, result);
    if (reply.result != OperationResult::rejected) text += fmt::format(" after {} s", seconds(reply.busy));
    const std::uint64_t tokens = std::uint64_t{reply.input_tokens} + reply.cached_input_tokens + reply.output_tokens;
    if (tokens > 0) text += fmt::format(", {} tokens", tokens);
    const std::string from = service_of(reply.operation);
    add(from, "request", text);
  }
  void see(const ModelChunk& chunk) {
    if (is_request()) add(service_of(chunk.operation), "request", fmt::format("{} tokens", chunk.tokens));
  }

  bool is_request() const { return request_ && to_ == *request_; }
  std::string service_of(std::uint32_t operation) const {
    const auto step = std::find_if(plan_.steps.begin(), plan_.steps.end(),
                                   [&](const PlanStep& s) { return s.what == PlanStep::What::operation && s.number == operation; });
    if (step == plan_.steps.end() || step->kind == OperationKind::transaction) return "request";
    const ServiceProfile& service = model_.services[step->service];
    return fmt::format("{} {}", name_of(service.kind), service.name);
  }
  void add(std::string from, std::string to, std::string text) {
    lines_.push_back({now_, std::move(from), std::move(to), std::move(text)});
  }

  const Model& model_;
  RequestNumber number_;
  Plan plan_;
  std::vector<TraceLine> lines_;
  std::optional<Address> request_;
  Ticket ticket_ = 0;
  bool has_ended_ = false;
  std::deque<const char*> answering_;  // who answers the cancels that are on their way, in order
  Time now_{};
  Address to_;
  bool has_gone_ = false;
};

}  // namespace

std::vector<TraceLine> trace_request(const Scenario& scenario, const Policy& policy, RequestNumber number, EngineKind engine) {
  const Model& model = scenario.model;
  std::atomic<bool> stop{false};
  const std::uint64_t requests = count_requests(model, stop);
  if (number >= requests) {
    throw ScenarioError(fmt::format("--request {}: {} has {} requests, numbered from 0", number, scenario.file, requests));
  }
  Tracer tracer(scenario, number);
  bool is_settled = false;
  JoinedReports reports(model.seed,
                        [&](const RequestReport& request, const ClientReport&) { is_settled = is_settled || request.number == number; });
  const bool alone = !model.requests_compete();
  const WorldOptions options{.model = model,
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
    text += fmt::format("{:>{}.9f} s  {:<{}} -> {:<{}}  {}\n", seconds(line.at), time_width, line.from, from_width, line.to, to_width,
                        line.text);
  }
  return text;
}

std::string mermaid_trace(const std::vector<TraceLine>& lines) {
  std::vector<std::string> participants;
  const auto id_of = [&](const std::string& name) {
    const auto found = std::find(participants.begin(), participants.end(), name);
    if (found == participants.end()) participants.push_back(name);
    return static_cast<std::size_t>(std::find(participants.begin(), participants.end(), name) - participants.begin());
  };
  std::string messages;
  for (const TraceLine& line : lines) {
    const std::size_t from = id_of(line.from);
    const std::size_t to = id_of(line.to);
    messages += fmt::format("    p{}->>p{}: {} s: {}\n", from, to, seconds(line.at), line.text);
  }
  std::string text = "sequenceDiagram\n";
  for (std::size_t p = 0; p < participants.size(); ++p) text += fmt::format("    participant p{} as {}\n", p, participants[p]);
  return text + messages;
}

}  // namespace caesura
