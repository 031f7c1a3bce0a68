#include "doors/live/live_session.hpp"

#include "model/plan.hpp"
#include "doors/live/fingerprint.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace caesura {
namespace {

using std::chrono::steady_clock;
using Why = StartError::Why;

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

/// Of a cancel that is not sent any more.
CancelVerdict verdict_after(bool is_cancelled) {
  return is_cancelled ? CancelVerdict::already_cancelled : CancelVerdict::too_late;
}

/// In requests.csv: its number if it is one, else any that is the same in every run.
std::uint64_t user_number(const std::string& user) {
  constexpr std::size_t digits_max = 18;
  const bool is_number = !user.empty() && user.size() <= digits_max &&
                         user.find_first_not_of("0123456789") == std::string::npos;
  return is_number ? std::stoull(user) : fingerprint(user);
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

LiveSession::LiveSession(Loop& loop, const Scenario& scenario, SessionOptions options,
                         Witness* witness)
    : loop_(loop),
      scenario_(scenario),
      options_(std::move(options)),
      witness_(witness),
      clock_(options_.start, options_.time_scale),
      registry_({}, [](const LiveRequest& request) { request.audience->forgotten(request); }),
      early_cancels_(options_.early_cancels_max),
      run_(scenario, {.policy = options_.policy,
                      .manual_clock = options_.manual_clock,
                      .time_scale = options_.time_scale,
                      .keeps_csv = static_cast<bool>(options_.requests_csv),
                      .on_events = [this] { loop_.post([this] { take_events(); }); }}) {}

// ---- Requests

void LiveSession::check_start(const StartWishes& wishes) const {
  const LiveRequest* other = wishes.takes_over ? nullptr : registry_.find(wishes.id);
  if (other != nullptr && !other->is_over())
    throw StartError(Why::id_is_taken, fmt::format("Request {} is active", wishes.id));
  if (other != nullptr && other->user != wishes.user)
    throw StartError(Why::id_is_taken, fmt::format("Request {} is another user's", wishes.id));
  if (idle_) throw StartError(Why::shutting_down, "The server is shutting down");
  if (in_flight_ < options_.requests_max) return;
  throw StartError(
      Why::too_many,
      fmt::format("{} requests are in flight, which is as many as may be; try again later",
                  in_flight_));
}

LiveRequest& LiveSession::start(const StartWishes& wishes, Audience& audience) {
  check_start(wishes);
  const RequestWishes wanted{.seed = wishes.seed,
                             .policy = wishes.policy,
                             .held_operation = wishes.held_operation,
                             .user = user_number(wishes.user)};
  LiveRequest request;
  try {
    request.plan = run_.planned(wanted);
  } catch (const PlanTooLong& error) {
    throw StartError(Why::too_long, error.what());
  }
  if (wishes.held_operation > request.plan.operations.size()) {
    throw StartError(Why::no_such_operation,
                     fmt::format("the request has {} operations, so there is no operation {}",
                                 request.plan.operations.size(), wishes.held_operation));
  }
  request.created = run_.now();
  request.number = run_.start(wanted);
  ++in_flight_;
  request.id = wishes.id;
  request.user = wishes.user;
  request.policy = &scenario_.policies[wishes.policy.value_or(options_.policy)];
  request.held_operation = wishes.held_operation;
  request.operations.resize(request.plan.operations.size());
  request.audience = &audience;
  return registry_.add(std::move(request));
}

void LiveSession::introduce(const std::string& id) {
  let_happen();
  early_cancels_.appeared(id);
}

void LiveSession::let_happen() {
  if (options_.manual_clock) run_.advance(zero_duration);
  take_events();
}

void LiveSession::take_events() {
  if (taking_events_) return;  // whoever takes them will take these too
  {
    const Raised taking(taking_events_);
    for (std::vector<LiveEvent> events = run_.take_events(); !events.empty();
         events = run_.take_events()) {
      for (const LiveEvent& event : events) {
        if (event.what == LiveEvent::What::settled) {
          --in_flight_;
          if (event.record && witness_ != nullptr) witness_->settled(*event.record);
        }
        if (LiveRequest* request = find(event.request)) happen(*request, event);
      }
      for (const CancelNews& news : std::exchange(cancel_news_, {})) {
        if (LiveRequest* request = find(news.request))
          tell(*request, news.told, news.verdict, news.at);
      }
      for (const LiveEvent& event : events) {
        if (event.what == LiveEvent::What::settled) registry_.settled(event.request);
      }
    }
  }
  if (options_.requests_csv) options_.requests_csv(run_.take_csv(false));
  if (idle_ && in_flight_ == 0) idle_();
}

void LiveSession::happen(LiveRequest& request, const LiveEvent& event) {
  switch (event.what) {
    case LiveEvent::What::operation_started:
      return start_operation(request, event);
    case LiveEvent::What::operation_ended:
    case LiveEvent::What::operation_left_running:
      span_of(request, event).ended = event.at;
      return;
    case LiveEvent::What::operation_cut_off:
      span_of(request, event).ended = event.at;
      span_of(request, event).cut_off = true;
      return;
    case LiveEvent::What::chunk:
      return say(request, event);
    case LiveEvent::What::cancel_received:
      request.cancel_received = event.at;
      return;
    case LiveEvent::What::cancel_answered:
      return answer_cancel(request, event);
    case LiveEvent::What::stopped:
      return stop(request, event);
    case LiveEvent::What::answered:
      return answer(request, event.at);
    case LiveEvent::What::settled:
      return settle(request, event);
  }
}

ServiceSpan& LiveSession::span_of(LiveRequest& request, const LiveEvent& event) {
  return request.operations.at(event.operation - 1);
}

void LiveSession::start_operation(LiveRequest& request, const LiveEvent& event) {
  span_of(request, event).started = event.at;
  request.status = RequestStatus::processing;
  request.audience->operation_started(request, event.operation, event.at);
}

void LiveSession::say(LiveRequest& request, const LiveEvent& event) {
  const bool is_answer = event.operation == request.plan.answering_call;
  std::uint32_t& said = is_answer ? request.answer_words_said : request.planning_words_said;
  const std::uint32_t count =
      is_answer ? std::min(event.tokens, request.words() - said) : event.tokens;
  const std::uint32_t first = std::exchange(said, said + count);
  request.audience->said(
      request,
      {.are_answer = is_answer, .operation = event.operation, .first = first, .count = count},
      event.at);
}

void LiveSession::stop(LiveRequest& request, const LiveEvent& event) {
  request.stopped = event.at;
  request.outcome = event.outcome;
  request.status = status_of(event.outcome);
  registry_.ended(request.number, client_now());
  for (CancelTold& late : std::exchange(request.late_cancels, {}))
    send_cancel(request, std::move(late));
}

void LiveSession::answer(LiveRequest& request, Time at) {
  request.is_answered = true;
  const std::uint32_t first = request.answer_words_said;
  if (request.status == RequestStatus::completed && first < request.words()) {
    request.answer_words_said = request.words();
    request.audience->said(request,
                           {.are_answer = true,
                            .operation = request.plan.answering_call,
                            .first = first,
                            .count = request.words() - first},
                           at);
  }
  request.audience->answered(request, at);
}

void LiveSession::settle(LiveRequest& request, const LiveEvent& event) {
  request.ledger = event.record;
  // These came when it had settled already.
  for (PendingCancel& unsent : std::exchange(request.cancels, {})) {
    cancel_news_.push_back({request.number, std::move(unsent.told),
                            verdict_after(event.outcome == Outcome::cancelled), event.at});
  }
}

// ---- Cancels

void LiveSession::cancel(LiveRequest& request, CancelTold told, CancelWhen when) {
  if (request.is_answered) {
    const bool is_cancelled = request.status == RequestStatus::cancelled;
    return tell(request, told, verdict_after(is_cancelled), run_.now());
  }
  if (when == CancelWhen::too_late && !request.is_over()) {
    request.late_cancels.push_back(std::move(told));
    return;
  }
  request.cancel_requested = true;
  send_cancel(request, std::move(told));
  let_happen();
}

/// One that has just settled knows no number for it; the news is on its way, and whoever waits for
/// an answer then will get it.
void LiveSession::send_cancel(LiveRequest& request, CancelTold told) {
  constexpr std::uint32_t unsent = ~std::uint32_t{0};
  std::uint32_t number = unsent;
  try {
    number = run_.cancel(request.number);
  } catch (const std::out_of_range&) {
  }
  request.cancels.push_back({.number = number, .told = std::move(told)});
}

void LiveSession::answer_cancel(LiveRequest& request, const LiveEvent& event) {
  const auto found =
      std::find_if(request.cancels.begin(), request.cancels.end(),
                   [&](const PendingCancel& cancel) { return cancel.number == event.cancel; });
  if (found == request.cancels.end()) return;
  cancel_news_.push_back({request.number, std::move(found->told), event.verdict, event.at});
  request.cancels.erase(found);
}

void LiveSession::tell(LiveRequest& request, const CancelTold& told, CancelVerdict verdict,
                       Time at) {
  if (witness_ != nullptr) witness_->cancel_answered(verdict);
  const bool will_stop =
      verdict == CancelVerdict::accepted || verdict == CancelVerdict::already_cancelled;
  if (!will_stop && request.cancels.empty()) request.cancel_requested = false;
  if (!told) return;
  if (will_stop && !request.was_immediate)
    request.was_immediate = request.is_over() && *request.stopped <= at;
  told(request,
       {.verdict = verdict, .at = at, .was_immediate = request.was_immediate.value_or(false)});
}

std::optional<EarlyCancels::Number> LiveSession::await(const std::string& id,
                                                       std::function<void()> over) {
  if (options_.early_cancel == zero_duration) return std::nullopt;
  const auto number =
      early_cancels_.add(id, steady_clock::now() + options_.early_cancel, std::move(over));
  arm_early_cancels();
  return number;
}

void LiveSession::arm_early_cancels() {
  const auto next = early_cancels_.next();
  if (!next || early_cancels_armed_) return;
  early_cancels_armed_ = next;
  loop_.at(*next, [this] {
    early_cancels_armed_.reset();
    early_cancels_.expire(steady_clock::now());
    arm_early_cancels();
  });
}

// ---- What tests do, and time

void LiveSession::release(LiveRequest& request) {
  try {
    run_.release(request.number);
  } catch (const std::out_of_range&) {
    // It has settled, so nothing is held any more.
  }
  let_happen();
}

void LiveSession::advance(Duration by) {
  run_.advance(by);
  take_events();
  due_.run_until(client_now());
}

void LiveSession::do_later(Time moment, Duration delay, std::function<void()> action) {
  const Time begin = clock_.client_time(moment);
  due_.add(begin + std::min(delay, Time::max() - begin), std::move(action));
  arm_due();
}

/// With a manual clock it is advance() that comes to what is due later.
void LiveSession::arm_due() {
  const auto next = due_.next();
  if (!next || (options_.manual_clock && *next > client_now())) return;
  if (due_armed_ && *due_armed_ <= *next) return;
  due_armed_ = next;
  const Duration wait = std::max(zero_duration, *next - client_now());
  loop_.at(steady_clock::now() + wait, [this, next] {
    if (due_armed_ == next) due_armed_.reset();
    due_.run_until(client_now());
    arm_due();
  });
}

void LiveSession::drain(std::function<void()> idle) {
  idle_ = std::move(idle);
  if (in_flight_ == 0) idle_();
}

nlohmann::ordered_json LiveSession::results_json() const { return to_json(results()); }

}  // namespace caesura
