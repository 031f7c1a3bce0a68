#include "exam/subject_load.hpp"

#include "model/arrivals.hpp"
#include "model/plan.hpp"
#include "model/purpose.hpp"
#include "actors/rules.hpp"
#include "exam/load_cancels.hpp"
#include "exam/load_queue.hpp"
#include "exam/subject_environment.hpp"
#include "exam/subject_places.hpp"
#include "exam/turn_times.hpp"
#include "exam/world_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <queue>
#include <utility>

namespace caesura {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_every = 5ms;
constexpr std::size_t problems_max = 20;
/// Timers of programs may be as much too early.
constexpr Duration early_timers = 10ms;

std::string name_of_run(RequestNumber number) { return fmt::format("n-{}", number); }

/// A request of the load, from when its user sends it until nothing of it is looked at any more.
struct Conversation {
  Conversation(const Model& model, RequestNumber n) : number(n), cancels(model, n) {}
  RequestNumber number;
  LoadCancels cancels;
  LinkEnd to_subject;
  LinkEnd to_user;
  std::uint64_t watcher = 0;
  Time due;                         ///< at the subject
  std::optional<Time> begun = {};   ///< the subject was told to
  std::optional<Time> over = {};    ///< it has settled, or its user has hung up
  Time give_up_at;                  ///< until when it is to be over
  Time last_seen;                   ///< the last that was seen of it
  std::uint32_t early_cancels = 0;  ///< that have come before it was begun
  std::uint32_t awaited = 0;  ///< cancels under way, or that will be sent whatever comes of it
};

/// What is counted of the requests of a load.
struct LoadCount {
  void add(const Conversation& talk, const TurnRecord& turn, const TurnLedger& ledger);
  void note_problem(std::string problem) {
    if (problems.size() < problems_max) problems.push_back(std::move(problem));
  }
  std::uint64_t played = 0;
  PairedRequests pairs;
  std::vector<std::optional<Duration>> latencies;
  LoadErrors errors;
  std::vector<std::string> problems;
};

void LoadCount::add(const Conversation& talk, const TurnRecord& turn, const TurnLedger& ledger) {
  ++played;
  if (talk.begun) {
    const TurnTimes times = times_of(turn, *talk.begun, *talk.over);
    errors.own.add(times.own);
    errors.late.add(times.late + std::max(*talk.begun - talk.due, zero_duration));
  }
  const RequestNumber number = talk.number;
  if (number >= paired_requests_max) return;
  if (number >= pairs.size()) {
    pairs.resize(number + 1);
    latencies.resize(number + 1);
  }
  pairs[number] = paired_request(ledger.request, ledger.client);
  if (ledger.client.outcome == Outcome::completed)
    latencies[number] = ledger.client.answered - ledger.client.arrived;
}

/// Plays the users of a load.
class SubjectPlay {
 public:
  SubjectPlay(const Scenario& scenario, const SubjectFile& subject,
              const SubjectLoadOptions& options, const std::atomic<bool>& stop,
              std::atomic<std::uint64_t>& done)
      : model_(scenario.model),
        file_(subject),
        stop_(stop),
        done_(done),
        world_(io_, scenario, world_options(subject, options)),
        timer_(io_),
        arrival_timer_(io_),
        queue_(model_),
        places_(io_, subject, audience()) {}

  SubjectLoadOutcome play() {
    begin_those_that_are_due();
    tick(std::chrono::steady_clock::now());
    while (!is_over() && !stop_) io_.run_one();
    timer_.cancel();
    arrival_timer_.cancel();
    for (places_.end(stop_); !places_.are_gone(); places_.end(stop_)) io_.run_one();
    WorldSession& session = world_.session();
    session.close();
    Results results = session.results();
    SubjectLoadOutcome outcome{.policy = std::move(results.policies.front()),
                               .world = session.json_of(session.results())["policies"][0]["world"],
                               .pairs = std::move(count_.pairs),
                               .latencies = std::move(count_.latencies),
                               .errors = std::move(count_.errors),
                               .requests = count_.played,
                               .is_partial = !is_over(),
                               .lateness_max = results.background.lateness_max,
                               .problems = std::move(count_.problems)};
    outcome.world["load"] = json_of(outcome.errors);
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

  SubjectPlaces::Audience audience() {
    return {
        .changed = [this] { begin_those_that_are_due(); },
        .settled = [this](const std::string& run, const SettledLine& line) { settle(run, line); },
        .lost = [this](const std::string& run) { lose(run); },
        .problem = [this](std::string what) { count_.note_problem(std::move(what)); }};
  }

  bool is_over() const { return count_.played == queue_.requests(); }
  Time now() { return world_.session().now(); }

  // ---- As time goes by

  void tick(std::chrono::steady_clock::time_point last) {
    const auto due = last + look_every;
    timer_.expires_at(due);
    timer_.async_wait([this, due](const boost::system::error_code& error) {
      if (error) return;
      const auto fired = std::chrono::steady_clock::now();
      Duration& late_max = count_.errors.timer_late_max;
      late_max = std::max<Duration>(late_max, fired - due);
      places_.look();
      look_after_all();
      tick(fired);
    });
  }

  void at(Time moment, std::function<void()> action) {
    const auto timer = std::make_shared<boost::asio::steady_timer>(io_);
    timer->expires_after(std::max(moment - now(), zero_duration));
    timer->async_wait([timer, action = std::move(action)](const boost::system::error_code& error) {
      if (!error) action();
    });
  }

  /// The load begins with the first process that is ready.
  void begin_those_that_are_due() {
    while (const auto next = queue_.next()) {
      const std::string run = name_of_run(next->number);
      if (places_.has_one_for_each()) queue_.keep(*next);
      places_.prepare(run_of(next->number));
      if (!began_ && places_.has_been_ready()) began_ = now();
      if (!began_) return;
      const Time due = *began_ + next->at.time_since_epoch();
      if (due > now()) {
        arrival_timer_.expires_after(due - now());
        arrival_timer_.async_wait([this](const boost::system::error_code& error) {
          if (!error) begin_those_that_are_due();
        });
        return;
      }
      if (!places_.take(run)) return;
      queue_.take(*next);
      begin(next->number, due);
    }
  }

  SubjectRun run_of(RequestNumber number) {
    std::optional<Duration> timeout = model_.timeout;
    // Its time has begun when it was sent.
    if (timeout) *timeout = std::max<Duration>(*timeout - link_to_subject(number), 1ms);
    return subject_run(world_.url(), model_, name_of_run(number), timeout);
  }

  Duration link_to_subject(RequestNumber number) const {
    return link_delay(model_.links.client, model_.seed, number, 0, Purpose::link_start);
  }

  // ---- One request

  /// Its user sends it now.
  Conversation& send(RequestNumber number) {
    const std::string run = name_of_run(number);
    RunRecord& record = world_.session().make_run({.name = run, .request = number});
    world_.session().turn(record, 1).user = UserSide{.sent = now()};
    const std::uint64_t watcher = world_.session().watch(
        record, [this, run](const RunRecord&, const WorldEvent& event) { hear(run, event); });
    Conversation& talk = conversations_.emplace(run, Conversation(model_, number)).first->second;
    talk.watcher = watcher;
    talk.last_seen = now();
    return talk;
  }

  void begin(RequestNumber number, Time arrived) {
    const std::string run = name_of_run(number);
    Conversation& talk = send(number);
    const Time sent = turn_of(run).user->sent;
    if (const Duration waited = sent - arrived; waited > look_every) {
      ++count_.errors.waited;
      count_.errors.waited_max = std::max(count_.errors.waited_max, waited);
    }
    const Duration delay = talk.to_subject.delay(sent, link_to_subject(number));
    talk.due = sent + delay;
    Plan plan;
    expand(model_, number, plan);
    talk.give_up_at = talk.due + planned_times(model_, number, plan).duration + file_.limits.settle;
    for (const LoadCancel& cancel : talk.cancels.known(sent, delay)) schedule(run, cancel, 0);
    if (delay == zero_duration) return start(run);
    at(talk.due, [this, run] { start(run); });
  }

  void start(const std::string& run) {
    Conversation* talk = find(run);
    if (talk == nullptr || talk->over) return;
    talk->begun = now();
    places_.start(run_of(talk->number));
    for (; talk->early_cancels > 0; --talk->early_cancels) places_.cancel(run);
  }

  Conversation* find(const std::string& run) {
    const auto found = conversations_.find(run);
    return found == conversations_.end() ? nullptr : &found->second;
  }

  TurnRecord& turn_of(const std::string& run) {
    return world_.session().turn(*world_.session().find_run(run), 1);
  }

  void hear(const std::string& run, const WorldEvent& event) {
    Conversation* talk = find(run);
    if (talk == nullptr) return;
    talk->last_seen = now();
    const TurnRecord& turn = turn_of(run);
    const bool is_last = event.operation == turn.plan.operations().back().path;
    for (const LoadCancel& cancel : talk->cancels.known_by(event, turn, talk->to_user)) {
      // Of what it has just used a user knows before the next step, and with the last it has ended.
      cancel.at <= event.at && !is_last ? say_stop(run, cancel, 0) : schedule(run, cancel, 0);
    }
  }

  void schedule(const std::string& run, const LoadCancel& cancel, std::uint32_t copy) {
    if (Conversation* talk = find(run); talk != nullptr && counts_always(cancel)) ++talk->awaited;
    at(cancel.at, [this, run, cancel, copy] {
      if (Conversation* talk = find(run); talk != nullptr && counts_always(cancel)) --talk->awaited;
      say_stop(run, cancel, copy);
    });
  }

  bool counts_always(const LoadCancel& cancel) const {
    return model_.cancels[cancel.source].even_if_finished;
  }

  /// The user says stop; the subject hears it when the message has come over the link.
  void say_stop(const std::string& run, const LoadCancel& cancel, std::uint32_t copy) {
    Conversation* talk = find(run);
    if (talk == nullptr) return;
    UserSide& user = *turn_of(run).user;
    const bool is_answered = user.answered && now() >= *user.answered;
    if (is_answered && !counts_always(cancel)) return;
    if (!user.cancel_sent) user.cancel_sent = now();
    const Duration delay =
        talk->to_subject.delay(now(), link_delay(model_.links.client, model_.seed, talk->number, 0,
                                                 Purpose::link_cancel, user.cancels_sent++));
    ++talk->awaited;
    const CancelSource& source = model_.cancels[cancel.source];
    if (copy + 1U < source.times)
      schedule(run, {.at = cancel.at + source.every, .source = cancel.source}, copy + 1);
    if (delay == zero_duration) return hear_stop(run);
    at(now() + delay, [this, run] { hear_stop(run); });
  }

  /// The cancel comes to the subject.
  void hear_stop(const std::string& run) {
    Conversation* talk = find(run);
    if (talk == nullptr) return;
    --talk->awaited;
    TurnRecord& turn = turn_of(run);
    if (talk->over) ++turn.user->cancels_behind;
    if (!turn.cancelled) world_.session().note_cancelled(*world_.session().find_run(run), 1);
    talk->give_up_at = std::max(talk->give_up_at, now() + file_.limits.settle);
    if (!talk->begun) {
      ++talk->early_cancels;
      return;
    }
    const bool hangs_up = !talk->over && !places_.settles_after_cancel(run);
    places_.cancel(run);
    if (hangs_up) end_for_user(*talk, *turn.user->cancel_sent);
  }

  void settle(const std::string& run, const SettledLine& line) {
    Conversation* talk = find(run);
    if (talk == nullptr || talk->over) return;
    const Time sent = turn_of(run).user->sent;
    const bool is_timed_out = model_.timeout && line.outcome == Outcome::failed &&
                              now() - sent >= *model_.timeout - early_timers;
    world_.session().note_settled(*world_.session().find_run(run), 1,
                                  {.outcome = is_timed_out ? Outcome::timed_out : line.outcome,
                                   .at = {},
                                   .input_tokens = line.input_tokens,
                                   .output_tokens = line.output_tokens});
    const Duration drawn =
        link_delay(model_.links.client, model_.seed, talk->number, 0, Purpose::link_answer);
    end_for_user(*talk, now() + talk->to_user.delay(now(), drawn));
  }

  /// `answered`: when its user has the answer, or has gone.
  void end_for_user(Conversation& talk, Time answered) {
    const std::string run = name_of_run(talk.number);
    talk.over = now();
    turn_of(run).user->answered = answered;
    places_.leave(run);
    queue_.answered(talk.number, Time{answered - *began_});
    boost::asio::post(io_, [this] { begin_those_that_are_due(); });
  }

  /// Nobody plays it, or is going to.
  void lose(const std::string& run) {
    const auto next = queue_.next();
    if (find(run) == nullptr && next && name_of_run(next->number) == run) {
      queue_.take(*next);
      if (!began_) began_ = now();
      send(next->number);
    }
    settle(run, {.outcome = Outcome::failed});
  }

  void look_after_all() {
    for (auto next = conversations_.begin(); next != conversations_.end();) {
      auto& [run, talk] = *next++;
      if (!talk.over && now() > talk.give_up_at) {
        // It waits for its services, which have more to do than was planned.
        if (const auto until = works_until(turn_of(run), now())) {
          talk.give_up_at = std::max(*until, now()) + file_.limits.settle;
          continue;
        }
        count_.note_problem(fmt::format(
            "request {} did not settle in time, and the process was ended", talk.number));
        places_.give_up(run);
      }
      if (is_done(run, talk)) end(run);
    }
  }

  /// What it has left running is its own, and so is what it starts after that: up to a limit.
  bool is_done(const std::string& run, const Conversation& talk) {
    if (!talk.over || talk.awaited > 0 || now() < *turn_of(run).user->answered) return false;
    const bool is_quiet = world_.session().find_run(run)->open_calls == 0 &&
                          now() - std::max(talk.last_seen, *talk.over) >= 4 * file_.within;
    return is_quiet || now() - *talk.over > file_.limits.watch;
  }

  void end(const std::string& run) {
    const TurnRecord& turn = turn_of(run);
    count_.add(*find(run), turn, world_.session().ledger(turn));
    world_.session().end_run(*world_.session().find_run(run));
    world_.session().watch_no_more(run, find(run)->watcher);
    places_.close(run);
    conversations_.erase(run);
    ++done_;
  }

  const Model& model_;
  const SubjectFile& file_;
  const std::atomic<bool>& stop_;
  std::atomic<std::uint64_t>& done_;
  boost::asio::io_context io_{1};
  WorldServer world_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer arrival_timer_;
  LoadQueue queue_;
  std::optional<Time> began_;  ///< the load: from when its arrivals are counted
  std::map<std::string, Conversation> conversations_;  ///< by run
  LoadCount count_;
  SubjectPlaces places_;
};

}  // namespace

SubjectLoadOutcome play_load(const Scenario& scenario, const SubjectFile& subject,
                             const SubjectLoadOptions& options, const std::atomic<bool>& stop,
                             std::atomic<std::uint64_t>& done) {
  return SubjectPlay(scenario, subject, options, stop, done).play();
}

Duration estimated_length(const Scenario& scenario, const SubjectFile& subject) {
  constexpr RequestNumber looked_at = 100;
  const Model& model = scenario.model;
  const RequestNumber count = std::min<RequestNumber>(model.load.requests, looked_at);
  if (count == 0) return zero_duration;
  std::int64_t sum = 0;
  for (RequestNumber n = 0; n < count; ++n) {
    Plan plan;
    expand(model, n, plan);
    sum += planned_times(model, n, plan).duration.count() / static_cast<std::int64_t>(count);
  }
  const Duration each{sum};
  // As if they were all equally long.
  LoadQueue queue(model);
  std::priority_queue<Time, std::vector<Time>, std::greater<>> free;
  for (std::uint32_t p = 0; p < subject.parallel; ++p) free.push(Time{});
  Time last{};
  while (const auto next = queue.next()) {
    const Time begun = std::max(next->at, free.top());
    free.pop();
    last = std::max(last, after(begun, each));
    free.push(begun + each);
    queue.take(*next);
    queue.answered(next->number, begun + each);
  }
  return last - Time{};
}

}  // namespace caesura
