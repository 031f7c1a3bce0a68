#include "scenarios/run/timeline.hpp"

#include "model/arrivals.hpp"
#include "model/plan.hpp"
#include "actors/joined_reports.hpp"
#include "actors/rules.hpp"
#include "engines/engine.hpp"
#include "engines/world.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace caesura {
namespace {

/// Follows the operations of one request, or child request, through the messages of a world.
class Member {
 public:
  Member(const Model& model, const Policy& policy, RequestNumber number, const Plan& plan,
         std::vector<std::uint32_t> path)
      : model_(model), policy_(policy), number_(number), path_(std::move(path)) {
    for (const PlanStep& step : plan.steps) {
      if (step.what == PlanStep::What::operation) operations_[step.number] = planned(step);
    }
  }

  std::optional<Address> address;

  RequestNumber number() const { return number_; }
  const std::vector<std::uint32_t>& path() const { return path_; }
  const PlanStep& step(std::uint32_t operation) const { return operations_.at(operation).step; }

  void see(const Ask& ask, Time now) {
    Operation& operation = operations_.at(ask.operation);
    if (!has_stopped_ && operation.state == State::planned) start(operation, now);
  }
  void see(const Queued& queued) { operations_.at(queued.operation).state = State::planned; }
  void see(const Started& started, Time now) {
    Operation& operation = operations_.at(started.operation);
    if (!has_stopped_ && operation.state == State::planned) start(operation, now);
  }
  /// It stops at once, or had stopped.
  void see(const TimeOut&) { has_stopped_ = true; }
  void see(const ParentEnded&) { has_stopped_ = true; }
  /// Of one in progress too: then it has been seen to end before.
  void see(const Withdraw& withdraw) {
    Operation& operation = operations_.at(withdraw.operation);
    if (operation.state == State::planned) operation.state = State::withdrawn;
  }
  void see(const Reply& reply, Time now) {
    Operation& operation = operations_.at(reply.end.operation());
    if (operation.state == State::started) end(operation, now);
  }
  void see(const AbortDue&, Time now) {
    for (auto& [number, operation] : operations_) {
      if (operation.state == State::started && is_abortable(operation)) cut_off(operation, now);
    }
  }
  /// The child that is this operation has stopped.
  void child_has_stopped(std::uint32_t operation, Time now) {
    operations_.at(operation).child_stopped = now;
  }

  /// It stopped at `when`, which may have been some time ago.
  void stop(Time when) {
    has_stopped_ = true;
    for (auto& [number, operation] : operations_) {
      const bool is_left = operation.state == State::started ||
                           (operation.state == State::ended && operation.span.end > when);
      if (!is_left) continue;
      // A service is told first of what is not to start any more; a transaction finds that nobody
      // waits for it.
      const bool has_begun =
          operation.span.start < when ||
          (operation.span.start == when && operation.span.kind != OperationKind::transaction);
      if (has_begun) {
        cut_off(operation, when);
      } else {
        operation.state = State::withdrawn;
      }
    }
  }

  void hand_over(std::vector<OperationSpan>& spans) {
    for (auto& [number, operation] : operations_) {
      if (operation.state == State::ended) spans.push_back(std::move(operation.span));
    }
  }

 private:
  enum class State : std::uint8_t { planned, withdrawn, started, ended };
  struct Operation {
    OperationSpan span;
    PlanStep step;
    Duration duration{0};  ///< at its service, if nothing cuts it off; of a child not known
    State state = State::planned;
    std::optional<Time> child_stopped{};  ///< of a child
  };

  Operation planned(const PlanStep& step) const {
    Operation operation;
    operation.step = step;
    operation.span.path = path_;
    operation.span.path.push_back(step.number);
    operation.span.kind = step.kind;
    operation.duration = sample_of(model_, number_, step).duration;
    if (step.kind != OperationKind::transaction)
      operation.span.service = model_.services[step.service].name;
    return operation;
  }
  bool can_be_cut_off(const PlanStep& step) const {
    return step.kind != OperationKind::transaction && !model_.services[step.service].transactional;
  }
  bool is_abortable(const Operation& operation) const {
    const PlanStep& step = operation.step;
    if (step.is_child && model_.child_of(step.service)->propagate)
      return false;  // it stops by itself
    return policy_.aborts[index_of(step.kind)] && can_be_cut_off(step);
  }
  static void start(Operation& operation, Time now) {
    operation.state = State::started;
    operation.span.start = now;
  }
  static void end(Operation& operation, Time now) {
    operation.state = State::ended;
    operation.span.end = now;
  }
  /// Leaves the operation. It is cut off unless its reply was on its way already; a child that is
  /// told of cancels stops by itself.
  void cut_off(Operation& operation, Time now) const {
    const PlanStep& step = operation.step;
    if (step.is_child) {
      const bool is_over = operation.child_stopped && *operation.child_stopped <= now;
      operation.span.cut_off = !model_.child_of(step.service)->propagate && !is_over;
    } else {
      operation.span.cut_off =
          can_be_cut_off(step) && now - operation.span.start < operation.duration;
    }
    end(operation, now);
  }

  const Model& model_;
  const Policy& policy_;
  RequestNumber number_;
  std::vector<std::uint32_t> path_;  // of the operation that this is; empty for the request itself
  std::map<std::uint32_t, Operation> operations_;  // by number
  bool has_stopped_ = false;
};

/// One request with all its children.
class Watched {
 public:
  Watched(const Model& model, const Policy& policy, RequestNumber number)
      : model_(model), policy_(policy) {
    line_.request = number;
    Plan plan;
    expand(model, number, plan);
    members_.emplace_back(model, policy, number, plan, std::vector<std::uint32_t>{});
  }

  void lives_at(Address request) { members_.front().address = request; }
  Member* at(Address address) {
    const auto found = std::find_if(members_.begin(), members_.end(),
                                    [&](const Member& m) { return m.address == address; });
    return found == members_.end() ? nullptr : &*found;
  }

  void see(const StartChild& start, Address child, const Member& parent) {
    const ChildPlan plan = plan_of_child(model_, parent.number(), parent.step(start.operation));
    auto path = parent.path();
    path.push_back(start.operation);
    members_.emplace_back(model_, policy_, plan.number, plan.plan, std::move(path)).address = child;
  }
  /// At the agent: the end of a child, of which its parent may hear later, or never.
  void see_end_of_child(const Reply& reply, Member& parent, Time now) {
    auto path = parent.path();
    path.push_back(reply.end.operation());
    const auto child = std::find_if(members_.begin(), members_.end(),
                                    [&](const Member& m) { return m.path() == path; });
    if (child == members_.end()) return;
    child->stop(now);
    parent.child_has_stopped(reply.end.operation(), now);
  }

  void settle(const RequestReport& request, const ClientReport& client) {
    line_.outcome = request.outcome;
    line_.arrived = client.arrived;
    line_.cancel_sent = client.cancel_sent;
    line_.stopped = request.stopped;
    members_.front().stop(request.stopped);
    is_settled_ = true;
  }
  bool is_settled() const { return is_settled_; }

  Timeline take() && {
    for (Member& member : members_) member.hand_over(line_.operations);
    std::sort(line_.operations.begin(), line_.operations.end(),
              [](const OperationSpan& a, const OperationSpan& b) {
                return std::tie(a.start, a.path) < std::tie(b.start, b.path);
              });
    return std::move(line_);
  }

 private:
  const Model& model_;
  const Policy& policy_;
  Timeline line_;
  std::deque<Member> members_;  // the request itself first; their addresses last
  bool is_settled_ = false;
};

/// All requests that are watched, and what is posted to a world to have them run.
class Observation {
 public:
  Observation(const Scenario& scenario, const Policy& policy,
              const std::vector<RequestNumber>& numbers)
      : model_(scenario.model), policy_(policy) {
    for (const RequestNumber n : numbers) watched_.emplace(n, Watched(model_, policy_, n));
  }

  std::vector<Timeline> run() {
    if (model_.requests_compete()) {
      play(LoadPlay::all, [&](World& world) { announce_load(model_, world); });
    } else if (const ClosedLoad* closed = closed_load(model_)) {
      std::set<std::uint64_t> users;
      for (const auto& [number, request] : watched_) users.insert(number % closed->users);
      for (const std::uint64_t user : users) {
        play(LoadPlay::one_by_one,
             [&](World& world) { world.post(client_address, Arrive{user}, Time{}); });
      }
    } else {
      play_each_alone();
    }
    std::vector<Timeline> lines;
    for (auto& [number, request] : watched_) {
      if (request.is_settled()) lines.push_back(std::move(request).take());
    }
    return lines;
  }

 private:
  template <class Announce>
  void play(LoadPlay how, const Announce& announce) {
    std::atomic<bool> stop{false};
    JoinedReports reports(
        model_.seed.value, [&](const RequestReport& request, const ClientReport& client) {
          if (const auto found = watched_.find(request.number); found != watched_.end())
            found->second.settle(request, client);
          stop = std::all_of(watched_.begin(), watched_.end(),
                             [](const auto& w) { return w.second.is_settled(); });
        });
    const auto world = make_direct_world(
        {.model = model_,
         .policy = policy_,
         .play = how,
         .reports = reports,
         .observer = [this](Time now, Address to, const Message& message, bool dropped) {
           if (!dropped) see(now, to, message);
         }});
    announce(*world);
    world->run(stop);
  }

  void play_each_alone() {
    Arrivals arrivals(model_);
    RequestNumber next = 0;
    for (const auto& watched : watched_) {
      const RequestNumber number = watched.first;  // clang 14 captures no structured binding
      std::optional<Time> arrival;
      for (; next <= number; ++next) arrival = arrivals.next();
      if (!arrival) return;
      play(LoadPlay::one_by_one,
           [&](World& world) { world.post(client_address, Arrive{number}, *arrival); });
    }
  }

  void see(Time now, Address to, const Message& message) {
    if (const auto* start = std::get_if<Start>(&message)) {
      const auto found = watched_.find(start->number);
      if (found != watched_.end() && to != directory_address) found->second.lives_at(to);
      return;
    }
    for (auto& [number, request] : watched_) {
      if (!request.is_settled() && see(request, now, to, message)) return;
    }
  }

  /// False if the message is none of this request's.
  static bool see(Watched& request, Time now, Address to, const Message& message) {
    if (const auto* ask = std::get_if<Ask>(&message)) {
      if (Member* asking = request.at(ask->from)) return asking->see(*ask, now), true;
    } else if (const auto* withdraw = std::get_if<Withdraw>(&message)) {
      if (Member* from = request.at(withdraw->from)) return from->see(*withdraw), true;
    } else if (const auto* start = std::get_if<StartChild>(&message)) {
      if (const Member* parent = request.at(start->parent))
        return request.see(*start, to, *parent), true;
    } else if (const auto* reply = std::get_if<Reply>(&message)) {
      Member* asked = request.at(reply->to);
      if (asked == nullptr) return false;
      if (reply->to == to) return asked->see(*reply, now), true;
      return request.see_end_of_child(*reply, *asked, now), true;
    } else if (Member* member = request.at(to)) {
      if (const auto* queued = std::get_if<Queued>(&message)) member->see(*queued);
      if (const auto* started = std::get_if<Started>(&message)) member->see(*started, now);
      if (const auto* due = std::get_if<AbortDue>(&message)) member->see(*due, now);
      if (const auto* timeout = std::get_if<TimeOut>(&message)) member->see(*timeout);
      if (const auto* end = std::get_if<ParentEnded>(&message)) member->see(*end);
      return true;
    }
    return false;
  }

  const Model& model_;
  const Policy& policy_;
  std::map<RequestNumber, Watched> watched_;
};

}  // namespace

std::vector<Timeline> observe_requests(const Scenario& scenario, const Policy& policy,
                                       const std::vector<RequestNumber>& numbers) {
  return Observation(scenario, policy, numbers).run();
}

}  // namespace caesura
