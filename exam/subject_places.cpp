#include "exam/subject_places.hpp"

#include "scenarios/format/printable.hpp"
#include "exam/make_subject.hpp"
#include "exam/subject_process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace caesura {
namespace {

using namespace std::chrono_literals;

/// What it wrote last may still be in the pipe.
constexpr auto last_words = 50ms;

/// The end of what a program has written to its standard error, as part of a line.
std::string end_of(const std::string& errors) {
  constexpr std::size_t shown_max = 600;
  std::string_view end = errors;
  while (!end.empty() && (end.back() == '\n' || end.back() == '\r')) end.remove_suffix(1);
  if (end.empty()) return "; its standard error is empty";
  const bool is_cut = end.size() > shown_max;
  if (is_cut) end.remove_prefix(end.size() - shown_max);
  return fmt::format("; its standard error {}: {}", is_cut ? "ends" : "says", printable_line(end));
}

}  // namespace

SubjectPlaces::SubjectPlaces(boost::asio::io_context& io, const SubjectFile& file,
                             Audience audience)
    : io_(io),
      file_(file),
      audience_(std::move(audience)),
      is_shared_(file.reuse || file.parallel > 1 || file.command.empty()),
      is_alone_(file.speaks != SubjectFile::Speaks::lines && !file.command.empty()) {}

void SubjectPlaces::prepare(const SubjectRun& run) {
  if (is_ending_) return;  // a place that came free by that is nobody's
  const auto is_for_it = [&](const auto& worker) {
    return !worker->has_ended && (is_shared_ || worker->first == run.run);
  };
  if (std::any_of(workers_.begin(), workers_.end(), is_for_it)) return;
  if (is_alone_ && !workers_.empty()) return;
  begin_worker(run);
}

void SubjectPlaces::begin_worker(const SubjectRun& run) {
  auto worker = std::make_unique<Worker>();
  worker->first = run.run;
  worker->since = Clock::now();
  worker->subject = make_subject(io_, file_, run, audience_of(*worker));
  workers_.push_back(std::move(worker));
}

SubjectAudience SubjectPlaces::audience_of(Worker& worker) {
  SubjectAudience audience;
  audience.ready = [this, &worker] {
    worker.is_ready = has_been_ready_ = true;
    audience_.changed();
  };
  audience.text = [](std::string_view, std::string_view) {};
  audience.settled = [this, &worker](std::string_view said, const SettledLine& line) {
    const bool is_plain = said.empty() && worker.playing.size() == 1;
    const std::string run = is_plain ? *worker.playing.begin() : std::string(said);
    if (worker.playing.contains(run)) audience_.settled(run, line);
  };
  audience.broken = [this](std::string_view, std::string_view what) {
    audience_.problem(fmt::format("it said {}", what));
  };
  audience.ended = [this, &worker](bool, std::string_view how) {
    if (!worker.was_used) {
      worker.how_it_failed =
          fmt::format("{} before it was {}", how, worker.is_ready ? "asked anything" : "ready");
      worker.failed_at = Clock::now();
      return;
    }
    if (!worker.playing.empty()) audience_.problem(fmt::format("its process {}", how));
    worker.has_ended = true;
    lose_all_of(worker);
  };
  return audience;
}

SubjectPlaces::Worker* SubjectPlaces::worker_of(const std::string& run) const {
  for (const auto& worker : workers_) {
    if (worker->open.contains(run)) return worker.get();
  }
  return nullptr;
}

std::size_t SubjectPlaces::playing() const {
  std::size_t playing = 0;
  for (const auto& worker : workers_) playing += worker->playing.size();
  return playing;
}

bool SubjectPlaces::take(const std::string& run) {
  if (playing() >= file_.parallel) return false;
  for (const auto& worker : workers_) {
    const bool is_for_it = is_shared_ || worker->first == run;
    const bool can_play = worker->is_ready && !worker->has_ended && worker->how_it_failed.empty();
    if (!is_for_it || !can_play) continue;
    worker->was_used = has_played_ = true;
    failed_starts_ = 0;
    worker->playing.insert(run);
    worker->open.insert(run);
    return true;
  }
  return false;
}

void SubjectPlaces::start(const SubjectRun& run) {
  Worker* worker = worker_of(run.run);
  if (worker != nullptr && !worker->has_ended) worker->subject->start(run, [] {});
}

void SubjectPlaces::cancel(const std::string& run) {
  Worker* worker = worker_of(run);
  if (worker != nullptr && !worker->has_ended) worker->subject->cancel(run, [] {});
}

bool SubjectPlaces::settles_after_cancel(const std::string& run) const {
  const Worker* worker = worker_of(run);
  return worker == nullptr || worker->subject->settles_after_cancel();
}

void SubjectPlaces::leave(const std::string& run) {
  if (Worker* worker = worker_of(run)) worker->playing.erase(run);
}

void SubjectPlaces::close(const std::string& run) {
  Worker* worker = worker_of(run);
  if (worker == nullptr) return;
  worker->playing.erase(run);
  worker->open.erase(run);
  if (!is_shared_) finish(*worker, false);
}

void SubjectPlaces::give_up(const std::string& run) {
  Worker* worker = worker_of(run);
  if (worker == nullptr) return;
  finish(*worker, true);
  lose_all_of(*worker);
}

void SubjectPlaces::lose_all_of(Worker& worker) {
  for (const std::string& run : std::exchange(worker.playing, {})) audience_.lost(run);
}

/// Of the first process nobody knows that it ever can play; of others one may fail.
void SubjectPlaces::fail_start(Worker& worker) {
  const std::string what = worker.how_it_failed + end_of(worker.subject->errors());
  finish(worker, true);
  ++failed_starts_;
  if (!has_played_) throw CannotStart(fmt::format("{} {}", file_.name, what));
  if (failed_starts_ >= failed_starts_max) {
    throw CannotStart(fmt::format("{} {} ({} times in a row)", file_.name, what, failed_starts_));
  }
  audience_.problem(what);
  audience_.lost(worker.first);
}

void SubjectPlaces::look() {
  const auto now = Clock::now();
  for (std::size_t w = 0; w < workers_.size(); ++w) {
    Worker& worker = *workers_[w];
    const bool is_late = !worker.is_ready && !worker.has_ended && worker.how_it_failed.empty() &&
                         now - worker.since > file_.limits.start;
    if (is_late) {
      worker.how_it_failed = fmt::format("was not ready within {} s", file_.limits.start / 1s);
      fail_start(worker);
    } else if (!worker.how_it_failed.empty() && !worker.has_ended) {
      if (now - worker.failed_at < last_words) continue;
      fail_start(worker);
    } else if (worker.has_ended) {
      finish(worker, true);
    }
  }
  if (std::erase_if(workers_, [](const auto& worker) { return worker->is_gone; }) > 0)
    audience_.changed();
}

void SubjectPlaces::finish(Worker& worker, bool by_force) {
  worker.has_ended = true;
  if (std::exchange(worker.is_ending, true)) return;
  const auto gone = [this, &worker, by_force](const std::vector<std::string>& left) {
    worker.is_gone = true;
    if (by_force) return;
    for (const std::string& one : left) audience_.problem("left behind: " + one);
  };
  by_force ? worker.subject->kill(gone) : worker.subject->end(gone);
}

void SubjectPlaces::end(bool by_force) {
  is_ending_ = true;
  for (const auto& worker : workers_) finish(*worker, by_force);
  std::erase_if(workers_, [](const auto& worker) { return worker->is_gone; });
}

}  // namespace caesura
