#include "engines/caf_host.hpp"

#include <caf/actor_cast.hpp>

#include <utility>

namespace caesura {

CafHome::CafHome() : alive_([](const Envelope&) {}) {}

CafHost::CafHost(caf::actor_config& config, CafHome& home, Actor&& actor)
    : event_based_actor(config), home_(home), actor_(std::move(actor)) {}

CafHost::~CafHost() = default;

void CafHost::end() {
  actor_.reset();
  quit();
}

caf::invoke_message_result CafHost::consume(caf::mailbox_element& element) {
  const Envelope* envelope = envelope_of(element);
  if (envelope == nullptr)
    return event_based_actor::consume(element);  // CAF's own, as an exit at its shutdown
  if (!ended()) home_.handle(*this, *envelope);
  return caf::invoke_message_result::consumed;
}

caf::strong_actor_ptr spawn_host(caf::actor_system& system, CafHome& home, Actor&& actor) {
  return caf::actor_cast<caf::strong_actor_ptr>(
      system.spawn<CafHost, caf::hidden + caf::lazy_init>(home, std::move(actor)));
}

Address HostTable::add(caf::strong_actor_ptr host) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  slots_[index].host = std::move(host);
  ++hosts_;
  return {index, slots_[index].generation};
}

caf::strong_actor_ptr HostTable::hold(Address address) const {
  return caf::strong_actor_ptr(find(address));
}

caf::strong_actor_ptr HostTable::remove(Address address) {
  Slot& slot = slots_[address.index];
  ++slot.generation;
  free_.push_back(address.index);
  --hosts_;
  return std::exchange(slot.host, nullptr);
}

std::vector<caf::strong_actor_ptr> HostTable::remove_all() {
  std::vector<caf::strong_actor_ptr> hosts;
  for (Slot& slot : slots_) {
    if (slot.host) hosts.push_back(std::move(slot.host));
  }
  slots_.clear();
  free_.clear();
  return hosts;
}

}  // namespace caesura
