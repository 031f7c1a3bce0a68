#pragma once

#include "engines/world.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace caesura::testing {

using namespace std::chrono_literals;

inline Distribution fixed(Duration d) {
  return Distribution::constant(static_cast<double>(d.count()));
}

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

/// `requests` at once, of an LLM (index 0, 1 s) and a tool (index 1, 10 s), called in turn `rounds`
/// times.
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

/// Cuts nothing off.
inline Policy policy(PolicyKind kind) { return {.name = name_of(kind), .kind = kind}; }

using Kinds = std::vector<OperationKind>;
/// Cuts off operations of these kinds, `delay` after the cancel was received.
inline Policy cutting_off(PolicyKind kind, Duration delay, const Kinds& kinds) {
  Policy cutting = policy(kind);
  for (const OperationKind k : kinds) cutting.aborts[index_of(k)] = true;
  cutting.abort_delay = delay;
  return cutting;
}
inline const Kinds all_kinds{OperationKind::llm, OperationKind::decompose, OperationKind::tool,
                             OperationKind::agent};
inline Policy abort_after(Duration detect, const Kinds& kinds = all_kinds) {
  return cutting_off(PolicyKind::abort, detect, kinds);
}
inline Policy disconnect_after(Duration detect) {
  return cutting_off(PolicyKind::disconnect, detect,
                     {OperationKind::llm, OperationKind::decompose});
}
inline Policy escalate_after(Duration after, Duration detect, const Kinds& kinds = all_kinds) {
  return cutting_off(PolicyKind::escalate, after + detect, kinds);
}

struct Settled {
  RequestReport request;
  ClientReport client;
};

/// Puts both reports of each request together, whichever comes first, and passes them on. Whatever
/// is tested, every ledger adds up.
class PassedOn final : public ReportSink {
 public:
  using Use = std::function<void(const Settled&)>;
  explicit PassedOn(Use use) : use_(std::move(use)) {}
  void add(const RequestReport& report) override {
    EXPECT_EQ(report.planned, report.used + report.saved + report.forgone)
        << "the ledger of request " << report.number;
    EXPECT_TRUE(stopped_.emplace(report.number, report).second)
        << "request " << report.number << " ended twice";
    pass_on(report.number);
  }
  void add(const ClientReport& report) override {
    EXPECT_TRUE(settled_.emplace(report.number, report).second)
        << "request " << report.number << " was settled twice";
    pass_on(report.number);
  }
  /// Requests of which only one report came.
  std::size_t unpaired() const { return stopped_.size() + settled_.size(); }

 private:
  void pass_on(RequestNumber number) {
    const auto stopped = stopped_.find(number);
    const auto settled = settled_.find(number);
    if (stopped == stopped_.end() || settled == settled_.end()) return;
    use_({stopped->second, settled->second});
    stopped_.erase(stopped);
    settled_.erase(settled);
  }

  Use use_;
  std::map<RequestNumber, RequestReport> stopped_;
  std::map<RequestNumber, ClientReport> settled_;
};

using MakeWorld = std::unique_ptr<World> (*)(const WorldOptions&);

/// An engine in virtual time, for tests of what has to be true on each.
struct Engine {
  const char* name;
  MakeWorld make;
};
inline void PrintTo(const Engine& engine, std::ostream* out) { *out << engine.name; }
inline const Engine both_engines[] = {{"direct", make_direct_world}, {"caf", make_caf_world}};

/// Plays the whole load in one world, of which nothing must be left then; `use` gets every request
/// when both its reports are in.
inline void play_each(const Model& model, const PassedOn::Use& use, const Policy& p,
                      MakeWorld make = make_direct_world) {
  PassedOn reports(use);
  const auto world = make(
      {.model = model, .policy = p, .play = LoadPlay::all, .reports = reports, .observer = {}});
  announce_load(model, *world);
  const std::atomic<bool> stop{false};
  EXPECT_TRUE(world->run(stop));
  EXPECT_EQ(world->counters().requests_now, 0U) << "request actors were left";
  EXPECT_EQ(reports.unpaired(), 0U);
}
inline void play_each(const Model& model, const PassedOn::Use& use,
                      PolicyKind kind = PolicyKind::checkpoint,
                      MakeWorld make = make_direct_world) {
  play_each(model, use, policy(kind), make);
}

using AllSettled = std::map<RequestNumber, Settled>;

/// As above; all requests, by number.
inline AllSettled play(const Model& model, const Policy& p, MakeWorld make = make_direct_world) {
  AllSettled all;
  play_each(
      model, [&](const Settled& s) { all[s.request.number] = s; }, p, make);
  return all;
}
inline AllSettled play(const Model& model, PolicyKind kind = PolicyKind::checkpoint,
                       MakeWorld make = make_direct_world) {
  return play(model, policy(kind), make);
}

inline Time at(Duration d) { return Time{d}; }

}  // namespace caesura::testing
