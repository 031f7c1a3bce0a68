#include "actors/joined_reports.hpp"

#include <string>

namespace caesura {
namespace {

bool adds_up(const RequestReport& report) {
  // Mostly nothing is saved, and there is nothing to add.
  const Amounts nothing;
  if (report.saved == nothing && report.forgone == nothing) return report.planned == report.used;
  return report.planned == report.used + report.saved + report.forgone;
}

}  // namespace

void JoinedReports::add(const RequestReport& report) {
  if (!adds_up(report)) fail(report.number, "its ledger does not add up");
  if (const auto settled = settled_.find(report.number); settled != settled_.end()) {
    --unsettled_;
    join(report, settled->second);
    settled_.erase(settled);
    return;
  }
  if (report.ticket >= place_of_.size()) place_of_.resize(report.ticket + std::size_t{1}, none);
  std::uint32_t& place = place_of_[report.ticket];
  if (place != none) fail(report.number, "it ended twice");
  if (free_.empty()) {
    place = static_cast<std::uint32_t>(pending_.size());
    pending_.push_back(report);
  } else {
    place = free_.back();
    free_.pop_back();
    pending_[place] = report;
  }
  ++unsettled_;
}

void JoinedReports::add(const ClientReport& client) {
  const std::uint32_t place = client.ticket < place_of_.size() ? place_of_[client.ticket] : none;
  if (place == none || pending_[place].number != client.number) {
    if (!settled_.emplace(client.number, client).second)
      fail(client.number, "it was settled twice");
    ++unsettled_;
    return;
  }
  place_of_[client.ticket] = none;
  free_.push_back(place);
  --unsettled_;
  join(pending_[place], client);
}

void JoinedReports::join(const RequestReport& request, const ClientReport& client) {
  if (request.number != client.number || request.outcome != client.outcome)
    fail(client.number, "client and server disagree about it");
  const bool was_cancelled = request.outcome == Outcome::cancelled;
  if (client.cancels_accepted != (was_cancelled ? 1U : 0U))
    fail(client.number, "the answers to its cancels contradict its outcome");
  const std::uint32_t answered = client.cancels_accepted + client.cancels_too_late +
                                 client.cancels_already_cancelled + client.cancels_ignored;
  if (answered != client.cancels_sent) fail(client.number, "a cancel of it was not answered once");
  if (request.chunks_sent != client.chunks_received) fail(client.number, "a chunk of it was lost");
  use_(request, client);
}

void JoinedReports::fail(RequestNumber number, const char* what) const {
  throw BrokenInvariant("broken invariant: request " + std::to_string(number) + " of seed " +
                        std::to_string(seed_) + ": " + what +
                        "; please report this with the scenario");
}

}  // namespace caesura
