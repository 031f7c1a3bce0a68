#pragma once

#include "doors/live/live_session.hpp"
#include "doors/live/sliced_text.hpp"
#include "doors/muxi/answers.hpp"
#include "doors/muxi/caller.hpp"
#include "doors/muxi/chats.hpp"
#include "doors/muxi/gateway_options.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// Calls about requests: lists, one of them, and its cancel. All throw CallError.
class RequestCalls {
 public:
  /// All of these outlive it.
  RequestCalls(LiveSession& session, Answers& answers, const Chats& chats,
               const GatewayOptions& options)
      : session_(session), answers_(answers), chats_(chats), options_(options) {}
  RequestCalls(const RequestCalls&) = delete;
  RequestCalls& operator=(const RequestCalls&) = delete;

  void list(const ApiCallPtr& call);
  void show(const ApiCallPtr& call);
  void cancel(const ApiCallPtr& call);

  /// The request that the call names, if it is the caller's. Its error says `code` where there is
  /// none.
  LiveRequest& owned(const ApiCall& call, const Caller& caller, const char* code);

 private:
  /// A list that is being put together.
  struct List {
    ApiCallPtr call;
    std::optional<std::string> user;  ///< without one everybody's
    SlicedText text;
  };

  std::vector<RequestNumber> page_of(const ApiCall& call, const std::optional<std::string>& user);
  void take_turns();
  bool go_on(List& list);
  bool waits_for_its_request(const ApiCallPtr& call);
  void cancel_known(const ApiCallPtr& call);
  void answer_cancel(const ApiCallPtr& call, const Faults& faults, const LiveRequest& request,
                     const CancelReply& reply);
  HttpAnswer cancel_answer(const ApiCall& call, const LiveRequest& request,
                           const CancelReply& reply) const;

  LiveSession& session_;
  Answers& answers_;
  const Chats& chats_;
  const GatewayOptions& options_;
  std::deque<std::unique_ptr<List>> lists_;  ///< not empty: the loop comes back for them
};

}  // namespace caesura
