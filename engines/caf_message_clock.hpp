#pragma once

#include <caf/actor_clock.hpp>
#include <caf/group.hpp>
#include <caf/message.hpp>
#include <caf/message_id.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace caesura {

/// A clock for CAF that delays messages to actors, and that alone: Caesura uses none of CAF's
/// timeouts and groups. Setting one throws std::logic_error.
class CafMessageClock : public caf::actor_clock {
 public:
  using caf::actor_clock::schedule_message;

  void set_ordinary_timeout(time_point, caf::abstract_actor*, caf::atom_value,
                            std::uint64_t) final {
    refuse("receive timeouts");
  }
  void set_multi_timeout(time_point, caf::abstract_actor*, caf::atom_value, std::uint64_t) final {
    refuse("stream timeouts");
  }
  void set_request_timeout(time_point, caf::abstract_actor*, caf::message_id) final {
    refuse("request timeouts");
  }
  void schedule_message(time_point, caf::group, caf::strong_actor_ptr, caf::message) final {
    refuse("groups");
  }
  void cancel_ordinary_timeout(caf::abstract_actor*, caf::atom_value) final {}
  void cancel_request_timeout(caf::abstract_actor*, caf::message_id) final {}
  void cancel_timeouts(caf::abstract_actor*) final {}

 private:
  [[noreturn]] static void refuse(const char* what) {
    throw std::logic_error(std::string("Caesura's clocks know no ") + what);
  }
};

}  // namespace caesura
