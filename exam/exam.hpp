#pragma once

#include "scenarios/format/scenario.hpp"
#include "scenarios/format/subject_file.hpp"
#include "exam/exam_results.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace caesura {

struct ExamOptions {
  std::vector<std::string> cases = {};  ///< files, or names of shipped ones; empty: all shipped
  std::uint32_t repeat = 1;
  std::optional<std::uint64_t> seed = {};  ///< none: each case's own
  bool has_within = false;                 ///< the subject's `within` is not its file's
};

/// Why a subject cannot be examined: exit status 1. `what()` is what was missing.
struct NotExaminable : std::runtime_error {
  explicit NotExaminable(const std::string& what) : std::runtime_error(what) {}
  /// `rehearsal`: what it failed in.
  NotExaminable(const std::string& what, PlayResult rehearsal)
      : std::runtime_error(what),
        errors(std::move(rehearsal.stderr_text)),
        lines(std::move(rehearsal.lines)) {}
  std::string errors;  ///< the end of what it wrote to its standard error
  SpokenLines lines;   ///< what was said
};

/// How far an exam is; may be read from another thread.
struct ExamProgress {
  std::atomic<std::uint64_t> plays_done{0};
  std::atomic<std::uint64_t> plays_total{0};
};

/// A subject, and the cases that it is to play, checked.
class Exam {
 public:
  /// Throws ScenarioError for bad input: a case that is none, an expected failure of a case that
  /// there is not.
  Exam(SubjectFile subject, ExamOptions options);

  /// First the rehearsal, then every case. Once `stop` is set it returns soon with what is known,
  /// which is `is_partial`. Throws NotExaminable if the rehearsal fails, or this machine is too
  /// busy for a case to be judged.
  ExamResults run(const std::atomic<bool>& stop, ExamProgress& progress);

 private:
  struct Case {
    std::string name;
    std::string file;  ///< as the command that repeats it names it
    Scenario scenario;
  };
  Case load(const std::string& named) const;

  SubjectFile subject_;
  ExamOptions options_;
  Case rehearsal_;
  std::vector<Case> cases_;
};

}  // namespace caesura
