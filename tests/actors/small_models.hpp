#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/world.hpp"

namespace caesura::testing {

using namespace std::chrono_literals;

inline Distribution fixed(Duration d) { return Distribution::constant(static_cast<double>(d.count())); }

/// A service of constant latency.
inline ServiceProfile service(ServiceKind kind, Distribution latency) {
  ServiceProfile profile;
  profile.kind = kind;
  profile.name = name_of(kind);
  profile.latency = WholeLatency{std::move(latency)};
  return profile;
}

inline WorkflowStep call(OperationKind kind, std::uint16_t index, std::uint32_t chunk_tokens = 0) {
  return {ServiceCall{.kind = kind, .service = index, .chunk_tokens = chunk_tokens}};
}

inline CancelSource cancel_after(Duration d) {
  CancelSource source;
  source.moment = CancelAfter{fixed(d)};
  return source;
}

/// `requests` at once, of an LLM (index 0, 1 s) and a tool (index 1, 10 s), called in turn `rounds` times.
inline Model two_services(std::uint64_t requests = 1, std::uint32_t rounds = 2) {
  Model model;
  model.load = {.requests = requests, .duration = {}, .arrivals = ArrivalsAtOnce{}};
  model.services = {service(ServiceKind::llm, fixed(1s)), service(ServiceKind::tool, fixed(10s))};
  for (std::uint32_t i = 0; i < rounds; ++i) {
    model.workflow.push_back(call(OperationKind::llm, 0));
    model.workflow.push_back(call(OperationKind::tool, 1));
  }
  return model;
}

inline Policy policy(PolicyKind kind) { return {.name = name_of(kind), .kind = kind}; }

struct Settled {
  RequestReport request;
  ClientReport client;
};

/// Puts both reports of each request together and passes them on.
class PassedOn final : public ReportSink {
 public:
  using Use = std::function<void(const Settled&)>;
  explicit PassedOn(Use use) : use_(std::move(use)) {}
  void add(const RequestReport& report) override { stopped_[report.ticket] = report; }
  void add(const ClientReport& report) override { use_({stopped_.at(report.ticket), report}); }

 private:
  Use use_;
  std::map<Ticket, RequestReport> stopped_;
};

using MakeWorld = std::unique_ptr<World> (*)(const WorldOptions&);

/// Plays the whole load in one world; `use` gets every request when it is settled.
inline void play_each(const Model& model, const PassedOn::Use& use, PolicyKind kind = PolicyKind::checkpoint,
                      MakeWorld make = make_direct_world) {
  PassedOn reports(use);
  const Policy p = policy(kind);
  const auto world = make({.model = model, .policy = p, .play = LoadPlay::all, .reports = reports, .observer = {}});
  announce_load(model, *world);
  const std::atomic<bool> stop{false};
  world->run(stop);
}

/// As above; all requests, by number.
inline std::map<RequestNumber, Settled> play(const Model& model, PolicyKind kind = PolicyKind::checkpoint,
                                             MakeWorld make = make_direct_world) {
  std::map<RequestNumber, Settled> all;
  play_each(
      model, [&](const Settled& s) { all[s.request.number] = s; }, kind, make);
  return all;
}

inline Settled play_one(const Model& model, PolicyKind kind = PolicyKind::checkpoint) { return play(model, kind).at(0); }

inline Time at(Duration d) { return Time{d}; }

}  // namespace caesura::testing
