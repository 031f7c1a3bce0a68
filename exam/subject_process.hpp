#pragma once

#include "sim/time.hpp"
#include "exam/family_end.hpp"
#include "exam/process_family.hpp"
#include "exam/process_pipes.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caesura {

/// A program that could not be started: one clear line that says what to do.
struct CannotStart : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A program as a process, with pipes for its standard streams, at the head of a process group of
/// its own. What it starts outside of that becomes this process's to end. Nothing of it is left
/// when this goes: see ProcessFamily.
class SubjectProcess {
 public:
  struct Options {
    std::vector<std::string> command;  ///< not empty; without a slash it is looked up in PATH
    std::string folder;                ///< where it is started
    /// Added to this process's environment, later ones over earlier ones.
    std::vector<std::pair<std::string, std::string>> env;
    Duration patience = std::chrono::seconds(5);  ///< from end() to SIGTERM
  };
  struct Audience {
    std::function<void(std::string_view line)> line;  ///< of its output, without its end
    /// Once: it has ended, after all its lines; or has said more than it may, and was ended.
    std::function<void(bool exited_with_0, std::string_view how)> ended;
  };
  using Gone = FamilyEnd::Gone;

  /// Throws CannotStart. Nothing is heard within the call.
  SubjectProcess(boost::asio::io_context& io, const Options& options, Audience audience);
  SubjectProcess(const SubjectProcess&) = delete;
  SubjectProcess& operator=(const SubjectProcess&) = delete;

  /// Writes a line; `handed` is called once the last byte of it is in the pipe. Nothing if the
  /// other end is closed.
  void write(const std::string& line, std::function<void()> handed) {
    input_.write(line + "\n", std::move(handed));
  }
  /// Closes its input behind what has been written, and waits until all of it is gone: see
  /// FamilyEnd, also for `gone`. `ended` is not called any more.
  void end(Gone gone);
  void kill(Gone gone);
  std::string errors() const { return errors_.text(); }

 private:
  void start(const Options& options);
  void take_output(std::string_view bytes);
  void take_rest();
  void watch_process();
  void note_exit();
  void tell_end(bool exited_with_0, const std::string& how);
  Gone after_last_words(Gone gone);

  Audience audience_;
  Duration patience_;
  ProcessFamily family_;
  PipeWriter input_;
  PipeReader output_;
  PipeReader error_output_;
  LineCutter lines_;
  TextEnds errors_;
  FamilyEnd end_;
  boost::asio::steady_timer timer_;
  bool has_told_end_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace caesura
