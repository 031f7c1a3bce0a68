#pragma once

#include "sim/time.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace caesura {

/// A program that could not be started: one clear line that says what to do.
struct CannotStart : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The first and the last of a long text.
class TextEnds {
 public:
  static constexpr std::size_t each_max = std::size_t{1} << 20U;
  void add(std::string_view text);
  /// What is kept, with a line between that says how many bytes were left out.
  std::string text() const;

 private:
  std::string first_;
  std::string last_;
  std::size_t left_out_ = 0;
};

/// A program as a process, with pipes for its standard streams, at the head of a process group of
/// its own. What it starts outside of that becomes this process's to end. Nothing of it is left
/// when this goes.
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
  using Gone = std::function<void(std::vector<std::string> left)>;
  static constexpr std::size_t line_max = std::size_t{1} << 20U;
  static constexpr std::size_t output_max = std::size_t{64} << 20U;

  /// Throws CannotStart. Nothing is heard within the call.
  SubjectProcess(boost::asio::io_context& io, const Options& options, Audience audience);
  SubjectProcess(const SubjectProcess&) = delete;
  SubjectProcess& operator=(const SubjectProcess&) = delete;
  ~SubjectProcess();

  /// Writes a line; `handed` is called once the last byte of it is in the pipe. Nothing if the
  /// other end is closed.
  void write(std::string line, std::function<void()> handed);
  /// Closes its input behind what has been written, and waits until the group is gone; by force
  /// after the options' patience, and 2 s more. `ended` is not called any more. `gone`: once, never
  /// within the call; `left`: what had to be ended, a line each.
  void end(Gone gone) { finish(std::move(gone), false); }
  void kill(Gone gone) { finish(std::move(gone), true); }
  std::string errors() const { return errors_.text(); }

 private:
  struct Outgoing {
    std::string text;
    std::function<void()> handed;
  };
  void start(const Options& options);
  void read_output();
  void take_output();
  void take_line(std::string_view line);
  void read_errors();
  void write_next();
  void watch_process();
  void note_exit();
  void tell_end(bool exited_with_0, const std::string& how);
  void finish(Gone gone, bool by_force);
  void look_whether_gone();
  bool is_group_gone();

  boost::asio::io_context& io_;
  Audience audience_;
  Duration patience_;
  boost::asio::posix::stream_descriptor input_;
  boost::asio::posix::stream_descriptor output_;
  boost::asio::posix::stream_descriptor error_output_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer end_timer_;
  std::array<char, 65536> output_buffer_{};
  std::array<char, 65536> error_buffer_{};
  pid_t pid_ = 0;
  bool is_reaped_ = false;
  bool has_told_end_ = false;
  bool closes_input_ = false;
  std::string line_;
  std::size_t output_bytes_ = 0;
  TextEnds errors_;
  std::deque<Outgoing> outgoing_;
  Gone gone_;
  std::vector<std::string> left_;
  std::chrono::steady_clock::time_point term_at_;
  std::chrono::steady_clock::time_point kill_at_;
  bool has_had_term_ = false;
  bool has_had_kill_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace caesura
