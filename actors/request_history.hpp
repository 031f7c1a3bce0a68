#pragma once

// What becomes of requests and of their operations, told where it is decided: those who show it
// read it here, and decide nothing.

#include "sim/time.hpp"
#include "model/quantities.hpp"
#include "model/request_id.hpp"
#include "actors/messages.hpp"

#include <cstdint>
#include <functional>

namespace caesura {

/// Something that happened to a request, or to the child of one, as it was decided: the start of an
/// operation by its service, for it alone knows of its places; all else by the request.
///
/// Of a request there are: `began`; at most one `cancel_received`; of each operation that it asked
/// for `asked`, then `queued` if it had to wait, or `turned_away`, `started` if it was performed,
/// and one of `ended`, `withdrawn`, `cut_off` and `left_running`; last `stopped`. In real time what
/// a service tells may come late, and of an operation that is already withdrawn.
struct RequestEvent {
  enum class What : std::uint8_t {
    began,
    cancel_received,  ///< the first
    asked,
    queued,        ///< no place was free
    turned_away,   ///< nor one to wait in; its end will be `rejected`
    started,       ///< in service
    ended,         ///< for the request: see HowEnded
    withdrawn,     ///< it has not started, and never will
    cut_off,       ///< given up in service, where it stops, but for an orphan
    left_running,  ///< transactional: nobody waits for it, and it runs on to its end
    stopped,
  };
  enum class HowEnded : std::uint8_t {
    ok,
    failed,
    rejected,
    unheard,      ///< its service had ended it, and the reply was on its way to nobody
    with_caller,  ///< a child that is told: it stops at this instant, because its caller does
  };
  /// Why an operation in progress was given up.
  enum class GivenUp : std::uint8_t {
    by_abort,   ///< by the policy, after a cancel
    by_limit,   ///< the request's time was up
    by_parent,  ///< the request is a child, and its parent has ended
  };

  What what = What::began;
  Address request;  ///< of the actor that it happened to
  RequestNumber number = 0;
  Ticket ticket = no_ticket;    ///< no_ticket: a child's
  std::uint32_t operation = 0;  ///< its number in the plan, from 1; `began`, of a child: the number
                                ///< of the parent's operation that it is
  Time at{};

  Address parent{};                         ///< `began`, of a child
  OperationKind kind = OperationKind::llm;  ///< `started`
  std::uint16_t service = 0;                ///< `started`, but of a transaction
  HowEnded how = HowEnded::ok;              ///< `ended`
  GivenUp why = GivenUp::by_abort;          ///< `cut_off`, `left_running`
  bool is_orphan = false;                   ///< `cut_off`: a child that is not told, and runs on
  Time ends{};                              ///< `left_running`
  Outcome outcome = Outcome::completed;     ///< `stopped`
};

/// Hears of each event as it happens. In real time from any thread, one call at a time.
using RequestHistory = std::function<void(const RequestEvent& event)>;

}  // namespace caesura
