#include "exam/load_count.hpp"

#include "exam/turn_times.hpp"

#include <algorithm>

namespace caesura {

void LoadCount::add(const PlayedRequest& request, const TurnRecord& turn,
                    const TurnLedger& ledger) {
  ++played;
  TurnTimes times;
  if (request.begun) {
    times = times_of(turn, *request.begun, request.over);
    errors.own.add(times.own);
    errors.late.add(times.late + std::max(*request.begun - request.due, zero_duration));
  }
  const RequestNumber number = request.number;
  if (number >= paired_requests_max) return;
  if (number >= pairs.size()) {
    pairs.resize(number + 1);
    latencies.resize(number + 1);
  }
  pairs[number] = paired_request(ledger.request, ledger.client);
  if (ledger.client.outcome == Outcome::completed)
    latencies[number] = {.whole = ledger.client.answered - ledger.client.arrived, .own = times.own};
}

void LoadCount::note_wait(Duration waited) {
  ++errors.waited;
  errors.waited_max = std::max(errors.waited_max, waited);
}

}  // namespace caesura
