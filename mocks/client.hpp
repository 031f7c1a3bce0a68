#pragma once

#include "sim/prefetch.hpp"
#include "sim/steady_vector.hpp"
#include "model/arrivals.hpp"
#include "actors/context.hpp"
#include "actors/messages.hpp"
#include "actors/reports.hpp"
#include "actors/rules.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace caesura {

/// All users: sends requests as the load says and cancels as the sources say, and keeps account of
/// what comes back.
///
/// Guarantees: it sends no cancel once it has the final answer, but for sources that say so; it
/// reports each request once, when it has the answer to it and to every cancel of it, and will send
/// no more.
class Client {
 public:
  Client(const Rules& rules, LoadPlay play);

  /// A hint that a message about the request with this ticket will come soon.
  void prefetch(Ticket ticket) const {
    if (ticket < open_.size()) caesura::prefetch(&open_[ticket]);
  }

  void receive(const Arrive& arrive, Context& context);
  void receive(const MomentKnown& known, Context& context);
  void receive(const CancelMoment& moment, Context& context);
  /// From outside. Sends nothing if it has the final answer already.
  void receive(const Cancel& cancel, Context& context);
  void receive(const LetGo& let_go, Context& context);
  void receive(const CancelAnswer& answer, Context& context);
  void receive(const Chunk& chunk, Context& context);
  void receive(const Answer& answer, Context& context);

 private:
  static constexpr std::uint32_t none = 0xffff'ffff;
  static constexpr RequestNumber nobody = ~RequestNumber{0};

  /// A request that is not settled: small, for there may be many.
  struct Open {
    RequestNumber number = nobody;  ///< nobody: the ticket is free
    Time arrived{};
    LinkEnd to_server;
    std::uint32_t chunks_received = 0;
    std::uint32_t cancelling = none;  ///< index into cancelling_
  };
  /// What only requests with cancels need: that were sent, or that will be sent whatever becomes of
  /// the request.
  struct Cancelling {
    std::optional<Time> cancel_sent;   ///< the first
    std::optional<Time> acknowledged;  ///< its answer received
    std::optional<Time> answered;
    Outcome outcome = Outcome::completed;  ///< once answered
    std::uint32_t cancels_sent = 0;
    std::array<std::uint32_t, 4>
        verdicts{};                ///< how many cancels were answered so, by CancelVerdict
    std::uint32_t unanswered = 0;  ///< cancels on their way, or their answers
    /// CancelMoments to come that count even once the answer is there.
    std::uint32_t late_moments = 0;
  };

  bool is_answered(const Open& open) const {
    return open.cancelling != none && cancelling_[open.cancelling].answered;
  }
  Ticket take_ticket(Ticket wished);
  Cancelling& cancelling(Open& open);
  /// The request's entry, if it is still open.
  Open* find(Ticket ticket, RequestNumber number);
  void schedule_cancels(Ticket ticket, Time started, Context& context);
  void schedule_moment(Open& open, const CancelMoment& moment, Duration delay, Order place,
                       Context& context);
  void fire(const CancelMoment& moment, Order place, Context& context);
  void send_cancel(Ticket ticket, Order place, Context& context);
  void settle_if_done(Ticket ticket, Context& context);
  void settle(Ticket ticket, Time answered, Outcome outcome, Context& context);

  const Rules* rules_;
  LoadPlay play_;
  Arrivals arrivals_;
  SteadyVector<Open> open_;  ///< by ticket
  std::vector<Ticket> free_;
  std::vector<Cancelling> cancelling_;
  std::vector<std::uint32_t> free_cancelling_;
};

}  // namespace caesura
