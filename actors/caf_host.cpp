#include "actors/caf_host.hpp"

#include <algorithm>
#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/actor_config.hpp>
#include <caf/make_actor.hpp>

namespace caesura {

CafHome::CafHome() : alive_([](const Envelope&) {}) {}

CafHost::CafHost(caf::actor_config& config, CafHome& home, Actor&& actor)
    : event_based_actor(config), home_(home), actor_(std::move(actor)) {}

CafHost::CafHost(caf::actor_config& config, CafHome& home, Request&& request)
    : event_based_actor(config), home_(home), actor_(std::move(request)) {}

CafHost::~CafHost() = default;

void CafHost::prefetch_all() const {
  const auto* bytes = reinterpret_cast<const std::byte*>(this);
  for (std::size_t line = 0; line < sizeof(CafHost); line += CAF_CACHE_LINE_SIZE) {
    __builtin_prefetch(bytes + line, 1);
    asm volatile("" : : "r"(bytes));  // or GCC 12 takes the function for one without effect
  }
}

void CafHost::end() {
  actor_.reset();
  quit();
}

caf::invoke_message_result CafHost::consume(caf::mailbox_element& element) {
  const EnvelopeElement* envelope = as_envelope(element);
  if (envelope == nullptr) return event_based_actor::consume(element);  // CAF's own, as an exit at its shutdown
  if (!ended()) home_.handle(*this, envelope->envelope());
  return caf::invoke_message_result::consumed;
}

caf::strong_actor_ptr spawn_host(caf::actor_system& system, CafHome& home, Actor&& actor) {
  return caf::actor_cast<caf::strong_actor_ptr>(system.spawn<CafHost, caf::hidden + caf::lazy_init>(home, std::move(actor)));
}

namespace {

template <class Hosted>
caf::strong_actor_ptr spawn_on(caf::execution_unit& unit, CafHome& home, Hosted&& hosted) {
  caf::actor_system& system = unit.system();
  caf::actor_config config(&unit);
  config.flags |= caf::abstract_actor::is_hidden_flag;
  auto host = caf::make_actor<CafHost, caf::strong_actor_ptr>(system.next_actor_id(), system.node(), &system, config, home,
                                                              std::forward<Hosted>(hosted));
  auto* started = static_cast<CafHost*>(host->get());
  started->launch(&unit, true, true);
  started->activate(&unit);
  return host;
}

}  // namespace

caf::strong_actor_ptr spawn_host(caf::execution_unit& unit, CafHome& home, Actor&& actor) { return spawn_on(unit, home, std::move(actor)); }

caf::strong_actor_ptr spawn_host(caf::execution_unit& unit, CafHome& home, Request&& request) {
  return spawn_on(unit, home, std::move(request));
}

Address HostTable::add(caf::strong_actor_ptr host) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  slots_[index].host = std::move(host);
  hosts_peak_ = std::max(hosts_peak_, ++hosts_);
  return {index, slots_[index].generation};
}

caf::strong_actor_ptr HostTable::hold(Address address) const {
  const caf::strong_actor_ptr* host = slot_of(address);
  return host ? *host : nullptr;
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
