#include "scenarios/run/policy_run.hpp"

#include "model/arrivals.hpp"
#include "actors/joined_reports.hpp"
#include "actors/rules.hpp"
#include "engines/caf_realtime.hpp"
#include "engines/engine.hpp"
#include "engines/world.hpp"
#include "scenarios/results/csv.hpp"
#include "scenarios/run/crew.hpp"
#include "scenarios/run/ordered_lines.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace caesura {
namespace {

/// The most requests at the server at one time, from their stays in order of arrival.
class InFlight {
 public:
  void add(Time started, Time stopped) {
    // Only then could there be more than ever before.
    if (stops_.size() >= peak_) forget_until(started);
    stops_.push_back(stopped);
    if (is_heap_) std::push_heap(stops_.begin(), stops_.end(), std::greater<>());
    peak_ = std::max<std::uint64_t>(peak_, stops_.size());
  }
  std::uint64_t peak() const { return peak_; }

 private:
  /// Where many have stopped since it was called last, looking through all of them costs less than
  /// to keep them in order.
  void forget_until(Time now) {
    const std::size_t before = stops_.size();
    if (is_heap_) {
      for (; !stops_.empty() && stops_.front() <= now; stops_.pop_back())
        std::pop_heap(stops_.begin(), stops_.end(), std::greater<>());
    } else {
      std::erase_if(stops_, [&](Time stop) { return stop <= now; });
    }
    const bool are_many = before - stops_.size() > before / 32;
    if (!are_many && !is_heap_) std::make_heap(stops_.begin(), stops_.end(), std::greater<>());
    is_heap_ = !are_many;
  }

  std::vector<Time> stops_;  ///< of all requests in flight, and of some that have stopped
  bool is_heap_ = false;     ///< the first to stop is at the front
  std::uint64_t peak_ = 0;
};

bool wants_lines(const PolicyRun& run) { return static_cast<bool>(run.options.requests_csv); }

RequestReport numbered_as_outside(const PolicyRun& run, RequestReport request) {
  request.number += run.first_number;
  return request;
}

void append_line(const PolicyRun& run, std::string& text, const RequestReport& request,
                 const ClientReport& client) {
  const std::uint64_t user = request.number % run.model.load.users;
  append_csv_row(text, run.policy.name, numbered_as_outside(run, request), client, user);
}

constexpr std::uint64_t counted_at_once = 64;

/// Takes in a settled request. Different ones may come from several threads, each with sums of its
/// own.
void note(const PolicyRun& run, const RequestReport& request, const ClientReport& client,
          PolicyRun::Sums& to) {
  to.totals.add(request, client);
  if (run.reference != nullptr && request.number < run.reference->size()) {
    to.differences.add(paired_request(request, client), (*run.reference)[request.number]);
  }
  if (run.record != nullptr && request.number < run.record->size())
    (*run.record)[request.number] = paired_request(request, client);
  if (run.options.each_request) run.options.each_request(numbered_as_outside(run, request), client);
}

/// Counts a request that one of several threads has noted: if each counted every one in the same
/// place, they would wait for each other there.
void count_apart(const PolicyRun& run, PolicyRun::Sums& of) {
  if (++of.noted % counted_at_once == 0)
    run.progress.requests_done.fetch_add(counted_at_once, std::memory_order_relaxed);
}

/// Once such a thread has noted its last.
void count_rest(const PolicyRun& run, const PolicyRun::Sums& of) {
  run.progress.requests_done.fetch_add(of.noted % counted_at_once, std::memory_order_relaxed);
}

/// When a run ends, no request is left.
void expect_nothing_left(const PolicyRun& run, const World& world, const JoinedReports& reports) {
  if (world.counters().requests_now == 0 && reports.unsettled() == 0) return;
  throw BrokenInvariant("broken invariant: a request of seed " +
                        std::to_string(run.model.seed.value) +
                        " never ended; please report this with the scenario");
}

/// Consecutive requests of an open load.
struct Block {
  std::uint64_t index = 0;
  RequestNumber first = 0;
  std::vector<Time> arrivals;
};

/// What came of a block.
struct BlockOutcome {
  std::string lines;
  std::vector<std::pair<Time, Time>> stays;  ///< at the server, in order of arrival
};

/// Independent requests of an open load: one after another, each in a world by itself, in blocks
/// shared out to threads.
class BlockwiseRun {
 public:
  explicit BlockwiseRun(PolicyRun& run)
      : run_(run),
        all_at_once_(std::holds_alternative<ArrivalsAtOnce>(run.model.load.arrivals)),
        arrivals_(run.model),
        crew_(run.stop) {}

  void run() {
    crew_.run(run_.options.threads, [this] { work(); });
    run_.peak_in_flight = all_at_once_ ? together_ : in_flight_.peak();
  }

 private:
  static constexpr std::size_t block_size = 512;
  static constexpr std::uint64_t most_blocks_ahead = 1024;

  void work() {
    PolicyRun::Sums sums;
    BlockOutcome outcome;
    JoinedReports reports(run_.model.seed.value,
                          [&](const RequestReport& request, const ClientReport& client) {
                            note(run_, request, client, sums);
                            count_apart(run_, sums);
                            outcome.stays.emplace_back(request.started, request.stopped);
                            if (wants_lines(run_))
                              append_line(run_, outcome.lines, request, client);
                          });
    const auto world = make_world(run_.options.engine, {.model = run_.model,
                                                        .policy = run_.policy,
                                                        .play = LoadPlay::one_by_one,
                                                        .reports = reports,
                                                        .observer = {}});
    Block block;
    while (!crew_.should_stop() && take(block)) {
      for (std::size_t i = 0; i < block.arrivals.size() && !crew_.should_stop(); ++i) {
        world->post(client_address, Arrive{block.first + i}, block.arrivals[i]);
        if (!world->run(run_.stop)) break;
      }
      hand_in(block.index, std::exchange(outcome, {}));
    }
    count_rest(run_, sums);
    const std::lock_guard lock(mutex_);
    run_.sums.merge(std::move(sums));
    run_.messages += world->counters().messages;
    if (!crew_.should_stop()) expect_nothing_left(run_, *world, reports);
  }

  bool take(Block& block) {
    const std::lock_guard lock(arrivals_mutex_);
    wait_for_those_behind();
    block.index = next_block_++;
    block.first = next_number_;
    block.arrivals.clear();
    // what is written here must not be beside what other threads read all the time
    Arrivals arrivals = arrivals_;
    while (block.arrivals.size() < block_size) {
      const auto arrival = arrivals.next();
      if (!arrival) break;
      block.arrivals.push_back(*arrival);
    }
    arrivals_ = arrivals;
    next_number_ += block.arrivals.size();
    return !block.arrivals.empty();
  }

  /// If one thread is held up, the others do not pile up what has to wait for its block.
  void wait_for_those_behind() {
    std::unique_lock lock(mutex_);
    while (next_block_ >= next_to_publish_ + most_blocks_ahead && !crew_.should_stop())
      published_.wait_for(lock, std::chrono::milliseconds(20));
  }

  /// One thread publishes, and does not keep the others from handing in what it will find next.
  void hand_in(std::uint64_t index, BlockOutcome outcome) {
    std::unique_lock lock(mutex_);
    finished_.emplace(index, std::move(outcome));
    if (std::exchange(is_publishing_, true)) return;
    while (!crew_.failed() && !finished_.empty() && finished_.begin()->first == next_to_publish_) {
      ++next_to_publish_;
      auto next = finished_.extract(finished_.begin());
      lock.unlock();
      publish(next.mapped());  // may throw, and nothing is published any more
      next = {};
      lock.lock();
    }
    is_publishing_ = false;
    published_.notify_all();
  }

  void publish(const BlockOutcome& outcome) {
    for (const auto& [started, stopped] : outcome.stays) {
      if (stopped < started) continue;  // its time was up before it came
      if (all_at_once_)
        ++together_;
      else
        in_flight_.add(started, stopped);
    }
    if (wants_lines(run_) && !outcome.lines.empty()) run_.options.requests_csv(outcome.lines);
  }

  PolicyRun& run_;
  const bool all_at_once_;  // then all are in flight together, and there is no need to remember
                            // when each stops
  Arrivals arrivals_;
  Crew crew_;
  std::mutex arrivals_mutex_;  // taken before the other; guards arrivals_ and the next two
  std::uint64_t next_block_ = 0;
  RequestNumber next_number_ = 0;
  std::mutex mutex_;  // guards the sums of run_ and what follows, but not in_flight_
  std::condition_variable published_;
  std::map<std::uint64_t, BlockOutcome> finished_;
  std::uint64_t next_to_publish_ = 0;
  bool is_publishing_ = false;
  // Of the thread that publishes:
  InFlight in_flight_;
  std::uint64_t together_ = 0;
};

/// Independent users of a closed load: each user's requests in a world by themselves.
class UserwiseRun {
 public:
  explicit UserwiseRun(PolicyRun& run)
      : run_(run),
        users_(std::min(closed_load(run.model)->users, run.model.load.requests)),
        crew_(run.stop),
        lines_(run.options.requests_csv) {}

  void run() {
    crew_.run(run_.options.threads, [this] { work(); });
    lines_.flush();
    run_.peak_in_flight = users_at_server_;  // all send their first request at 0
  }

 private:
  void work() {
    PolicyRun::Sums sums;
    bool was_there = false;
    JoinedReports reports(run_.model.seed.value,
                          [&](const RequestReport& request, const ClientReport& client) {
                            note(run_, request, client, sums);
                            count_apart(run_, sums);
                            was_there |= request.started <= request.stopped;
                            if (!wants_lines(run_)) return;
                            std::string line;
                            append_line(run_, line, request, client);
                            const std::lock_guard lock(mutex_);
                            lines_.add(request.number, std::move(line));
                          });
    const auto world = make_world(run_.options.engine, {.model = run_.model,
                                                        .policy = run_.policy,
                                                        .play = LoadPlay::one_by_one,
                                                        .reports = reports,
                                                        .observer = {}});
    for (std::uint64_t user = next_user_++; user < users_ && !crew_.should_stop();
         user = next_user_++) {
      was_there = false;
      world->post(client_address, Arrive{user}, Time{});
      const bool is_done = world->run(run_.stop);
      if (was_there) ++users_at_server_;
      if (!is_done) break;
    }
    count_rest(run_, sums);
    const std::lock_guard lock(mutex_);
    run_.sums.merge(std::move(sums));
    run_.messages += world->counters().messages;
    if (!crew_.should_stop()) expect_nothing_left(run_, *world, reports);
  }

  PolicyRun& run_;
  std::uint64_t users_;
  Crew crew_;
  std::atomic<std::uint64_t> next_user_{0};
  std::atomic<std::uint64_t> users_at_server_{0};
  std::mutex mutex_;  // guards what follows and the sums of run_
  OrderedLines lines_;
};

/// All requests in one world: those that compete for a service, and any in real time.
void run_together(PolicyRun& run) {
  OrderedLines lines(run.options.requests_csv);
  JoinedReports reports(
      run.model.seed.value, [&](const RequestReport& request, const ClientReport& client) {
        note(run, request, client, run.sums);
        run.progress.requests_done.fetch_add(
            1, std::memory_order_relaxed);  // each: in real time they may be minutes apart
        if (!wants_lines(run)) return;
        std::string line;
        append_line(run, line, request, client);
        lines.add(request.number, std::move(line));
      });
  const WorldOptions options{.model = run.model,
                             .policy = run.policy,
                             .play = LoadPlay::all,
                             .reports = reports,
                             .observer = {}};
  std::unique_ptr<World> world;
  RealtimeWorld* realtime = nullptr;
  if (run.options.engine == EngineKind::caf_realtime) {
    auto made = make_realtime_world(
        options, {.time_scale = run.options.time_scale, .requests_expected = run.requests});
    realtime = made.get();
    world = std::move(made);
  } else {
    world = make_world(run.options.engine, options);
  }
  announce_load(run.model, *world);
  const bool complete = world->run(run.stop);
  const WorldCounters counters = world->counters();
  run.messages = counters.messages;
  run.peak_in_flight = counters.requests_peak;
  if (realtime != nullptr) run.lateness_max = realtime->greatest_lateness();
  lines.flush();
  if (complete && realtime == nullptr) expect_nothing_left(run, *world, reports);
}

}  // namespace

void PolicyRun::Sums::merge(Sums&& other) {
  totals.merge(std::move(other.totals));
  differences.merge(other.differences);
}

bool runs_apart(const Model& model, EngineKind engine) {
  return !model.requests_compete() && engine != EngineKind::caf_realtime;
}

void run_policy(PolicyRun& run) {
  if (!runs_apart(run.model, run.options.engine)) {
    run_together(run);
  } else if (closed_load(run.model) != nullptr) {
    UserwiseRun(run).run();
  } else {
    BlockwiseRun(run).run();
  }
  run.partial = run.sums.totals.requests() < run.requests;
}

}  // namespace caesura
