#include "scenarios/run/live_services.hpp"

#include "actors/reports.hpp"
#include "actors/rules.hpp"
#include "engines/world.hpp"
#include "scenarios/run/live_world.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <unordered_set>
#include <utility>
#include <variant>

namespace caesura {

namespace {

using What = CallEvent::What;

constexpr CallNumber most_calls = (CallNumber{1} << 30U) - 1;

/// There are no requests.
struct NoReports final : ReportSink {
  void add(const RequestReport&) override {}
  void add(const ClientReport&) override {}
};

}  // namespace

/// The world's messages come in any of its threads, one at a time, and become events under
/// `mutex_`, which is never held while the world is called.
class LiveServices::Impl {
 public:
  Impl(const Scenario& scenario, const LiveServicesOptions& options);

  CallNumber ask(const OutsideCall& call);
  bool hang_up(CallNumber call);
  std::vector<CallEvent> take_events();
  LiveWorld& world() { return *world_; }
  const LiveWorld& world() const { return *world_; }
  std::size_t open() const;
  std::size_t open_peak() const;

 private:
  void see(Time now, Address to, const Message& message);
  void see(Time now, const Queued& queued);
  void see(Time now, const Started& started);
  void see(Time now, const ModelChunk& chunk);
  void see(Time now, const Reply& reply);
  template <class Other>
  void see(Time, const Other&) {}
  void tell(const CallEvent& event);

  const std::function<void()> on_events_;
  const Model model_;
  const Policy policy_;  ///< nobody's
  NoReports reports_;
  OutsideCalls calls_;
  CallNumber asked_ = 0;

  mutable std::mutex mutex_;  ///< guards what follows, up to the world
  std::vector<CallEvent> events_;
  std::unordered_set<CallNumber> open_;     ///< never walked through
  std::unordered_set<CallNumber> hung_up_;  ///< since events were taken; likewise
  std::size_t open_peak_ = 0;

  std::optional<LiveWorld> world_;
};

LiveServices::Impl::Impl(const Scenario& scenario, const LiveServicesOptions& options)
    : on_events_(options.on_events), model_(without_load(scenario.model, options.own_seeds)) {
  const WorldOptions world{.model = model_,
                           .policy = policy_,
                           .from_outside = {.calls = &calls_},
                           .play = LoadPlay::from_outside,
                           .reports = reports_,
                           .observer = [this](Time now, Address to, const Message& message, bool) {
                             see(now, to, message);
                           }};
  world_.emplace(world, LiveWorldOptions{.manual_clock = options.manual_clock,
                                         .time_scale = options.time_scale,
                                         .on_failure = options.on_events});
}

CallNumber LiveServices::Impl::ask(const OutsideCall& call) {
  if (call.service >= model_.services.size())
    throw std::out_of_range("a call from outside asks a service that is not there");
  if (model_.child_of(call.service) != nullptr)
    throw std::invalid_argument("an agent with a workflow cannot be asked from outside");
  if (asked_ == most_calls) throw std::length_error("too many calls from outside");
  const CallNumber number = ++asked_;
  calls_.add(number, call);
  {
    const std::lock_guard lock(mutex_);
    open_.insert(number);
    open_peak_ = std::max(open_peak_, open_.size());
  }
  world_->post(outside_address(model_), AskFromOutside{number});
  return number;
}

bool LiveServices::Impl::hang_up(CallNumber call) {
  {
    const std::lock_guard lock(mutex_);
    if (open_.erase(call) == 0) return false;
    if (!events_.empty()) hung_up_.insert(call);
  }
  world_->post(outside_address(model_), HangUp{call});
  return true;
}

std::vector<CallEvent> LiveServices::Impl::take_events() {
  world_->rethrow_failure();
  std::vector<CallEvent> events;
  std::unordered_set<CallNumber> hung_up;
  {
    const std::lock_guard lock(mutex_);
    events.swap(events_);
    hung_up.swap(hung_up_);
  }
  if (!hung_up.empty())
    std::erase_if(events, [&](const CallEvent& e) { return hung_up.contains(e.call); });
  return events;
}

std::size_t LiveServices::Impl::open() const {
  const std::lock_guard lock(mutex_);
  return open_.size();
}

std::size_t LiveServices::Impl::open_peak() const {
  const std::lock_guard lock(mutex_);
  return open_peak_;
}

/// Whatever comes to the outside actor is of one of the calls; what is seen on its way to a
/// service is handled there next.
void LiveServices::Impl::see(Time now, Address to, const Message& message) {
  if (const auto* withdraw = std::get_if<Withdraw>(&message))
    return calls_.remove(withdraw->operation);
  if (to != outside_address(model_)) return;
  const std::lock_guard lock(mutex_);
  std::visit([&](const auto& m) { see(now, m); }, message);
}

void LiveServices::Impl::see(Time now, const Queued& queued) {
  tell({.what = queued.turned_away ? What::turned_away : What::queued,
        .call = queued.operation,
        .at = now});
}

void LiveServices::Impl::see(Time, const Started& started) {
  tell({.what = What::started, .call = started.operation, .at = started.at});
}

void LiveServices::Impl::see(Time now, const ModelChunk& chunk) {
  tell({.what = What::tokens, .call = chunk.operation, .at = now, .tokens = chunk.tokens});
}

void LiveServices::Impl::see(Time now, const Reply& reply) {
  const CallNumber call = reply.end.operation();
  calls_.remove(call);
  tell({.what = What::ended, .call = call, .at = now, .result = reply.end.result()});
  open_.erase(call);
}

/// Nothing is told of a call that was hung up.
void LiveServices::Impl::tell(const CallEvent& event) {
  if (!open_.contains(event.call)) return;
  events_.push_back(event);
  if (events_.size() == 1 && on_events_) on_events_();
}

LiveServices::LiveServices(const Scenario& scenario, const LiveServicesOptions& options)
    : impl_(std::make_unique<Impl>(scenario, options)) {}
LiveServices::~LiveServices() = default;
CallNumber LiveServices::ask(const OutsideCall& call) { return impl_->ask(call); }
bool LiveServices::hang_up(CallNumber call) { return impl_->hang_up(call); }
Time LiveServices::now() const { return impl_->world().now(); }
void LiveServices::advance(Duration by) { impl_->world().advance(by); }
std::vector<CallEvent> LiveServices::take_events() { return impl_->take_events(); }
void LiveServices::halt() { impl_->world().halt(); }
Duration LiveServices::greatest_lateness() const {
  return impl_->world().greatest_lateness().value_or(zero_duration);
}
std::uint64_t LiveServices::messages() const { return impl_->world().counters().messages; }
std::size_t LiveServices::open() const { return impl_->open(); }
std::size_t LiveServices::open_peak() const { return impl_->open_peak(); }

}  // namespace caesura
