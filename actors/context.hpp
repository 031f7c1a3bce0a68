#pragma once

#include "sim/time.hpp"
#include "actors/messages.hpp"
#include "actors/request_history.hpp"

#include <cstdint>

namespace caesura {

struct RequestReport;
struct ClientReport;

/// A message's place among those due at the same instant: lower first. A message that is sent takes
/// the next free order, so messages due together are delivered as they were sent, a delayed one
/// counting as sent when it was scheduled. In real time orders mean nothing.
using Order = std::uint64_t;

/// Added to an order: after everything else due at that instant.
inline constexpr Order last_of_instant = Order{1} << 63;

/// An actor's whole world: all that it can see and do. What an actor does with one message is a
/// function of its state, the message and this; so where it lives is not its business. One context
/// serves one actor at a time.
class Context {
 public:
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  Time now() const { return now_; }
  Address self() const { return self_; }
  /// Of the message being handled.
  Order order() const { return order_; }

  /// Delivers `message`, one of those in Message, after `delay` (>= 0), to an actor that may have
  /// ended by then.
  template <class One>
  void send(Address to, const One& message, Duration delay = zero_duration) {
    post(to, message, delay, reserve(1));
  }
  /// As send(), after all messages that are due at the same instant.
  template <class One>
  void send_last(Address to, const One& message, Duration delay) {
    post(to, message, delay, reserve(1) | last_of_instant);
  }
  /// As send(), in the place of the message being handled: with no delay, before anything else that
  /// is sent from now on. (The place of one that came last of its instant is left: what follows
  /// from it comes next.) At most one of a message's relays may have a given delay other than zero.
  template <class One>
  void relay(Address to, const One& message, Duration delay = zero_duration) {
    post(to, message, delay, (order_ & last_of_instant) != 0 ? reserve(1) : order_);
  }
  /// As send(), in a place kept with reserve().
  template <class One>
  void send_in_place(Order place, Address to, const One& message, Duration delay) {
    post(to, message, delay, place);
  }

  /// Keeps `count` places in a row, for messages that count as sent now; returns the first.
  virtual Order reserve(std::uint32_t count) = 0;
  /// Starts a request actor, which does nothing until its Start.
  virtual Address spawn_request() = 0;
  /// Ends the actor whose message is being handled, once it has handled it.
  virtual void end() = 0;

  /// What is left of a request: from the request when it has stopped, and from its client when it
  /// has settled it. Each once per request.
  virtual void report(const RequestReport& report) = 0;
  virtual void report(const ClientReport& report) = 0;

  /// Tells those who listen, if anybody does, what has just been decided: `event` makes it.
  template <class Event>
  void tell(const Event& event) const {
    if (history_ != nullptr) (*history_)(event());
  }

 protected:
  Context() = default;
  ~Context() = default;
  /// Queues a message and returns where it is to be written, at once; then written() is called.
  /// Messages with equal (due time, order) are delivered in the order of these calls.
  virtual Message& post(Address to, Duration delay, Order order) = 0;
  virtual void written() {}

  Time now_{};
  Address self_{};
  Order order_ = 0;
  const RequestHistory* history_ = nullptr;  ///< null: nobody listens

 private:
  /// Writes the message where it will be read: to copy what has just been written in parts would
  /// have the processor wait for it.
  template <class One>
  void post(Address to, const One& message, Duration delay, Order order) {
    post(to, delay, order).template emplace<One>(message);
    written();
  }
};

}  // namespace caesura
