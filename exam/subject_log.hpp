#pragma once

#include "exam/exam_results.hpp"
#include "exam/subject.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace caesura {

/// What a play hears of its subject that changes how it goes on.
struct PlayAudience {
  std::function<void()> ready;
  /// It settled turn 1, or 2 after prompt(): once each, and noted in the facts by then.
  std::function<void(std::uint32_t turn, const SettledLine& line)> settled;
  std::function<void(bool exited_with_0, std::string_view how)> ended;  ///< SubjectAudience's
};

/// Notes what a subject says in a play, and what of it is in a wrong form or out of its place.
class SubjectLog {
 public:
  /// `result` outlives it, and what audience() gives is called no longer than it lives.
  SubjectLog(PlayResult& result, std::string run, std::function<Time()> now)
      : result_(result), run_(std::move(run)), now_(std::move(now)) {}
  SubjectLog(const SubjectLog&) = delete;
  SubjectLog& operator=(const SubjectLog&) = delete;

  SubjectAudience audience(PlayAudience told);
  /// From now on the subject has something to say: `start` is on its way to it.
  void start() { is_started_ = true; }
  /// Likewise again: the next prompt has been handed to it.
  void prompt() { is_prompted_ = true; }
  Time last_heard() const { return last_heard_; }  ///< a text, a `settled`, a broken line

 private:
  void hear_text(std::string_view run);
  /// The turn that it settles; 0: none, and it was noted.
  std::uint32_t hear_settled(std::string_view run, const SettledLine& line);
  void note_broken(std::string text);
  bool is_of_this_run(std::string_view run) const { return run.empty() || run == run_; }

  PlayResult& result_;
  const std::string run_;
  const std::function<Time()> now_;
  bool is_started_ = false;
  bool is_prompted_ = false;
  Time last_heard_{};
};

}  // namespace caesura
