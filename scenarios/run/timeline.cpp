#include "scenarios/run/timeline.hpp"

#include "model/arrivals.hpp"
#include "actors/joined_reports.hpp"
#include "actors/request_history.hpp"
#include "actors/rules.hpp"
#include "engines/engine.hpp"
#include "engines/world.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace caesura {
namespace {

/// What one request does, with all its children.
class Watched {
 public:
  Watched(const Model& model, RequestNumber number) : model_(model) { line_.request = number; }

  /// False if it happened to none of them.
  bool hear(const RequestEvent& event) {
    if (event.what == RequestEvent::What::began) return meet(event);
    const auto member = find(event.request);
    if (member == members_.end()) return false;
    follow(event, *member);
    return true;
  }

  void settle(const RequestReport& request, const ClientReport& client) {
    line_.outcome = request.outcome;
    line_.arrived = client.arrived;
    line_.cancel_sent = client.cancel_sent;
    line_.stopped = request.stopped;
    is_settled_ = true;
  }
  bool is_settled() const { return is_settled_; }

  Timeline take() && {
    for (Member& member : members_) {
      for (auto& [number, span] : member.started) line_.operations.push_back(std::move(span));
    }
    std::sort(line_.operations.begin(), line_.operations.end(),
              [](const OperationSpan& a, const OperationSpan& b) {
                return std::tie(a.start, a.path) < std::tie(b.start, b.path);
              });
    return std::move(line_);
  }

 private:
  struct Member {
    Address address;
    std::vector<std::uint32_t> path;  ///< of the operation that it is; empty: the request itself
    std::map<std::uint32_t, OperationSpan> started{};  ///< by operation number
  };
  using Members = std::vector<Member>;

  Members::iterator find(Address request) {
    return std::find_if(members_.begin(), members_.end(),
                        [&](const Member& m) { return m.address == request; });
  }

  bool meet(const RequestEvent& began) {
    if (began.ticket != no_ticket) {
      if (began.number != line_.request) return false;
      members_.push_back({.address = began.request, .path = {}});
      return true;
    }
    const auto parent = find(began.parent);
    if (parent == members_.end()) return false;
    auto path = parent->path;
    path.push_back(began.operation);
    members_.push_back({.address = began.request, .path = std::move(path)});
    return true;
  }

  void follow(const RequestEvent& event, Member& member) const {
    switch (event.what) {
      case RequestEvent::What::started:
        member.started.emplace(event.operation, span_of(event, member));
        return;
      case RequestEvent::What::ended:
        if (const auto span = member.started.find(event.operation); span != member.started.end())
          span->second.end = event.at;
        return;  // else it was turned away
      case RequestEvent::What::cut_off:
        member.started.at(event.operation).end = event.at;
        member.started.at(event.operation).cut_off = true;
        return;
      case RequestEvent::What::left_running:
        member.started.at(event.operation).end = event.ends;
        return;
      case RequestEvent::What::began:
      case RequestEvent::What::cancel_received:
      case RequestEvent::What::asked:
      case RequestEvent::What::queued:
      case RequestEvent::What::turned_away:
      case RequestEvent::What::withdrawn:
      case RequestEvent::What::stopped:
        return;
    }
  }

  OperationSpan span_of(const RequestEvent& started, const Member& member) const {
    OperationSpan span;
    span.path = member.path;
    span.path.push_back(started.operation);
    span.kind = started.kind;
    if (started.kind != OperationKind::transaction)
      span.service = model_.services[started.service].name;
    span.start = started.at;
    return span;
  }

  const Model& model_;
  Timeline line_;
  Members members_;  ///< the request itself first
  bool is_settled_ = false;
};

/// All requests that are watched, and what is posted to a world to have them run.
class Observation {
 public:
  Observation(const Scenario& scenario, const Policy& policy,
              const std::vector<RequestNumber>& numbers)
      : model_(scenario.model), policy_(policy) {
    for (const RequestNumber n : numbers) watched_.emplace(n, Watched(model_, n));
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
    const auto world =
        make_direct_world({.model = model_,
                           .policy = policy_,
                           .play = how,
                           .reports = reports,
                           .history = [this](const RequestEvent& event) { hear(event); }});
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

  void hear(const RequestEvent& event) {
    for (auto& [number, request] : watched_) {
      if (!request.is_settled() && request.hear(event)) return;
    }
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
