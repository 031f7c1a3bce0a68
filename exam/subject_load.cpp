#include "exam/subject_load.hpp"

#include "model/plan.hpp"
#include "exam/load_count.hpp"
#include "exam/load_queue.hpp"
#include "exam/load_users.hpp"
#include "exam/subject_places.hpp"
#include "exam/world_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <queue>
#include <utility>

namespace caesura {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_every = 5ms;

/// Plays a load: its world, its places, and which user sends when.
class SubjectPlay {
 public:
  SubjectPlay(const Scenario& scenario, const SubjectFile& subject,
              const SubjectLoadOptions& options, const std::atomic<bool>& stop,
              std::atomic<std::uint64_t>& done)
      : stop_(stop),
        done_(done),
        world_(io_, scenario, world_options(subject, options)),
        url_(world_.url()),
        timer_(io_),
        arrival_timer_(io_),
        queue_(scenario.model),
        places_(io_, subject, audience()),
        users_({io_, world_.session(), url_, subject, places_, count_},
               {.answered = [this](RequestNumber n, Time at) { follow(n, at); },
                .ended = [this] { ++done_; }}) {}

  SubjectLoadOutcome play() {
    begin_those_that_are_due();
    tick(std::chrono::steady_clock::now());
    while (!is_over() && !stop_) io_.run_one();
    timer_.cancel();
    arrival_timer_.cancel();
    // What is in progress is left out: that its process ends is no cancel.
    WorldSession& session = world_.session();
    session.give_rows();
    Results results = session.results();
    SubjectLoadOutcome outcome{.policy = std::move(results.policies.front()),
                               .world = session.json_of(session.results())["policies"][0]["world"],
                               .pairs = std::move(count_.pairs),
                               .latencies = std::move(count_.latencies),
                               .errors = std::move(count_.errors),
                               .requests = count_.played,
                               .is_partial = !is_over(),
                               .lateness_max = results.background.lateness_max,
                               .problems = {}};
    outcome.world["load"] = json_of(outcome.errors);
    for (places_.end(stop_); !places_.are_gone(); places_.end(stop_)) io_.run_one();
    outcome.problems = std::move(count_.problems);
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
    return {.changed = [this] { begin_those_that_are_due(); },
            .settled = [this](const std::string& run,
                              const SettledLine& line) { users_.settle(run, line); },
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
      users_.look();
      tick(fired);
    });
  }

  /// The load begins with the first process that is ready.
  void begin_those_that_are_due() {
    while (const auto next = queue_.next()) {
      const std::string run = LoadUsers::run_name(next->number);
      if (places_.has_one_for_each()) queue_.keep(*next);
      places_.prepare(users_.run_of(next->number));
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
      if (!places_.take(run)) {
        without_place_ = next->number;
        return;
      }
      queue_.take(*next);
      if (without_place_ == next->number) count_.note_wait(now() - due);
      users_.send(next->number);
    }
  }

  /// The next one may have the place.
  void follow(RequestNumber number, Time answered) {
    queue_.answered(number, Time{answered - *began_});
    boost::asio::post(io_, [this] { begin_those_that_are_due(); });
  }

  /// Nobody plays it, or is going to.
  void lose(const std::string& run) {
    if (users_.has(run)) return users_.settle(run, {.outcome = Outcome::failed});
    const auto next = queue_.next();
    if (!next || LoadUsers::run_name(next->number) != run) return;
    queue_.take(*next);
    if (!began_) began_ = now();
    users_.send_in_vain(next->number);
  }

  const std::atomic<bool>& stop_;
  std::atomic<std::uint64_t>& done_;
  boost::asio::io_context io_{1};
  WorldServer world_;
  const std::string url_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer arrival_timer_;
  LoadQueue queue_;
  std::optional<RequestNumber> without_place_;  ///< the next one, if it waits for one
  std::optional<Time> began_;                   ///< the load: from when its arrivals are counted
  LoadCount count_;
  SubjectPlaces places_;
  LoadUsers users_;
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
