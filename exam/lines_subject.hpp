#pragma once

#include "scenarios/format/subject_file.hpp"
#include "exam/subject.hpp"
#include "exam/subject_process.hpp"

#include <boost/asio/io_context.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// A subject that speaks in lines: a process, JSON on its standard input and output.
class LinesSubject final : public Subject {
 public:
  /// Starts it, with the environment of its first run. Throws CannotStart.
  LinesSubject(boost::asio::io_context& io, const SubjectFile& file, const SubjectRun& first,
               SubjectAudience audience);

  void start(const SubjectRun& run, Handed handed) override;
  void cancel(const std::string& run, Handed handed) override;
  void leave(const std::string& run, Handed handed) override;
  void prompt(const std::string& run, const std::string& prompt, Handed handed) override;
  void end(std::function<void(std::vector<std::string> left)> gone) override;
  void kill(std::function<void(std::vector<std::string> left)> gone) override;
  std::string errors() const override { return process_.errors(); }
  bool settles_after_cancel() const override { return true; }

 private:
  void hear(std::string_view line);
  void say(std::string line, Handed handed);

  SubjectAudience audience_;
  bool is_ready_ = false;
  SubjectProcess process_;
};

}  // namespace caesura
