#pragma once

#include "scenarios/format/subject_file.hpp"
#include "exam/subject.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// Where a subject plays the requests of a load: its processes, or the connections to one that runs
/// already, each ready before a request is sent to it. As many requests as its file's `parallel`
/// are played at a time: all in one process, or, if the file has neither `reuse` nor more than one
/// at a time, each in a process of its own, of which the next one is started ahead.
class SubjectPlaces {
 public:
  struct Audience {
    /// A process has become ready, or a place free.
    std::function<void()> changed;
    /// Of a run that is played. `run` is never empty.
    std::function<void(const std::string& run, const SettledLine& settled)> settled;
    /// Nobody plays this run any more: its process has ended, or the one that was to play it could
    /// not get ready.
    std::function<void(const std::string& run)> lost;
    std::function<void(std::string what)> problem;  ///< a sentence's end, after the subject's name
  };
  /// So many processes in a row that are not there for their first run end the load.
  static constexpr std::uint32_t failed_starts_max = 3;

  /// Both outlive it. Nothing is heard within a call.
  SubjectPlaces(boost::asio::io_context& io, const SubjectFile& file, Audience audience);
  SubjectPlaces(const SubjectPlaces&) = delete;
  SubjectPlaces& operator=(const SubjectPlaces&) = delete;

  /// Whether a process is started for one run, and for no other.
  bool has_one_for_each() const { return !is_shared_; }
  bool has_been_ready() const { return has_been_ready_; }
  /// Sees that there is a process for this run, which is to be taken next. Throws CannotStart.
  void prepare(const SubjectRun& run);
  /// Takes the place of a run that was prepared. False: none is free yet.
  bool take(const std::string& run);
  /// Of runs that have a place; nothing if it is lost.
  void start(const SubjectRun& run);
  void cancel(const std::string& run);
  bool settles_after_cancel(const std::string& run) const;
  /// The run is over for its user, and its place is free.
  void leave(const std::string& run);
  /// Nobody looks at the run any more: a process of its own is ended.
  void close(const std::string& run);
  /// Ends the run's process by force, with all that it plays.
  void give_up(const std::string& run);
  /// To be called every few ms. Throws CannotStart if the first process does not get ready, or
  /// failed_starts_max do not in a row.
  void look();
  /// Ends all, or goes on with ending them; once are_gone(), nothing of them is left. Nothing is
  /// started from now on.
  void end(bool by_force);
  bool are_gone() const { return workers_.empty(); }

 private:
  using Clock = std::chrono::steady_clock;
  /// A process of the subject, or one that runs already.
  struct Worker {
    std::unique_ptr<Subject> subject;
    std::string first;  ///< the run that it was started for
    Clock::time_point since;
    std::set<std::string> playing;  ///< not over for their users
    std::set<std::string> open;     ///< not closed
    bool is_ready = false;
    bool was_used = false;   ///< has had a run to play
    bool has_ended = false;  ///< nothing is asked of it any more
    bool is_ending = false;
    bool is_gone = false;
    std::string how_it_failed;  ///< to be there for its first run; empty: it has not
    Clock::time_point failed_at;
  };
  void begin_worker(const SubjectRun& run);
  SubjectAudience audience_of(Worker& worker);
  Worker* worker_of(const std::string& run) const;
  void lose_all_of(Worker& worker);
  void fail_start(Worker& worker);
  void finish(Worker& worker, bool by_force);
  std::size_t playing() const;

  boost::asio::io_context& io_;
  const SubjectFile& file_;
  const Audience audience_;
  const bool is_shared_;
  const bool is_alone_;  ///< two at a time would want the same port
  bool has_been_ready_ = false;
  bool has_played_ = false;  ///< has had a run to play
  bool is_ending_ = false;
  std::uint32_t failed_starts_ = 0;  ///< in a row
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace caesura
