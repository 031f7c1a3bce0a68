#include "doors/muxi/call_wishes.hpp"
#include "doors/muxi/gateway.hpp"
#include "doors/muxi/list_page.hpp"
#include "doors/muxi/request_views.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace caesura {

using Json = nlohmann::ordered_json;
using std::chrono::steady_clock;

namespace {

/// So long at a time others wait while a list is made.
constexpr std::chrono::microseconds list_slice{900};

}  // namespace

void Gateway::list_requests(const ApiCallPtr& call) {
  const Caller caller = authorised(*call);
  check_user(caller, options_.access);
  std::optional<std::string> user;
  if (!caller.is_admin) user = caller.user_or_default();
  go_on_with_list(call, std::make_shared<SlicedText>(page_of(*call, user)), user);
}

/// The reference runtime knows no pages.
std::vector<RequestNumber> Gateway::page_of(const ApiCall& call,
                                            const std::optional<std::string>& user) {
  if (options_.strict) {
    std::vector<RequestNumber> whole = registry_.newest(user, registry_.count(user), {});
    std::reverse(whole.begin(), whole.end());
    return whole;
  }
  const ListPage page = read_page(call.http->request().target);
  if (!page.before) return registry_.newest(user, page.limit, {});
  const RequestRecord* before = registry_.find(*page.before);
  if (before == nullptr || (user && before->user != *user))
    refuse_page("before", "Input should be the id of a request of the list");
  return registry_.newest(user, page.limit, before->number);
}

void Gateway::go_on_with_list(const ApiCallPtr& call, const std::shared_ptr<SlicedText>& list,
                              const std::optional<std::string>& user) {
  if (call->http->is_over()) return log(*call, {});  // its client has hung up
  const bool is_whole = list->add(list_slice, [&](RequestNumber number) {
    const RequestRecord* record = registry_.find(number);
    return record == nullptr ? std::string() : compact(status_data(*record, clock_, call->times));
  });
  if (!is_whole) {
    return boost::asio::post(io_, [this, call, list, user, alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) go_on_with_list(call, list, user);
    });
  }
  const std::size_t count = options_.strict ? list->items() : registry_.count(user);
  answer(call,
         success_with_text(head_of(*call), "request_list", "request.list.retrieved",
                           fmt::format(R"({{"requests":[{}],"count":{}}})", list->text(), count)));
}

void Gateway::show_request(const ApiCallPtr& call) {
  const Caller caller = authorised(*call);
  check_user(caller, options_.access);
  const RequestRecord& record = owned_request(*call, caller, "REQUEST_NOT_FOUND");
  Json data = status_data(record, clock_, call->times);
  if (record.status == RequestStatus::completed) data["result"] = chat_data(record, chat_detail());
  HttpAnswer shown =
      success(200, head_of(*call), "request_status", "request.status.retrieved", std::move(data));
  add_moments(record, run_.now(), shown);
  answer(call, std::move(shown));
}

RequestRecord& Gateway::owned_request(const ApiCall& call, const Caller& caller,
                                      const char* code_if_missing) {
  RequestRecord* record = registry_.find(call.route.id);
  const bool owned =
      record != nullptr && (caller.is_admin || record->user == caller.user_or_default());
  if (owned) return *record;
  if (record != nullptr && !options_.hides_others)
    throw ApiError(403, "FORBIDDEN", "This request is another user's");
  throw ApiError(404, code_if_missing, fmt::format("There is no request {}", call.route.id));
}

void Gateway::cancel_request(const ApiCallPtr& call) {
  check_user(authorised(*call), options_.access);
  (void)read_wishes(call->http->request());
  if (registry_.find(call->route.id) == nullptr && waits_for_its_request(call)) return;
  cancel_known_request(call);
}

bool Gateway::waits_for_its_request(const ApiCallPtr& call) {
  if (options_.strict || options_.early_cancel == zero_duration) return false;
  const auto number =
      early_cancels_.add(call->route.id, steady_clock::now() + options_.early_cancel,
                         [this, call] { attempt(call, [&] { cancel_known_request(call); }); });
  if (!number) return false;
  call->http->on_hang_up([this, call, number] {
    log(*call, {});
    early_cancels_.withdraw(*number);
  });
  arm_early_cancels();
  return true;
}

void Gateway::arm_early_cancels() {
  const auto next = early_cancels_.next();
  if (!next) return early_cancels_timer_.cancel(), void();
  if (early_cancels_timer_.expiry() == *next) return;
  early_cancels_timer_.expires_at(*next);
  early_cancels_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    early_cancels_.expire(steady_clock::now());
    arm_early_cancels();
  });
}

void Gateway::cancel_known_request(const ApiCallPtr& call) {
  const Caller caller = authorised(*call);
  const CallWishes wishes = read_wishes(call->http->request());
  RequestRecord& record = owned_request(*call, caller, "NOT_FOUND");
  const Faults faults = record.faults.with(wishes.faults);
  if (faults.cancel_status) {
    throw ApiError(*faults.cancel_status,
                   *faults.cancel_status == 503 ? "SYSTEM_OVERLOAD" : "INTERNAL_ERROR",
                   "X-Caesura-Fault: the cancel failed, and nothing is cancelled");
  }
  if (record.is_answered) {
    const bool cancelled = record.status == RequestStatus::cancelled;
    return answer_cancel(record, {call, faults},
                         cancelled ? CancelVerdict::already_cancelled : CancelVerdict::too_late,
                         run_.now());
  }
  if (faults.late_complete && !record.is_over()) {
    record.late_cancels.push_back({call, faults});
    return;
  }
  send_cancel(record, {call, faults});
}

void Gateway::send_cancel(RequestRecord& record, PendingCancel cancel) {
  record.cancels.push_back(std::move(cancel));
  record.cancel_requested = true;
  pass_cancel(record);
  let_happen();
}

void Gateway::pass_cancel(const RequestRecord& record) {
  try {
    run_.cancel(record.number);
  } catch (const std::out_of_range&) {
    // It has just settled: the news is on its way, and whoever waits for an answer then will get
    // it.
  }
}

void Gateway::answer_cancel(RequestRecord& record, const PendingCancel& cancel,
                            CancelVerdict verdict, Time at) {
  metrics_.count_cancel(verdict);
  const bool will_stop =
      verdict == CancelVerdict::accepted || verdict == CancelVerdict::already_cancelled;
  if (!will_stop && record.cancels.empty()) record.cancel_requested = false;
  if (!cancel.call) return;
  HttpAnswer last = cancel_answer(*cancel.call, record, verdict, at);
  if (cancel.faults.drop_cancel) return withhold(cancel.call);
  if (!cancel.faults.cancel_delay) return answer(cancel.call, std::move(last));
  do_later(at, *cancel.faults.cancel_delay,
           [this, call = cancel.call, delayed = std::move(last)] { answer(call, delayed); });
}

HttpAnswer Gateway::cancel_answer(const ApiCall& call, RequestRecord& record, CancelVerdict verdict,
                                  Time at) {
  const EnvelopeHead head = head_of(call);
  const auto refused = [&](const std::string& why) {
    return failed(head, ApiError(400, "OPERATION_FAILED",
                                 fmt::format("Cannot cancel request {}: {}", record.id, why)));
  };
  switch (verdict) {
    case CancelVerdict::too_late:
      return refused(record.is_over() ? fmt::format("already {}", name_of(record.status))
                                      : "already finished");
    case CancelVerdict::ignored:
      return refused(fmt::format("its policy, {}, ignores cancels", record.policy->name));
    case CancelVerdict::accepted:
    case CancelVerdict::already_cancelled:
      break;
  }
  if (!record.was_immediate) record.was_immediate = record.is_over() && *record.stopped <= at;
  const bool again = verdict == CancelVerdict::already_cancelled;
  const char* effect = *record.was_immediate ? "the request has stopped"
                                             : "the request stops as soon as its policy lets it";
  HttpAnswer last = success(200, head, "request_status", "request.cancelled",
                            {{"request_id", record.id},
                             {"status", "cancelled"},
                             {"cancellation", *record.was_immediate ? "immediate" : "cooperative"},
                             {"message", again ? "already cancelled" : effect}});
  add_moments(record, at, last);
  return last;
}

void Gateway::withhold(const ApiCallPtr& call) {
  log(*call, {});
  call->http->on_hang_up([call] {});  // which holds it for as long as the client waits
}

}  // namespace caesura
