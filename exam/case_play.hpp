#pragma once

#include "scenarios/format/scenario.hpp"
#include "scenarios/format/subject_file.hpp"
#include "exam/exam_results.hpp"
#include "exam/moment_wait.hpp"
#include "exam/subject.hpp"
#include "exam/subject_environment.hpp"
#include "exam/subject_keeper.hpp"
#include "exam/subject_log.hpp"
#include "exam/world_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace caesura {

/// Plays a case once with a subject, from its start to the end of the watch: a world of its own,
/// the moment as the world's events have it, the cancel, and everything that is seen of what
/// follows. Whatever the subject does, it comes to an end within its limits.
class CasePlay {
 public:
  /// All of these outlive it. `run`: the run's name, that no play with the same subject had before.
  /// `scenario` has an exam block.
  CasePlay(boost::asio::io_context& io, const Scenario& scenario, const SubjectFile& subject,
           SubjectKeeper& keeper, std::string run);
  CasePlay(const CasePlay&) = delete;
  CasePlay& operator=(const CasePlay&) = delete;

  /// Runs the io_context until the play is over, or `stop` is set: then there is no result. Throws
  /// what the subject's start throws.
  std::optional<PlayResult> play(const std::atomic<bool>& stop);

 private:
  /// What is waited for.
  enum class Stage : std::uint8_t {
    starting,    ///< that it is ready
    beginning,   ///< that `start` has been handed to it
    on_its_way,  ///< the moment, or, where nobody cancels, that it settles
    cancelling,  ///< that the cancel has been handed to it
    settling,
    watching,  ///< that nothing is in progress any more
    prompting,
    next_turn,  ///< that the next prompt settles
    over,       ///< nothing
  };

  PlayAudience audience();
  void hear_settled(std::uint32_t turn, const SettledLine& line);
  void hear_end(bool exited_with_0, std::string_view how);
  void hear_event(const WorldEvent& event);

  void tick();
  void look();
  void look_on_its_way();
  void look_settling();
  void look_watching();
  void look_next_turn();
  void start();
  void await_moment();
  void say_stop();
  void note_cancel(Time at);
  void watch();
  void prompt_again();
  void hang();
  void give_up(std::string why);
  void note_fault(SubjectFault::Kind kind, std::string text);
  void finish();

  bool is_silent();
  Subject::Handed when_handed(std::function<void()> then);
  SubjectRun first_turn() {
    return subject_run(world_.url(), scenario_.model, run_, exam_.timeout);
  }
  RunRecord& record() { return *world_.session().find_run(run_); }
  Time now() { return world_.session().now(); }

  boost::asio::io_context& io_;
  const Scenario& scenario_;
  const ExamBlock& exam_;
  const SubjectFile& file_;
  SubjectKeeper& keeper_;
  const std::string run_;
  PlayResult result_;
  PlayFacts& facts_ = result_.facts;
  WorldServer world_;
  SubjectLog log_;
  boost::asio::steady_timer timer_;
  Subject* subject_ = nullptr;
  Stage stage_ = Stage::starting;
  Time stage_began_{};
  Time last_event_{};  ///< of its calls
  Time last_busy_{};   ///< that a call of it was in progress
  std::optional<Time> first_signal_;
  std::optional<MomentWait> moment_;  ///< at which the user says stop; none: nobody does
  bool has_left_ = false;             ///< its process, in order
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace caesura
