#pragma once

#include "scenarios/format/subject_file.hpp"
#include "exam/subject.hpp"
#include "exam/subject_process.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caesura {

/// MUXI's API as calls of HTTP: a chat that streams, cancelled by the DELETE of its request.
HttpSubjectFile http_of_muxi(const MuxiSubjectFile& muxi);

/// One call of HTTP, from its connection to the end of its answer; see http_subject.cpp.
class SubjectHttpExchange;

/// A subject that is a server: it runs already, or its command starts it.
class HttpSubject final : public Subject {
 public:
  static constexpr std::size_t answer_max = std::size_t{64} << 20U;

  /// Throws CannotStart, also for a URL that has no host of this machine's naming.
  HttpSubject(boost::asio::io_context& io, const SubjectFile& file, HttpSubjectFile http,
              const SubjectRun& first, SubjectAudience audience);
  ~HttpSubject() override;

  void start(const SubjectRun& run, Handed handed) override;
  void cancel(const std::string& run, Handed handed) override;
  void leave(const std::string& run, Handed handed) override;
  void prompt(const std::string& run, const std::string& prompt, Handed handed) override;
  void end(std::function<void(std::vector<std::string> left)> gone) override;
  void kill(std::function<void(std::vector<std::string> left)> gone) override;
  std::string errors() const override { return process_ ? process_->errors() : std::string(); }
  bool settles_after_cancel() const override { return http_.cancel.has_value(); }

 private:
  struct Words {
    std::string run;
    std::string prompt;
  };
  void ask_whether_ready();
  void begin_turn(const SubjectHttpCall& call, const Words& words, Handed handed);
  void hang_up(const std::string& run, Handed handed);
  void turn_ended(const std::string& run, unsigned status, const std::string& answer);
  void note_line(bool is_to_subject, std::string_view line);

  boost::asio::io_context& io_;
  const HttpSubjectFile http_;
  const std::string user_ = "caesura";
  SubjectAudience audience_;
  std::unique_ptr<SubjectProcess> process_;  ///< null: it runs already
  boost::asio::steady_timer timer_;
  std::map<std::string, std::shared_ptr<SubjectHttpExchange>> turns_;  ///< by run
  std::vector<std::shared_ptr<SubjectHttpExchange>> others_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace caesura
