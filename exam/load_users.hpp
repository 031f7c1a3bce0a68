#pragma once

#include "sim/time.hpp"
#include "model/model.hpp"
#include "model/request_id.hpp"
#include "scenarios/format/subject_file.hpp"
#include "doors/world/world_session.hpp"
#include "exam/load_cancels.hpp"
#include "exam/load_count.hpp"
#include "exam/subject.hpp"
#include "exam/subject_places.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace caesura {

/// The users of a load whose requests are in progress: they send them, say stop, and have the
/// answer, each at the other end of the scenario's link; what comes of it is noted in the world and
/// counted. Which request is sent when is the caller's to say.
class LoadUsers {
 public:
  struct Parts {
    boost::asio::io_context& io;
    WorldSession& session;
    const std::string& url;  ///< of the world
    const SubjectFile& file;
    SubjectPlaces& places;
    LoadCount& count;
  };
  struct Audience {
    /// The request's user has its answer then, or has gone; its place is free.
    std::function<void(RequestNumber number, Time at)> answered;
    std::function<void()> ended;  ///< nothing of a request is looked at any more: it is counted
  };
  /// All parts outlive it.
  LoadUsers(const Parts& parts, Audience audience)
      : parts_(parts), model_(parts.session.model()), audience_(std::move(audience)) {}
  LoadUsers(const LoadUsers&) = delete;
  LoadUsers& operator=(const LoadUsers&) = delete;

  /// The run of a request of the load.
  static std::string run_name(RequestNumber number);
  /// What the subject is told of a request.
  SubjectRun run_of(RequestNumber number) const;

  /// Its user sends a request that has a place.
  void send(RequestNumber number);
  /// Its user sends one that nobody is going to play: it fails.
  void send_in_vain(RequestNumber number);
  bool has(const std::string& run) { return find(run) != nullptr; }
  /// The subject has told the user of a run; nothing if it had before.
  void settle(const std::string& run, const SettledLine& line);
  /// To be called every few ms: ends what hangs, and what is done.
  void look();

 private:
  /// A request from when its user sends it until nothing of it is looked at any more.
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

  Time now() const { return parts_.session.now(); }
  void at(Time moment, std::function<void()> action);
  Conversation* find(const std::string& run);
  RunRecord& record_of(const std::string& run) { return *parts_.session.find_run(run); }
  TurnRecord& turn_of(const std::string& run) { return parts_.session.turn(record_of(run), 1); }
  Conversation& open(RequestNumber number);
  void start(const std::string& run);
  void hear(const std::string& run, const WorldEvent& event);
  void schedule(const std::string& run, const LoadCancel& cancel, std::uint32_t copy);
  bool counts_always(const LoadCancel& cancel) const;
  void say_stop(const std::string& run, const LoadCancel& cancel, std::uint32_t copy);
  void hear_stop(const std::string& run);
  void tell_subject(const std::string& run, Conversation& talk);
  void end_for_user(Conversation& talk, Time answered);
  bool is_done(const std::string& run, const Conversation& talk);
  void end(const std::string& run);

  const Parts parts_;
  const Model& model_;
  const Audience audience_;
  std::map<std::string, Conversation> conversations_;  ///< by run
};

}  // namespace caesura
