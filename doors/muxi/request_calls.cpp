#include "doors/muxi/request_calls.hpp"

#include "doors/control/call_wishes.hpp"
#include "doors/control/plain_json.hpp"
#include "doors/muxi/list_page.hpp"
#include "doors/muxi/request_views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

/// So long at a time others wait while lists are made.
constexpr std::chrono::microseconds list_slice{900};

}  // namespace

void RequestCalls::list(const ApiCallPtr& call) {
  const Caller caller = identify(call->http->request(), options_.access);
  check_user(caller, options_.access);
  std::optional<std::string> user;
  if (!caller.is_admin) user = caller.user_or_default();
  lists_.push_back(std::make_unique<List>(
      List{.call = call, .user = user, .text = SlicedText(page_of(*call, user))}));
  if (lists_.size() == 1) take_turns();
}

/// The reference runtime knows no pages.
std::vector<RequestNumber> RequestCalls::page_of(const ApiCall& call,
                                                 const std::optional<std::string>& user) {
  const RequestRegistry& requests = session_.requests();
  if (options_.strict) {
    std::vector<RequestNumber> whole = requests.newest(user, requests.count(user), {});
    std::reverse(whole.begin(), whole.end());
    return whole;
  }
  const ListPage page = read_page(call.http->request().target);
  if (!page.before) return requests.newest(user, page.limit, {});
  const LiveRequest* before = requests.find(*page.before);
  if (before == nullptr || (user && before->user != *user))
    refuse_page("before", "Input should be the id of a request of the list");
  return requests.newest(user, page.limit, before->number);
}

/// One slice of one list, so that however many there are others wait for one slice.
void RequestCalls::take_turns() {
  std::unique_ptr<List> list = std::move(lists_.front());
  lists_.pop_front();
  if (!go_on(*list)) lists_.push_back(std::move(list));
  if (!lists_.empty()) session_.loop().post([this] { take_turns(); });
}

/// True if there is nothing more to do.
bool RequestCalls::go_on(List& list) {
  const ApiCallPtr& call = list.call;
  if (call->http->is_over()) return answers_.log_unanswered(*call), true;
  const bool is_whole = list.text.add(list_slice, [&](RequestNumber number) {
    const LiveRequest* request = session_.find(number);
    return request == nullptr ? std::string()
                              : compact(status_data(*request, session_.clock(), call->times));
  });
  if (!is_whole) return false;
  const std::size_t count =
      options_.strict ? list.text.items() : session_.requests().count(list.user);
  answers_.send(
      call,
      success_with_text(answers_.head_of(*call), "request_list", "request.list.retrieved",
                        fmt::format(R"({{"requests":[{}],"count":{}}})", list.text.text(), count)));
  return true;
}

void RequestCalls::show(const ApiCallPtr& call) {
  const Caller caller = identify(call->http->request(), options_.access);
  check_user(caller, options_.access);
  const LiveRequest& request = owned(*call, caller, "REQUEST_NOT_FOUND");
  Json data = status_data(request, session_.clock(), call->times);
  if (request.status == RequestStatus::completed) {
    data["result"] = chat_data(request, chats_.of(request).session,
                               options_.strict ? ChatDetail::reference : ChatDetail::full);
  }
  HttpAnswer shown = success(200, answers_.head_of(*call), "request_status",
                             "request.status.retrieved", std::move(data));
  add_moments(request, session_.now(), shown);
  answers_.send(call, std::move(shown));
}

LiveRequest& RequestCalls::owned(const ApiCall& call, const Caller& caller, const char* code) {
  LiveRequest* request = session_.find(call.route.id);
  const bool is_owned =
      request != nullptr && (caller.is_admin || request->user == caller.user_or_default());
  if (is_owned) return *request;
  if (request != nullptr && !options_.hides_others)
    throw CallError(403, "FORBIDDEN", "This request is another user's");
  throw CallError(404, code, fmt::format("There is no request {}", call.route.id));
}

void RequestCalls::cancel(const ApiCallPtr& call) {
  check_user(identify(call->http->request(), options_.access), options_.access);
  (void)read_wishes(call->http->request());
  if (session_.find(call->route.id) == nullptr && waits_for_its_request(call)) return;
  cancel_known(call);
}

bool RequestCalls::waits_for_its_request(const ApiCallPtr& call) {
  if (options_.strict) return false;
  const auto number = session_.await(call->route.id, [this, call] {
    call->http->on_hang_up(nullptr);  // it waits no more, and is logged as any other
    answers_.attempt(call, [&] { cancel_known(call); });
  });
  if (!number) return false;
  call->http->on_hang_up([this, call, number = *number] {
    answers_.log_unanswered(*call);
    session_.await_no_more(number);
  });
  return true;
}

void RequestCalls::cancel_known(const ApiCallPtr& call) {
  const Caller caller = identify(call->http->request(), options_.access);
  const CallWishes wishes = read_wishes(call->http->request());
  LiveRequest& request = owned(*call, caller, "NOT_FOUND");
  const Faults faults = chats_.of(request).faults.with(wishes.faults);
  if (faults.cancel_status) {
    throw CallError(*faults.cancel_status,
                    *faults.cancel_status == 503 ? "SYSTEM_OVERLOAD" : "INTERNAL_ERROR",
                    "X-Caesura-Fault: the cancel failed, and nothing is cancelled");
  }
  session_.cancel(
      request,
      [this, call, faults](const LiveRequest& of, const CancelReply& reply) {
        answer_cancel(call, faults, of, reply);
      },
      faults.late_complete ? LiveSession::CancelWhen::too_late : LiveSession::CancelWhen::now);
}

void RequestCalls::answer_cancel(const ApiCallPtr& call, const Faults& faults,
                                 const LiveRequest& request, const CancelReply& reply) {
  HttpAnswer last = cancel_answer(*call, request, reply);
  if (faults.drop_cancel) {
    answers_.log_unanswered(*call);
    call->http->on_hang_up([call] {});  // which holds it for as long as the client waits
  } else if (faults.cancel_delay) {
    session_.do_later(reply.at, *faults.cancel_delay,
                      [this, call, delayed = std::move(last)] { answers_.send(call, delayed); });
  } else {
    answers_.send(call, std::move(last));
  }
}

HttpAnswer RequestCalls::cancel_answer(const ApiCall& call, const LiveRequest& request,
                                       const CancelReply& reply) const {
  const EnvelopeHead head = answers_.head_of(call);
  const auto refused = [&](const std::string& why) {
    return answers_.failed(head,
                           CallError(400, "OPERATION_FAILED",
                                     fmt::format("Cannot cancel request {}: {}", request.id, why)));
  };
  switch (reply.verdict) {
    case CancelVerdict::too_late:
      return refused(request.is_over() ? fmt::format("already {}", name_of(request.status))
                                       : "already finished");
    case CancelVerdict::ignored:
      return refused(fmt::format("its policy, {}, ignores cancels", request.policy->name));
    case CancelVerdict::accepted:
    case CancelVerdict::already_cancelled:
      break;
  }
  const bool again = reply.verdict == CancelVerdict::already_cancelled;
  const char* effect = reply.was_immediate ? "the request has stopped"
                                           : "the request stops as soon as its policy lets it";
  HttpAnswer last = success(200, head, "request_status", "request.cancelled",
                            {{"request_id", request.id},
                             {"status", "cancelled"},
                             {"cancellation", reply.was_immediate ? "immediate" : "cooperative"},
                             {"message", again ? "already cancelled" : effect}});
  add_moments(request, reply.at, last);
  return last;
}

}  // namespace caesura
