#pragma once

#include "model/request_id.hpp"
#include "scenarios/format/subject_file.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caesura {

/// What the subject says that its user was told.
struct SettledLine {
  Outcome outcome = Outcome::completed;  ///< completed, cancelled or failed
  std::optional<std::int64_t> input_tokens = {};
  std::optional<std::int64_t> output_tokens = {};
  std::string error = {};
};

/// What is heard of a subject, in the order in which it comes, on the exam's thread; never within a
/// call of the subject. `run`: empty where the subject did not say.
struct SubjectAudience {
  std::function<void()> ready;
  std::function<void(std::string_view run, std::string_view text)> text;
  std::function<void(std::string_view run, const SettledLine& settled)> settled;
  /// A line in a wrong form; or one that is out of its place whatever the run, such as a second
  /// `ready`.
  std::function<void(std::string_view run, std::string_view what_is_wrong)> broken;
  /// Its process has ended before it was asked to, or it said more than it may and was ended; also
  /// with status 0: whether that is a crash is the listener's to say. Nothing comes after it.
  std::function<void(bool exited_with_0, std::string_view how)> ended;
  /// Every line, both ways, as it is read or has been handed over.
  std::function<void(bool is_to_subject, std::string_view line)> line;
};

/// A run as a subject is started on it.
struct SubjectRun {
  std::string run;
  std::string prompt;                                         ///< with its mark
  std::vector<std::pair<std::string, std::string>> env = {};  ///< CAESURA_…, in order
  /// The same for a process that plays other runs too, and hears of them in their prompts only: it
  /// names no run, so that calls go by the mark that a prompt begins with.
  std::vector<std::pair<std::string, std::string>> env_of_any_run = {};
};

/// A program under examination, however it is spoken to. On one io_context, from one thread.
class Subject {
 public:
  using Handed = std::function<void()>;
  virtual ~Subject() = default;

  /// Begins one run. `handed`, here and below: called once, when the last byte of it has been
  /// handed to the subject's input or socket, never within the call.
  virtual void start(const SubjectRun& run, Handed handed) = 0;
  virtual void cancel(const std::string& run, Handed handed) = 0;
  virtual void leave(const std::string& run, Handed handed) = 0;
  virtual void prompt(const std::string& run, const std::string& prompt, Handed handed) = 0;
  /// Asks it to end, and calls `gone` once nothing of it is left, by force at the latest; `left`:
  /// what had to be ended so, a line each. One that runs already, or is used again, goes on, and is
  /// gone at once. `audience.ended` is not called any more.
  virtual void end(std::function<void(std::vector<std::string> left)> gone) = 0;
  /// Ends it by force, now; then as end().
  virtual void kill(std::function<void(std::vector<std::string> left)> gone) = 0;
  /// What it has written to its standard error: the first and the last MiB.
  virtual std::string errors() const = 0;
  /// Whether it can tell its user anything after a cancel; not if that is a hang-up.
  virtual bool settles_after_cancel() const = 0;
};

}  // namespace caesura
