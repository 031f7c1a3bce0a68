#include "doors/live/filler.hpp"
#include "doors/muxi/gateway.hpp"
#include "doors/muxi/request_views.hpp"

#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

RequestStatus status_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::completed:
      return RequestStatus::completed;
    case Outcome::cancelled:
      return RequestStatus::cancelled;
    case Outcome::failed:
    case Outcome::timed_out:
    case Outcome::rejected:
      return RequestStatus::failed;
  }
  return RequestStatus::failed;
}

/// Sets a flag for as long as it lives.
class Raised {
 public:
  explicit Raised(bool& flag) : flag_(flag) { flag_ = true; }
  ~Raised() { flag_ = false; }
  Raised(const Raised&) = delete;
  Raised& operator=(const Raised&) = delete;

 private:
  bool& flag_;
};

}  // namespace

void Gateway::let_happen() {
  if (options_.manual_clock) run_.advance(zero_duration);
  take_events();
}

void Gateway::take_events() {
  if (taking_events_) return;  // whoever takes them will take these too
  {
    const Raised taking(taking_events_);
    for (std::vector<LiveEvent> events = run_.take_events(); !events.empty();
         events = run_.take_events()) {
      for (const LiveEvent& event : events) {
        if (event.what == LiveEvent::What::settled) {
          --in_flight_;
          if (event.record) metrics_.count_settled(*event.record);
        }
        if (RequestRecord* record = registry_.find(event.request)) happen(*record, event);
      }
      for (const CancelNews& news : std::exchange(cancel_news_, {})) {
        if (RequestRecord* record = registry_.find(news.request))
          answer_cancel(*record, news.cancel, news.verdict, news.at);
      }
      for (const LiveEvent& event : events) {
        if (event.what == LiveEvent::What::settled) registry_.settled(event.request);
      }
    }
  }
  if (options_.requests_csv) options_.requests_csv(run_.take_csv(false));
  if (idle_ && in_flight_ == 0) idle_();
}

void Gateway::happen(RequestRecord& record, const LiveEvent& event) {
  switch (event.what) {
    case LiveEvent::What::operation_started:
    case LiveEvent::What::operation_ended:
    case LiveEvent::What::chunk:
      return happen_to_operation(record, event);
    case LiveEvent::What::cancel_received:
      record.cancel_received = event.at;
      return;
    case LiveEvent::What::cancel_answered:
      if (record.cancels.empty()) return;
      cancel_news_.push_back(
          {record.number, std::move(record.cancels.front()), event.verdict, event.at});
      record.cancels.pop_front();
      return;
    case LiveEvent::What::stopped:
      return stop(record, event);
    case LiveEvent::What::answered:
      return answer_chat(record, event.at);
    case LiveEvent::What::settled:
      return settle(record, event);
  }
}

void Gateway::happen_to_operation(RequestRecord& record, const LiveEvent& event) {
  if (event.operation == 0 || event.operation > record.operations.size()) return;
  ServiceSpan& span = record.operations[event.operation - 1];
  const LiveOperation& planned = record.plan.operations[event.operation - 1];
  if (event.what == LiveEvent::What::operation_ended) {
    span.ended = event.at;
    return;
  }
  if (event.what == LiveEvent::What::operation_started) {
    if (record.is_over()) return;
    span.started = event.at;
    record.status = RequestStatus::processing;
    return write_token(record, event.at, "progress", "",
                       {{"stage", stage_of(planned.kind)},
                        {"operation", event.operation},
                        {"kind", name_of(planned.kind)},
                        {"service", planned.service.empty() ? Json() : Json(planned.service)}});
  }
  if (event.operation == record.plan.answering_call) {
    return write_content(
        record, event.at,
        std::min(event.tokens, record.words() - std::min(record.words(), record.words_sent)));
  }
  write_token(record, event.at, "planning", filler(record.planning_words_sent, event.tokens),
              {{"operation", event.operation}});
  record.planning_words_sent += event.tokens;
}

void Gateway::stop(RequestRecord& record, const LiveEvent& event) {
  record.stopped = event.at;
  record.outcome = event.outcome;
  record.status = status_of(event.outcome);
  for (ServiceSpan& span : record.operations) {
    if (!span.started || span.ended) continue;
    span.ended = event.at;
    span.cut_off = true;
  }
  registry_.ended(record.number, client_now());
  for (PendingCancel& late : std::exchange(record.late_cancels, {})) {
    record.cancels.push_back(std::move(late));
    pass_cancel(record);
  }
}

void Gateway::settle(RequestRecord& record, const LiveEvent& event) {
  record.ledger = event.record;
  // These came when it had settled already.
  for (PendingCancel& unsent : std::exchange(record.cancels, {})) {
    const bool cancelled = event.outcome == Outcome::cancelled;
    cancel_news_.push_back({record.number, std::move(unsent),
                            cancelled ? CancelVerdict::already_cancelled : CancelVerdict::too_late,
                            event.at});
  }
}

}  // namespace caesura
