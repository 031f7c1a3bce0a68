#pragma once

#include <cstdint>
#include <vector>

#include "actors/arrivals.hpp"
#include "actors/context.hpp"
#include "actors/messages.hpp"
#include "actors/reports.hpp"
#include "actors/rules.hpp"

namespace caesura {

/// Whether the client sends the whole load by itself once it has the first Arrive, or only the requests that it is told of. Under closed
/// load a user's next request follows the last in either case.
enum class LoadPlay : std::uint8_t { all, one_by_one };

/// All users: sends requests as the load says and cancels as the sources say, and keeps account of what comes back.
///
/// Guarantees: it sends no cancel once it has the final answer, but for sources that say so; it reports each request once, when it has the
/// answer to it and to every cancel of it, and will send no more.
class Client {
 public:
  Client(const Rules& rules, LoadPlay play);

  void receive(const Arrive& arrive, Context& context);
  void receive(const MomentKnown& known, Context& context);
  void receive(const CancelMoment& moment, Context& context);
  void receive(const CancelAnswer& answer, Context& context);
  void receive(const Chunk& chunk, Context& context);
  void receive(const Answer& answer, Context& context);

 private:
  /// A request that is not settled.
  struct Open {
    ClientReport report;
    LinkEnd to_server;
    std::uint32_t unanswered = 0;    ///< cancels on their way, or their answers
    std::uint32_t late_moments = 0;  ///< CancelMoments to come that count even once the answer is there
    bool answered = false;
    bool taken = false;
  };

  Ticket take_ticket();
  /// The request's entry, if it is still open.
  Open* find(Ticket ticket, RequestNumber number);
  void schedule_cancels(Ticket ticket, Time started, Context& context);
  void schedule_moment(Open& open, const CancelMoment& moment, Duration delay, Order place, Context& context);
  void fire(const CancelMoment& moment, Order place, Context& context);
  void send_cancel(Ticket ticket, Order place, Context& context);
  void settle_if_done(Ticket ticket, Context& context);

  const Rules* rules_;
  LoadPlay play_;
  Arrivals arrivals_;
  std::vector<Open> open_;  ///< by ticket
  std::vector<Ticket> free_;
};

}  // namespace caesura
