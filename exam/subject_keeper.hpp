#pragma once

#include "scenarios/format/subject_file.hpp"
#include "exam/subject.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <vector>

namespace caesura {

/// Has a subject for each play: a fresh process, or, as its file says, the same one again.
class SubjectKeeper {
 public:
  /// Both outlive it.
  SubjectKeeper(boost::asio::io_context& io, const SubjectFile& file) : io_(io), file_(file) {}
  SubjectKeeper(const SubjectKeeper&) = delete;
  SubjectKeeper& operator=(const SubjectKeeper&) = delete;

  /// One that is heard by `audience` from now on; where it is ready already `audience.ready` is
  /// called soon. Throws what its start throws.
  Subject& take(const SubjectRun& first, SubjectAudience audience);
  /// It is not heard any more. It goes on, if it may be used again; else it is ended, which is
  /// waited for. `is_broken`: it hangs, has crashed, or is otherwise not to be used again; it is
  /// ended by force. Returns what had to be ended so, a line each.
  std::vector<std::string> give_back(bool is_broken);
  /// Ends one that is still there.
  void end() { end_subject(false); }

 private:
  SubjectAudience forwarding();
  std::vector<std::string> end_subject(bool by_force);

  boost::asio::io_context& io_;
  const SubjectFile& file_;
  std::unique_ptr<Subject> subject_;
  std::shared_ptr<SubjectAudience> audience_ = std::make_shared<SubjectAudience>();
  bool is_ready_ = false;
  bool has_ended_ = false;
};

}  // namespace caesura
