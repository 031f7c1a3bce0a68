#pragma once

#include "sim/time.hpp"
#include "actors/messages.hpp"
#include "engines/caf_envelope.hpp"
#include "engines/hosted_actors.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/mailbox_element.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace caesura {

class CafHost;

/// What hosts in real time live in; outlives them.
class CafHome {
 public:
  CafHome(const CafHome&) = delete;
  CafHome& operator=(const CafHome&) = delete;

  /// Has the host's actor handle the message. Throws nothing: what an actor throws is the home's to
  /// keep.
  virtual void handle(CafHost& host, const Envelope& envelope) noexcept = 0;
  /// The behaviour of every host, never called: what takes its place is CafHost::consume().
  const caf::behavior& alive() const { return alive_; }

 protected:
  CafHome();
  ~CafHome() = default;

 private:
  caf::behavior alive_;
};

/// A CAF actor that hosts one actor in real time: takes envelopes, and hands them to its home.
class CafHost final : public caf::event_based_actor {
 public:
  CafHost(caf::actor_config& config, CafHome& home, Actor&& actor);
  ~CafHost() override;

  /// Not to be used once ended.
  Actor& actor() { return *actor_; }
  /// In handle(): destroys the hosted actor; CAF ends this one as soon as handle() has returned.
  void end();
  bool ended() const { return !actor_; }

  /// What a home in real time keeps of a host.
  struct RealtimeState {
    Time latest{};                ///< no handler of this actor was told a later time
    bool sends_by_clock = false;  ///< it has sent another actor a delayed message
  };
  RealtimeState realtime;

  const char* name() const override { return "caesura.host"; }
  caf::behavior make_behavior() override { return home_.alive(); }
  /// Bypasses CAF's pattern matching, which has nothing to choose among here.
  caf::invoke_message_result consume(caf::mailbox_element& element) override;

 private:
  CafHome& home_;
  std::optional<Actor> actor_;
};

/// Starts a host; it costs no scheduler anything until its first message.
caf::strong_actor_ptr spawn_host(caf::actor_system& system, CafHome& home, Actor&& actor);

/// Hosts by address. A slot that comes free is taken again before the others, and before a new one,
/// by the next generation.
class HostTable {
 public:
  Address add(caf::strong_actor_ptr host);
  /// Null if there is none any more.
  caf::actor_control_block* find(Address address) const {
    if (address.index >= slots_.size()) return nullptr;
    const Slot& slot = slots_[address.index];
    return slot.generation == address.generation ? slot.host.get() : nullptr;
  }
  /// As find(), and keeps the host.
  caf::strong_actor_ptr hold(Address address) const;
  /// Frees the slot of a host that is there; the caller releases it.
  caf::strong_actor_ptr remove(Address address);
  /// Gives all hosts up, to be released. Not to be used any more, but for counts.
  std::vector<caf::strong_actor_ptr> remove_all();

  std::size_t hosts() const { return hosts_; }

 private:
  struct Slot {
    caf::strong_actor_ptr host;  ///< null when free
    std::uint32_t generation = 0;
  };

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t hosts_ = 0;
};

}  // namespace caesura
