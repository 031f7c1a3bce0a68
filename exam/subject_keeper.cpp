#include "exam/subject_keeper.hpp"

#include "exam/make_subject.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace caesura {

Subject& SubjectKeeper::take(const SubjectRun& first, SubjectAudience audience) {
  *audience_ = std::move(audience);
  if (subject_ == nullptr) {
    is_ready_ = false;
    has_ended_ = false;
    subject_ = make_subject(io_, file_, first, forwarding());
  } else if (is_ready_) {
    boost::asio::post(io_, [heard = audience_] {
      if (heard->ready) heard->ready();
    });
  }
  return *subject_;
}

SubjectAudience SubjectKeeper::forwarding() {
  SubjectAudience all;
  all.ready = [this, heard = audience_] {
    is_ready_ = true;
    if (heard->ready) heard->ready();
  };
  all.text = [heard = audience_](std::string_view run, std::string_view text) {
    if (heard->text) heard->text(run, text);
  };
  all.settled = [heard = audience_](std::string_view run, const SettledLine& settled) {
    if (heard->settled) heard->settled(run, settled);
  };
  all.broken = [heard = audience_](std::string_view run, std::string_view what_is_wrong) {
    if (heard->broken) heard->broken(run, what_is_wrong);
  };
  all.ended = [this, heard = audience_](bool exited_with_0, std::string_view how) {
    has_ended_ = true;
    if (heard->ended) heard->ended(exited_with_0, how);
  };
  all.line = [heard = audience_](bool is_to_subject, std::string_view line) {
    if (heard->line) heard->line(is_to_subject, line);
  };
  return all;
}

std::vector<std::string> SubjectKeeper::give_back(bool is_broken) {
  const bool goes_on = file_.reuse && !is_broken && !has_ended_;
  std::vector<std::string> left;
  if (!goes_on) left = end_subject(is_broken);
  *audience_ = {};
  return left;
}

std::vector<std::string> SubjectKeeper::end_subject(bool by_force) {
  std::vector<std::string> left;
  if (subject_ == nullptr) return left;
  bool is_gone = false;
  const auto gone = [&](std::vector<std::string> ended) {
    left = std::move(ended);
    is_gone = true;
  };
  if (by_force) {
    subject_->kill(gone);
  } else {
    subject_->end(gone);
  }
  io_.restart();
  while (!is_gone && io_.run_one() > 0) {
  }
  subject_.reset();
  return left;
}

}  // namespace caesura
