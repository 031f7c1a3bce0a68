#include "exam/subject_load.hpp"

#include "model/arrivals.hpp"
#include "model/plan.hpp"
#include "model/purpose.hpp"
#include "exam/load_cancels.hpp"
#include "exam/make_subject.hpp"
#include "exam/subject_environment.hpp"
#include "exam/subject_process.hpp"
#include "exam/world_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <utility>

namespace caesura {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_every = 5ms;
constexpr std::size_t problems_max = 20;

/// A process of the subject, and the requests that it works on.
struct Worker {
  std::unique_ptr<Subject> subject;
  bool is_ready = false;
  bool has_ended = false;
  Time since;
  std::size_t requests = 0;  ///< in progress
};

/// A request of the load that a subject works on.
struct Conversation {
  Conversation(const Model& model, RequestNumber n, Time at, Duration link)
      : number(n), arrived(at), delay(link), cancels(model, n, at, link) {}
  RequestNumber number;
  Time arrived;
  Duration delay;  ///< of the client's link, one way
  LoadCancels cancels;
  Worker* worker = nullptr;
  bool is_started = false;
  bool is_cancelled = false;
  std::optional<Time> settled = {};
  Time give_up_at;  ///< until when it is to have settled
};

PairedRequest paired(const TurnLedger& ledger) {
  return paired_request(ledger.request, ledger.client);
}

class SubjectPlay {
 public:
  SubjectPlay(const Scenario& scenario, const SubjectFile& subject,
              const SubjectLoadOptions& options, const std::atomic<bool>& stop,
              std::atomic<std::uint64_t>& done)
      : scenario_(scenario),
        model_(scenario.model),
        file_(subject),
        stop_(stop),
        done_(done),
        world_(io_, scenario, world_options(subject, options)),
        timer_(io_),
        arrivals_(model_) {
    plan_arrivals();
  }

  SubjectLoadOutcome play() {
    tick();
    while (!is_over() && !stop_) io_.run_one();
    timer_.cancel();
    end_workers();
    WorldSession& session = world_.session();
    session.close();
    Results results = session.results();
    SubjectLoadOutcome outcome{.policy = std::move(results.policies.front()),
                               .world = session.json_of(session.results())["policies"][0]["world"],
                               .pairs = std::move(pairs_),
                               .requests = played_,
                               .is_partial = !is_over(),
                               .lateness_max = results.background.lateness_max,
                               .problems = std::move(problems_)};
    world_.close();
    session.halt();
    return outcome;
  }

 private:
  static WorldServerOptions world_options(const SubjectFile& subject,
                                          const SubjectLoadOptions& options) {
    WorldServerOptions world{.listen = world_address_for(subject)};
    world.session = {.subject = subject.name,
                     .start = std::chrono::system_clock::now(),
                     .requests_csv = options.requests_csv,
                     .events = options.events};
    return world;
  }

  // ---- When requests arrive

  void plan_arrivals() {
    if (const ClosedLoad* closed = closed_load(model_)) {
      const std::uint64_t users = std::min(closed->users, model_.load.requests);
      for (RequestNumber n = 0; n < users; ++n) waiting_.emplace(Time{}, n);
      total_ = model_.load.requests;
      return;
    }
    for (auto at = arrivals_.next(); at; at = arrivals_.next()) waiting_.emplace(*at, total_++);
  }

  void follow(RequestNumber number) {
    const ClosedLoad* closed = closed_load(model_);
    if (closed == nullptr || number + closed->users >= total_) return;
    const RequestNumber next = number + closed->users;
    const Duration think =
        to_duration(closed->think.quantile(draw(model_.seed, next, 0, Purpose::think)));
    waiting_.emplace(now() + think, next);
  }

  bool is_over() const { return played_ == total_; }
  Time now() { return world_.session().now(); }

  // ---- As time goes by

  void tick() {
    timer_.expires_after(look_every);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      begin_those_that_are_due();
      look_after_all();
      tick();
    });
  }

  void begin_those_that_are_due() {
    while (!waiting_.empty() && waiting_.begin()->first <= now()) {
      Worker* worker = free_worker();
      if (worker == nullptr) return;
      const RequestNumber number = waiting_.begin()->second;
      waiting_.erase(waiting_.begin());
      begin(number, *worker);
    }
  }

  Worker* free_worker() {
    for (const auto& worker : workers_) {
      if (worker->is_ready && !worker->has_ended && worker->requests < file_.parallel)
        return worker.get();
    }
    const auto is_starting = [](const auto& worker) {
      return !worker->is_ready && !worker->has_ended;
    };
    if (std::any_of(workers_.begin(), workers_.end(), is_starting)) return nullptr;
    if (workers_.empty()) start_worker();
    return nullptr;
  }

  void start_worker() {
    workers_.push_back(std::make_unique<Worker>());
    Worker& worker = *workers_.back();
    worker.since = now();
    SubjectAudience audience;
    audience.ready = [this, &worker] {
      worker.is_ready = true;
      begin_those_that_are_due();
    };
    audience.text = [](std::string_view, std::string_view) {};
    audience.settled = [this](std::string_view run, const SettledLine& line) { settle(run, line); };
    audience.broken = [this](std::string_view, std::string_view what) {
      note_problem(fmt::format("it said {}", what));
    };
    audience.ended = [this, &worker](bool, std::string_view how) {
      worker.has_ended = true;
      if (worker.requests > 0) note_problem(fmt::format("its process {}", how));
      fail_all_of(worker);
    };
    const RequestNumber first = waiting_.empty() ? 0 : waiting_.begin()->second;
    worker.subject = make_subject(io_, file_, run_of(first), std::move(audience));
  }

  SubjectRun run_of(RequestNumber number) {
    return subject_run(world_.url(), model_, fmt::format("n-{}", number), model_.timeout);
  }

  // ---- One request

  void begin(RequestNumber number, Worker& worker) {
    const Duration delay =
        link_delay(model_.links.client, model_.seed, number, 0, Purpose::link_start);
    const SubjectRun run = run_of(number);
    RunRecord& record = world_.session().make_run({.name = run.run, .request = number});
    world_.session().turn(record, 1);
    const auto made =
        conversations_.emplace(run.run, Conversation(model_, number, now(), delay)).first;
    Conversation& talk = made->second;
    talk.worker = &worker;
    ++worker.requests;
    Plan plan;
    expand(model_, number, plan);
    talk.give_up_at =
        talk.arrived + delay + planned_times(model_, number, plan).duration + file_.limits.settle;
    world_.session().watch(record,
                           [this, name = run.run](const RunRecord& seen, const WorldEvent& event) {
                             hear(name, seen, event);
                           });
    for (const LoadCancel& cancel : talk.cancels.known()) schedule(run.run, cancel, 0);
    at(talk.arrived + delay, [this, run] {
      Conversation* open = find(run.run);
      if (open == nullptr || open->worker->has_ended) return;
      open->is_started = true;
      open->worker->subject->start(run, [] {});
    });
  }

  Conversation* find(std::string_view run) {
    const auto found = conversations_.find(std::string(run));
    return found == conversations_.end() ? nullptr : &found->second;
  }

  void hear(const std::string& name, const RunRecord& seen, const WorldEvent& event) {
    Conversation* talk = find(name);
    if (talk == nullptr || seen.turns.count(1) == 0) return;
    for (const LoadCancel& cancel : talk->cancels.known_by(event, seen.turns.at(1)))
      schedule(name, cancel, 0);
  }

  void at(Time moment, std::function<void()> action) {
    const auto timer = std::make_shared<boost::asio::steady_timer>(io_);
    timer->expires_after(std::max(moment - now(), zero_duration));
    timer->async_wait([timer, action = std::move(action)](const boost::system::error_code& error) {
      if (!error) action();
    });
  }

  void schedule(const std::string& run, const LoadCancel& cancel, std::uint32_t copy) {
    at(cancel.at, [this, run, cancel, copy] { say_stop(run, cancel, copy); });
  }

  /// The user says stop; the subject hears it when the message has come over the link.
  void say_stop(const std::string& run, const LoadCancel& cancel, std::uint32_t copy) {
    Conversation* talk = find(run);
    const CancelSource& source = model_.cancels[cancel.source];
    if (talk == nullptr || (talk->settled && !source.even_if_finished)) return;
    RunRecord* record = world_.session().find_run(run);
    if (!talk->is_cancelled && !talk->settled) {
      talk->is_cancelled = true;
      world_.session().note_cancelled(*record, 1);
    }
    const Duration delay =
        link_delay(model_.links.client, model_.seed, talk->number, 0, Purpose::link_cancel, copy);
    talk->give_up_at = std::max(talk->give_up_at, now() + delay + file_.limits.settle);
    at(now() + delay, [this, run] {
      Conversation* open = find(run);
      if (open != nullptr && !open->worker->has_ended) open->worker->subject->cancel(run, [] {});
    });
    if (copy + 1 < source.times)
      schedule(run, {.at = cancel.at + source.every, .source = cancel.source}, copy + 1);
  }

  void settle(std::string_view run, const SettledLine& line) {
    Conversation* talk = find(run.empty() && conversations_.size() == 1
                                  ? std::string_view(conversations_.begin()->first)
                                  : run);
    if (talk == nullptr || talk->settled) return;
    talk->settled = now();
    world_.session().note_settled(*world_.session().find_run(name_of_run(*talk)), 1,
                                  {.outcome = line.outcome,
                                   .at = {},
                                   .input_tokens = line.input_tokens,
                                   .output_tokens = line.output_tokens});
  }

  static std::string name_of_run(const Conversation& talk) {
    return fmt::format("n-{}", talk.number);
  }

  void note_problem(std::string problem) {
    if (problems_.size() < problems_max) problems_.push_back(std::move(problem));
  }

  /// Its process is no more.
  void fail_all_of(Worker& worker) {
    for (auto& [name, talk] : conversations_) {
      if (talk.worker == &worker) settle(name, {.outcome = Outcome::failed});
    }
  }

  void look_after_all() {
    for (auto next = conversations_.begin(); next != conversations_.end();) {
      const auto talk = next++;
      RunRecord* record = world_.session().find_run(talk->first);
      if (!talk->second.settled && now() > talk->second.give_up_at) give_up(talk->second);
      if (!talk->second.settled) continue;
      // What it has left running is its own: up to a limit.
      const bool is_done =
          record->open_calls == 0 || now() - *talk->second.settled > file_.limits.watch;
      if (is_done) end(talk, *record);
    }
    for (const auto& worker : workers_) {
      const bool is_late =
          !worker->is_ready && !worker->has_ended && now() - worker->since > file_.limits.start;
      if (!is_late) continue;
      throw CannotStart(
          fmt::format("{} was not ready within {} s", file_.name, file_.limits.start / 1s));
    }
    std::erase_if(workers_, [this](const auto& worker) {
      return worker->has_ended && worker->requests == 0 && !is_ending(*worker);
    });
  }

  void give_up(Conversation& talk) {
    note_problem(
        fmt::format("request {} did not settle in time, and the process was ended", talk.number));
    Worker& worker = *talk.worker;
    worker.has_ended = true;
    worker.subject->kill([](const std::vector<std::string>&) {});
    fail_all_of(worker);
  }

  void end(std::map<std::string, Conversation>::iterator talk, RunRecord& record) {
    const TurnLedger ledger = world_.session().ledger(record.turns.at(1));
    const RequestNumber number = talk->second.number;
    if (number >= pairs_.size() && number < paired_requests_max) pairs_.resize(number + 1);
    if (number < pairs_.size()) pairs_[number] = paired(ledger);
    world_.session().end_run(record);
    Worker& worker = *talk->second.worker;
    --worker.requests;
    conversations_.erase(talk);
    ++played_;
    ++done_;
    follow(number);
    const bool is_used_again = file_.reuse || file_.parallel > 1;
    if (!is_used_again && !worker.has_ended) {
      worker.has_ended = true;
      ending_.push_back(&worker);
      worker.subject->end(
          [this, &worker](const std::vector<std::string>&) { std::erase(ending_, &worker); });
    }
  }

  bool is_ending(const Worker& worker) const {
    return std::find(ending_.begin(), ending_.end(), &worker) != ending_.end();
  }

  void end_workers() {
    for (const auto& worker : workers_) {
      if (worker->has_ended && !is_ending(*worker)) continue;
      if (is_ending(*worker)) continue;
      ending_.push_back(worker.get());
      worker->has_ended = true;
      const auto gone = [this, one = worker.get()](const std::vector<std::string>&) {
        std::erase(ending_, one);
      };
      stop_ ? worker->subject->kill(gone) : worker->subject->end(gone);
    }
    while (!ending_.empty() && io_.run_one() > 0) {
    }
  }

  const Scenario& scenario_;
  const Model& model_;
  const SubjectFile& file_;
  const std::atomic<bool>& stop_;
  std::atomic<std::uint64_t>& done_;
  boost::asio::io_context io_{1};
  WorldServer world_;
  boost::asio::steady_timer timer_;
  Arrivals arrivals_;
  std::multimap<Time, RequestNumber> waiting_;  ///< by when they arrive
  std::uint64_t total_ = 0;
  std::uint64_t played_ = 0;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> ending_;
  std::map<std::string, Conversation> conversations_;
  PairedRequests pairs_;
  std::vector<std::string> problems_;
};

}  // namespace

SubjectLoadOutcome play_load(const Scenario& scenario, const SubjectFile& subject,
                             const SubjectLoadOptions& options, const std::atomic<bool>& stop,
                             std::atomic<std::uint64_t>& done) {
  return SubjectPlay(scenario, subject, options, stop, done).play();
}

Duration estimated_length(const Scenario& scenario, const SubjectFile& subject) {
  constexpr RequestNumber looked_at = 100;
  const RequestNumber count = std::min<RequestNumber>(scenario.model.load.requests, looked_at);
  if (count == 0) return zero_duration;
  double sum_s = 0;
  for (RequestNumber n = 0; n < count; ++n) {
    Plan plan;
    expand(scenario.model, n, plan);
    sum_s += seconds(planned_times(scenario.model, n, plan).duration);
  }
  const double all_s = sum_s / static_cast<double>(count) *
                       static_cast<double>(scenario.model.load.requests) / subject.parallel;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(all_s));
}

}  // namespace caesura
