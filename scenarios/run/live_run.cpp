#include "scenarios/run/live_run.hpp"

#include "model/plan.hpp"
#include "model/seed.hpp"
#include "actors/joined_reports.hpp"
#include "actors/request_history.hpp"
#include "actors/rules.hpp"
#include "engines/world.hpp"
#include "scenarios/results/csv.hpp"
#include "scenarios/run/live_world.hpp"
#include "scenarios/run/ordered_lines.hpp"

#include <algorithm>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>

namespace caesura {

namespace {

using What = LiveEvent::What;

}  // namespace

/// The world's messages and reports come in any of its threads, one at a time, and become events
/// under `mutex_`, which is never held while the world is called: the world may call back before it
/// returns.
class LiveRun::Impl final : private ReportSink {
 public:
  Impl(const Scenario& scenario, const LiveOptions& options);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  RequestNumber start(const RequestWishes& wishes);
  LivePlan planned(const RequestWishes& wishes);
  std::uint32_t cancel(RequestNumber number);
  void release(RequestNumber number);
  Time now() const { return world_->now(); }
  void advance(Duration by) { world_->advance(by); }
  std::vector<LiveEvent> take_events();
  void halt() { world_->halt(); }
  std::uint64_t in_flight() const;
  Results results() const;
  std::string take_csv(bool all);

 private:
  /// A request that is not settled.
  struct Live {
    Ticket ticket = 0;
    std::size_t policy = 0;
    std::uint64_t user = 0;
    std::vector<std::uint32_t> in_service{};  ///< operations
    std::uint32_t cancels = 0;                ///< so many so far
    std::vector<std::uint32_t> cancels_unanswered{};
    bool has_stopped = false;
    bool is_answered = false;  ///< the client has its final answer, and sends no more
    Outcome outcome = Outcome::completed;
  };
  void add(const RequestReport& report) override;
  void add(const ClientReport& report) override;
  void settle(const RequestReport& request, const ClientReport& client);

  void hear(const RequestEvent& event);
  void follow(const RequestEvent& event, Live& live);
  void end_operation(const RequestEvent& event, Live& live, What what, Time at);
  void see(Time now, const Message& message);
  void see(Time now, const Chunk& chunk);
  void see(Time now, const CancelAnswer& answer);
  void see(Time now, const Answer& answer);
  template <class Other>
  void see(Time, const Other&) {}

  Live* find(RequestNumber number);
  /// Answers, by the outcome, what the client will not send any more.
  void answer_the_unsent(RequestNumber number, Live& live, Time now);
  void tell(LiveEvent event);

  Ticket take_ticket();

  const Scenario& scenario_;
  const LiveOptions options_;
  OwnSeeds own_seeds_;
  const Model model_;
  RequestNumber next_ = 0;

  mutable std::mutex mutex_;  ///< guards what follows, up to the world
  std::vector<LiveEvent> events_;
  std::unordered_map<RequestNumber, Live> requests_;  ///< never walked through
  std::vector<Ticket> free_tickets_;
  Ticket tickets_ = 0;
  JoinedReports joined_;
  std::vector<std::optional<PolicyTotals>> totals_;  ///< by index into Scenario::policies
  std::uint64_t settled_ = 0;
  std::string csv_;
  const std::function<void(std::string_view)> append_csv_ = [this](std::string_view line) {
    csv_ += line;
  };
  OrderedLines lines_{append_csv_};

  std::optional<LiveWorld> world_;
};

LiveRun::Impl::Impl(const Scenario& scenario, const LiveOptions& options)
    : scenario_(scenario),
      options_(options),
      model_(without_load(scenario.model, &own_seeds_)),
      joined_(scenario.model.seed.value,
              [this](const RequestReport& request, const ClientReport& client) {
                settle(request, client);
              }),
      totals_(scenario.policies.size()) {
  totals_.at(options.policy).emplace();
  const WorldOptions world{.model = model_,
                           .policy = scenario.policies[options.policy],
                           .from_outside = {.wished_policies = scenario.policies},
                           .play = LoadPlay::from_outside,
                           .reports = *this,
                           .observer =
                               [this](Time now, Address, const Message& message, bool dropped) {
                                 if (!dropped) see(now, message);
                               },
                           .history = [this](const RequestEvent& event) { hear(event); }};
  world_.emplace(world, LiveWorldOptions{.manual_clock = options.manual_clock,
                                         .time_scale = options.time_scale,
                                         .on_failure = options.on_events});
}

RequestNumber LiveRun::Impl::start(const RequestWishes& wishes) {
  planned(wishes);  // may throw: then nothing has happened
  const RequestNumber number = next_++;
  if (wishes.seed) own_seeds_.add(number, *wishes.seed);
  Arrive arrive{.number = number, .ticket = 0, .wishes = {.held_operation = wishes.held_operation}};
  if (wishes.policy) arrive.wishes.policy = static_cast<std::uint16_t>(*wishes.policy);
  {
    const std::lock_guard lock(mutex_);
    arrive.ticket = take_ticket();
    requests_.emplace(number, Live{.ticket = arrive.ticket,
                                   .policy = wishes.policy.value_or(options_.policy),
                                   .user = wishes.user});
  }
  world_->post(client_address, arrive);
  return number;
}

LivePlan LiveRun::Impl::planned(const RequestWishes& wishes) {
  struct Seeded {
    OwnSeeds& seeds;
    RequestNumber number;
    ~Seeded() { seeds.forget(number); }
  } const seeded{own_seeds_, next_};
  if (wishes.seed) own_seeds_.add(next_, *wishes.seed);
  Plan plan;
  expand(model_, next_, plan);
  LivePlan live;
  bool has_streamed = false;
  for (const PlanStep& step : plan.steps) {
    if (step.what != PlanStep::What::operation) continue;
    const bool is_call = step.kind != OperationKind::transaction;
    live.operations.push_back({.kind = step.kind,
                               .service = is_call ? model_.services[step.service].name : "",
                               .is_streamed = step.chunk_tokens > 0});
    const bool is_model_call =
        step.kind == OperationKind::llm || step.kind == OperationKind::decompose;
    if (step.chunk_tokens == 0 && (!is_model_call || has_streamed)) continue;
    has_streamed = step.chunk_tokens > 0;
    live.answering_call = step.number;
    live.answer_tokens =
        static_cast<std::uint32_t>(sample_of(model_, next_, step).tokens.output.value);
  }
  return live;
}

/// The client sends them in this order, and numbers them so itself.
std::uint32_t LiveRun::Impl::cancel(RequestNumber number) {
  Cancel cancel{.number = number};
  {
    const std::lock_guard lock(mutex_);
    Live& live = requests_.at(number);
    cancel.copy = live.cancels++;
    live.cancels_unanswered.push_back(cancel.copy);
    if (live.is_answered) return answer_the_unsent(number, live, now()), cancel.copy;
    cancel.ticket = live.ticket;
  }
  world_->post(client_address, cancel);
  return cancel.copy;
}

void LiveRun::Impl::release(RequestNumber number) {
  LetGo let_go{.number = number};
  {
    const std::lock_guard lock(mutex_);
    let_go.ticket = requests_.at(number).ticket;
  }
  world_->post(client_address, let_go);
}

std::vector<LiveEvent> LiveRun::Impl::take_events() {
  world_->rethrow_failure();
  const std::lock_guard lock(mutex_);
  return std::exchange(events_, {});
}

std::uint64_t LiveRun::Impl::in_flight() const {
  const std::lock_guard lock(mutex_);
  return requests_.size();
}

Results LiveRun::Impl::results() const {
  const WorldCounters counters = world_->counters();
  const std::lock_guard lock(mutex_);
  Results results{.scenario = scenario_.name,
                  .file = scenario_.file,
                  .seed = scenario_.model.seed.value,
                  .requests = settled_ + requests_.size(),
                  .engine = world_->is_manual() ? "caf" : "caf-realtime",
                  .run = {.simulated_seconds = seconds(now()),
                          .messages = counters.messages,
                          .peak_in_flight = counters.requests_peak,
                          .partial = !requests_.empty(),
                          .served = true},
                  .policies = {{.policy = scenario_.policies[options_.policy],
                                .totals = *totals_[options_.policy]}},
                  .comparisons = {},
                  .thresholds = {},
                  .background = {.description = scenario_.description,
                                 .cancel_rule = "clients cancelled as they liked",
                                 .lateness_max = world_->greatest_lateness()}};
  for (std::size_t p = 0; p < totals_.size(); ++p) {
    if (p != options_.policy && totals_[p])
      results.policies.push_back({.policy = scenario_.policies[p], .totals = *totals_[p]});
  }
  return results;
}

std::string LiveRun::Impl::take_csv(bool all) {
  const std::lock_guard lock(mutex_);
  if (all) lines_.flush();
  return std::exchange(csv_, {});
}

void LiveRun::Impl::add(const RequestReport& report) {
  const std::lock_guard lock(mutex_);
  joined_.add(report);
}

void LiveRun::Impl::add(const ClientReport& report) {
  const std::lock_guard lock(mutex_);
  if (Live* live = find(report.number)) {
    live->is_answered = true;
    live->outcome = report.outcome;
    answer_the_unsent(report.number, *live, report.answered);
    free_tickets_.push_back(live->ticket);
  }
  joined_.add(report);
}

void LiveRun::Impl::settle(const RequestReport& request, const ClientReport& client) {
  const Live live = requests_.at(request.number);
  requests_.erase(request.number);
  own_seeds_.forget(request.number);
  ++settled_;
  std::optional<PolicyTotals>& totals = totals_[live.policy];
  if (!totals) totals.emplace();
  totals->add(request, client);
  if (options_.keeps_csv) {
    std::string line;
    append_csv_row(line, scenario_.policies[live.policy].name, request, client, live.user);
    lines_.add(request.number, std::move(line));
  }
  tell({.what = What::settled,
        .request = request.number,
        .at = std::max(request.stopped, client.answered),
        .outcome = request.outcome,
        .record = std::make_shared<LiveRecord>(
            LiveRecord{.policy = live.policy, .request = request, .client = client})});
}

void LiveRun::Impl::hear(const RequestEvent& event) {
  if (event.ticket == no_ticket) return;  // a child's
  const std::lock_guard lock(mutex_);
  if (Live* live = find(event.number)) follow(event, *live);
}

void LiveRun::Impl::follow(const RequestEvent& event, Live& live) {
  switch (event.what) {
    case RequestEvent::What::cancel_received:
      return tell({.what = What::cancel_received, .request = event.number, .at = event.at});
    case RequestEvent::What::started:
      if (live.has_stopped) return;  // real time: its service has yet to hear of that
      live.in_service.push_back(event.operation);
      return tell({.what = What::operation_started,
                   .request = event.number,
                   .at = event.at,
                   .operation = event.operation});
    case RequestEvent::What::ended:
      return end_operation(event, live, What::operation_ended, event.at);
    case RequestEvent::What::withdrawn:  // real time: and it had started meanwhile
    case RequestEvent::What::cut_off:
      return end_operation(event, live, What::operation_cut_off, event.at);
    case RequestEvent::What::left_running:
      return end_operation(event, live, What::operation_left_running, event.ends);
    case RequestEvent::What::stopped:
      live.has_stopped = true;
      return tell({.what = What::stopped,
                   .request = event.number,
                   .at = event.at,
                   .outcome = event.outcome});
    case RequestEvent::What::began:
    case RequestEvent::What::asked:
    case RequestEvent::What::queued:
    case RequestEvent::What::turned_away:
      return;
  }
}

void LiveRun::Impl::end_operation(const RequestEvent& event, Live& live, What what, Time at) {
  if (std::erase(live.in_service, event.operation) == 0) return;
  tell({.what = what, .request = event.number, .at = at, .operation = event.operation});
}

void LiveRun::Impl::see(Time now, const Message& message) {
  const std::lock_guard lock(mutex_);
  std::visit([&](const auto& m) { see(now, m); }, message);
}

void LiveRun::Impl::see(Time now, const Chunk& chunk) {
  if (find(chunk.number) != nullptr)
    tell({.what = What::chunk,
          .request = chunk.number,
          .at = now,
          .operation = chunk.operation,
          .tokens = chunk.tokens});
}

void LiveRun::Impl::see(Time now, const CancelAnswer& answer) {
  Live* live = find(answer.number);
  if (live == nullptr) return;
  std::erase(live->cancels_unanswered, answer.copy);
  tell({.what = What::cancel_answered,
        .request = answer.number,
        .at = now,
        .cancel = answer.copy,
        .verdict = answer.verdict});
}

void LiveRun::Impl::see(Time now, const Answer& answer) {
  if (find(answer.number) != nullptr)
    tell({.what = What::answered, .request = answer.number, .at = now, .outcome = answer.outcome});
}

LiveRun::Impl::Live* LiveRun::Impl::find(RequestNumber number) {
  const auto found = requests_.find(number);
  return found == requests_.end() ? nullptr : &found->second;
}

void LiveRun::Impl::answer_the_unsent(RequestNumber number, Live& live, Time now) {
  const CancelVerdict verdict = live.outcome == Outcome::cancelled
                                    ? CancelVerdict::already_cancelled
                                    : CancelVerdict::too_late;
  for (const std::uint32_t cancel : std::exchange(live.cancels_unanswered, {})) {
    tell({.what = What::cancel_answered,
          .request = number,
          .at = now,
          .cancel = cancel,
          .verdict = verdict});
  }
}

void LiveRun::Impl::tell(LiveEvent event) {
  events_.push_back(std::move(event));
  if (events_.size() == 1 && options_.on_events) options_.on_events();
}

Ticket LiveRun::Impl::take_ticket() {
  if (free_tickets_.empty()) return tickets_++;
  const Ticket ticket = free_tickets_.back();
  free_tickets_.pop_back();
  return ticket;
}

LiveRun::LiveRun(const Scenario& scenario, const LiveOptions& options)
    : impl_(std::make_unique<Impl>(scenario, options)) {}
LiveRun::~LiveRun() = default;
RequestNumber LiveRun::start(const RequestWishes& wishes) { return impl_->start(wishes); }
LivePlan LiveRun::planned(const RequestWishes& wishes) const { return impl_->planned(wishes); }
std::uint32_t LiveRun::cancel(RequestNumber request) { return impl_->cancel(request); }
void LiveRun::release(RequestNumber request) { impl_->release(request); }
Time LiveRun::now() const { return impl_->now(); }
void LiveRun::advance(Duration by) { impl_->advance(by); }
std::vector<LiveEvent> LiveRun::take_events() { return impl_->take_events(); }
void LiveRun::halt() { impl_->halt(); }
std::uint64_t LiveRun::in_flight() const { return impl_->in_flight(); }
Results LiveRun::results() const { return impl_->results(); }
std::string LiveRun::take_csv(bool all) { return impl_->take_csv(all); }

}  // namespace caesura
