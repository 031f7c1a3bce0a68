#pragma once

#include "scenarios/format/scenario.hpp"
#include "scenarios/run/live_run.hpp"
#include "doors/http/http_server.hpp"
#include "doors/http/silence.hpp"
#include "doors/live/api_clock.hpp"
#include "doors/live/due_queue.hpp"
#include "doors/live/early_cancels.hpp"
#include "doors/live/sliced_text.hpp"
#include "doors/muxi/api_call.hpp"
#include "doors/muxi/api_error.hpp"
#include "doors/muxi/caller.hpp"
#include "doors/muxi/chat_body.hpp"
#include "doors/muxi/envelope.hpp"
#include "doors/muxi/gateway_metrics.hpp"
#include "doors/muxi/idempotency.hpp"
#include "doors/muxi/request_registry.hpp"
#include "doors/muxi/request_views.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

struct GatewayOptions {
  AccessRules access;
  std::size_t policy = 0;  ///< of requests that ask for none: index into Scenario::policies
  bool manual_clock = false;
  double time_scale = 1;
  std::size_t requests_max = 10'000;  ///< in flight
  bool strict = false;                ///< the reference runtime's quirks
  bool hides_others = false;          ///< 404 instead of 403 for somebody else's request
  std::chrono::system_clock::time_point start;
  std::size_t unsent_max =
      std::size_t{4}
      << 20U;  ///< bytes that a stream's client may not have taken; then it is cut off
  /// So long, by the wall clock, a cancel of an unknown id waits for its request to appear; with
  /// `strict` not at all.
  Duration early_cancel = std::chrono::milliseconds(250);
  std::size_t early_cancels_max = 1000;  ///< that wait; more are answered at once
  /// Silence, on the wall clock, that a stream breaks.
  std::chrono::milliseconds keepalive = std::chrono::seconds(1);
  /// Gets every call as it is answered; may be empty.
  std::function<void(const nlohmann::ordered_json&)> access_log;
  /// Gets lines of requests.csv as requests settle; may be empty.
  std::function<void(std::string_view)> requests_csv;
};

/// A live scenario behind the HTTP API. Everything happens in the thread that runs the io_context,
/// which must outlive it. What an actor throws, and what the options' functions throw, comes out of
/// the io_context's run().
class Gateway {
 public:
  /// The scenario outlives the gateway. HTTP calls that it has not answered must not be answered
  /// after it has gone: close the server first.
  Gateway(boost::asio::io_context& io, const Scenario& scenario, GatewayOptions options);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  void handle(std::shared_ptr<HttpCall> http);

  /// What a request that is not even HTTP, or too large, is answered.
  HttpAnswer refusal(unsigned status, std::string_view message);

  /// New chats are turned away from now on. `idle` is called, perhaps at once, when no request is
  /// in flight.
  void drain(std::function<void()> idle);
  /// Requests whose end the gateway has not been told yet.
  std::uint64_t in_flight() const { return in_flight_; }
  /// As LiveRun::halt().
  void halt() { run_.halt(); }
  Results results() const { return run_.results(); }
  /// As LiveRun::take_csv().
  std::string take_csv(bool all) { return run_.take_csv(all); }

 private:
  enum class ChatMode : std::uint8_t { wait, stream, poll };

  // gateway.cpp: a call comes in, an answer goes out
  void dispatch(const ApiCallPtr& call);
  /// Does it for the call, which is answered if that fails.
  void attempt(const ApiCallPtr& call, const std::function<void()>& what);
  void answer(const ApiCallPtr& call, HttpAnswer answer);
  void prepare(const ApiCall& call, HttpAnswer& answer);
  /// No status: it gets no answer.
  void log(const ApiCall& call, std::optional<unsigned> status);
  void fail(const ApiCallPtr& call);
  HttpAnswer failed(const EnvelopeHead& head, const ApiError& error) const;
  EnvelopeHead head_of(const ApiCall& call) const;
  ChatDetail chat_detail() const {
    return options_.strict ? ChatDetail::reference : ChatDetail::full;
  }
  Caller authorised(const ApiCall& call) const;
  std::string new_id();
  /// As ApiClock::client_time().
  Time client_now() const { return clock_.client_time(run_.now()); }
  /// Does it `delay`, of clients' time, after `moment`, which is simulated; if that has passed,
  /// soon.
  void do_later(Time moment, Duration delay, std::function<void()> what);
  void arm_due_timer();

  // gateway_chat.cpp
  void chat(const ApiCallPtr& call);
  static const char* word_of(ChatMode mode);
  ChatMode mode_of(const ChatBody& body, const HttpRequest& request) const;
  bool joins_earlier(const ApiCallPtr& call, const std::string& key, const ChatBody& body);
  void check_free(const std::string& id, const std::string& user);
  RequestWishes wishes_of(const CallWishes& wishes, const std::string& user) const;
  RequestRecord& start(const ApiCall& call, ChatBody body, const std::string& user);
  void begin_stream(const ApiCallPtr& call, RequestRecord& record);
  void watch_hang_up(const ApiCallPtr& call, RequestNumber number);
  void hung_up(const ApiCallPtr& call, RequestNumber number);
  void answer_chat(RequestRecord& record, Time at);
  void answer_waiting(RequestRecord& record);

  // gateway_stream.cpp
  void write(const RequestRecord& record, std::string_view bytes);
  void write(const SilenceWatch::Stream& stream, std::string_view bytes);
  void write_token(const RequestRecord& record, Time at, const char* type, std::string_view content,
                   const nlohmann::ordered_json& more);
  void write_token(const ApiCall& stream, const RequestRecord& record, Time at, const char* type,
                   std::string_view content, const nlohmann::ordered_json& more);
  void write_content(RequestRecord& record, Time at, std::uint32_t words);
  void break_stream(RequestRecord& record);
  void finish_stream(RequestRecord& record, Time at);
  void end_streams(RequestRecord& record);
  bool is_muted(const RequestRecord& record) const;
  void keep_alive();
  void arm_keepalive();

  // gateway_requests.cpp
  void list_requests(const ApiCallPtr& call);
  std::vector<RequestNumber> page_of(const ApiCall& call, const std::optional<std::string>& user);
  void go_on_with_list(const ApiCallPtr& call, const std::shared_ptr<SlicedText>& list,
                       const std::optional<std::string>& user);
  void show_request(const ApiCallPtr& call);
  RequestRecord& owned_request(const ApiCall& call, const Caller& caller,
                               const char* code_if_missing);
  void cancel_request(const ApiCallPtr& call);
  bool waits_for_its_request(const ApiCallPtr& call);
  void arm_early_cancels();
  void cancel_known_request(const ApiCallPtr& call);
  void send_cancel(RequestRecord& record, PendingCancel cancel);
  void pass_cancel(const RequestRecord& record);
  void answer_cancel(RequestRecord& record, const PendingCancel& cancel, CancelVerdict verdict,
                     Time at);
  HttpAnswer cancel_answer(const ApiCall& call, RequestRecord& record, CancelVerdict verdict,
                           Time at);
  void withhold(const ApiCallPtr& call);

  // gateway_events.cpp: what happens in the run
  void take_events();
  struct CancelNews {
    RequestNumber request = 0;
    PendingCancel cancel;
    CancelVerdict verdict = CancelVerdict::accepted;
    Time at;
  };
  void happen(RequestRecord& record, const LiveEvent& event);
  void happen_to_operation(RequestRecord& record, const LiveEvent& event);
  void stop(RequestRecord& record, const LiveEvent& event);
  void settle(RequestRecord& record, const LiveEvent& event);
  /// Takes what has happened by now; with a manual clock also what is due now.
  void let_happen();

  // gateway_control.cpp
  void release(const ApiCallPtr& call);
  void show_timeline(const ApiCallPtr& call);
  void show_clock(const ApiCallPtr& call);
  void advance_clock(const ApiCallPtr& call);
  nlohmann::ordered_json clock_json() const;
  RequestRecord& any_request(const ApiCall& call);
  void show_results(const ApiCallPtr& call);
  void show_health(const ApiCallPtr& call);

  boost::asio::io_context& io_;
  const Scenario& scenario_;
  GatewayOptions options_;
  ApiClock clock_;
  GatewayMetrics metrics_;
  RequestRegistry registry_{{}};
  IdempotencyMemory memory_{{}};
  SilenceWatch silence_;
  boost::asio::steady_timer keepalive_timer_;
  bool keepalive_armed_ = false;
  DueQueue due_;
  boost::asio::steady_timer due_timer_;
  EarlyCancels early_cancels_;
  boost::asio::steady_timer early_cancels_timer_;
  std::mt19937_64 ids_;
  std::uint64_t in_flight_ = 0;
  std::function<void()> idle_;  ///< set: no new chats
  bool taking_events_ = false;
  /// Of the events being taken: told when all of them are known.
  std::vector<CancelNews> cancel_news_;
  std::shared_ptr<bool> alive_;  ///< expired() for wakes that come after its end
  LiveRun run_;                  ///< last: it goes first, and wakes nobody after that
};

}  // namespace caesura
