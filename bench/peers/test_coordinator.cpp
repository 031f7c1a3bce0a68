// The reference workload in CAF alone: an actor per request, on CAF's own scheduler for
// deterministic tests and its clock, which is how one would simulate with CAF if nothing was built
// for it.
//
// What is due next is triggered, then every actor that has something to do runs: trigger_timeout()
// and run() in turn. An operation is one delayed message of a request to itself, where Caesura's
// asks a service and gets a reply, so this has fewer messages to deliver. Actors are hidden from
// the registry, messages are single atoms: both are CAF's cheapest. Draws are the project's own,
// and the clock has nanoseconds, so the outcome must equal Caesura's.
#include "bench/peers/reference_workload.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace caesura::peers {
namespace {

using ArriveAtom = caf::atom_constant<caf::atom("arrive")>;
using OverAtom = caf::atom_constant<caf::atom("over")>;
using AskAtom = caf::atom_constant<caf::atom("ask")>;
using CancelAtom = caf::atom_constant<caf::atom("cancel")>;

/// What all actors share: they run in one thread.
struct World {
  KeyedDraws draws;
  Tally tally;
  std::uint64_t in_flight = 0;
  caf::actor service{};  ///< null: requests perform their operations themselves

  Nanoseconds start_operation(std::uint32_t request, std::uint32_t operation) {
    const Nanoseconds duration = draws.operation(request, operation);
    tally.planned += duration;
    tally.used += duration;
    return duration;
  }
};

class ServiceActor final : public caf::event_based_actor {
 public:
  ServiceActor(caf::actor_config& config, World& world)
      : caf::event_based_actor(config), world_(&world) {}

  caf::behavior make_behavior() override {
    return {[this](AskAtom, std::uint32_t request, std::uint32_t operation) {
      const Nanoseconds duration = world_->start_operation(request, operation);
      delayed_send(caf::actor_cast<caf::actor>(current_sender()),
                   std::chrono::nanoseconds{duration}, OverAtom::value);
    }};
  }

 private:
  World* world_;
};

class RequestActor final : public caf::event_based_actor {
 public:
  RequestActor(caf::actor_config& config, World& world, std::uint32_t number)
      : caf::event_based_actor(config), world_(&world), number_(number) {}

  caf::behavior make_behavior() override {
    start_operation();
    return {[this](OverAtom) { operation_over(); },
            [this](CancelAtom) {
              is_cancelled_ = true;
              cancelled_at_ = clock().now();
            }};
  }

 private:
  void start_operation() {
    ++operation_;
    if (world_->service) {
      send(world_->service, AskAtom::value, number_, operation_);
    } else {
      delayed_send(this, std::chrono::nanoseconds{world_->start_operation(number_, operation_)},
                   OverAtom::value);
    }
  }

  void operation_over() {
    if (!is_cancelled_ && operation_ < operations) return start_operation();
    if (is_cancelled_) {
      world_->tally.cancelled((clock().now() - cancelled_at_).count());
      while (operation_ < operations)
        world_->tally.planned += world_->draws.operation(number_, ++operation_);
    }
    --world_->in_flight;
    quit();
  }

  World* world_;
  caf::actor_clock::time_point cancelled_at_{};
  std::uint32_t number_;
  std::uint32_t operation_ = 0;
  bool is_cancelled_ = false;
};

class ArrivalsActor final : public caf::event_based_actor {
 public:
  ArrivalsActor(caf::actor_config& config, World& world, std::uint32_t requests)
      : caf::event_based_actor(config), world_(&world), requests_(requests) {}

  caf::behavior make_behavior() override {
    wait_for_next();
    return {[this](ArriveAtom) { arrive(); }};
  }

 private:
  void wait_for_next() {
    delayed_send(this, std::chrono::nanoseconds{world_->draws.gap(number_)}, ArriveAtom::value);
  }

  void arrive() {
    const auto request = spawn<RequestActor, caf::hidden>(*world_, number_);
    world_->tally.peak_in_flight = std::max(world_->tally.peak_in_flight, ++world_->in_flight);
    const Nanoseconds cancel_after = world_->draws.cancel_after(number_);
    if (cancel_after != never)
      delayed_send(request, std::chrono::nanoseconds{cancel_after}, CancelAtom::value);
    if (++number_ < requests_) {
      wait_for_next();
    } else {
      quit();
    }
  }

  World* world_;
  std::uint32_t requests_;
  std::uint32_t number_ = 0;
};

void simulate(const Options& options) {
  World world{.draws = KeyedDraws(options.seed, options.mean_gap_ns()), .tally = {}};
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("testing"));
  caf::actor_system system{config};
  auto& coordinator = dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  const auto started = std::chrono::steady_clock::now();
  if (options.has("--service")) world.service = system.spawn<ServiceActor, caf::hidden>(world);
  system.spawn<ArrivalsActor, caf::hidden>(world, options.requests);
  do {
    coordinator.run();
  } while (coordinator.trigger_timeout());
  world.tally.finish_and_print(options.requests, started);
  world.service = nullptr;
}

}  // namespace
}  // namespace caesura::peers

int main(int argc, char** argv) {
  caesura::peers::simulate(caesura::peers::read_options(argc, argv, {"--service"}));
  return 0;
}
