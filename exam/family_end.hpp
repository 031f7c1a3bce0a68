#pragma once

#include "sim/time.hpp"
#include "exam/process_family.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace caesura {

/// The end of a subject's processes: by themselves, asked to, or by force.
class FamilyEnd {
 public:
  /// `left`: what had to be ended, a line each, and what even then was there.
  using Gone = std::function<void(std::vector<std::string> left)>;

  /// Both outlive it.
  FamilyEnd(boost::asio::io_context& io, ProcessFamily& family) : timer_(io), family_(family) {}
  FamilyEnd(const FamilyEnd&) = delete;
  FamilyEnd& operator=(const FamilyEnd&) = delete;

  /// Waits until none is left: after `patience` they get SIGTERM, 2 s later SIGKILL. By force they
  /// get that at once. What is there still 3 s after that is left to itself, and said. `gone`:
  /// once, never within the call. The first call counts.
  void begin(Duration patience, Gone gone);
  void begin_by_force(Gone gone);
  bool has_begun() const { return gone_ != nullptr; }

 private:
  void look_soon(Duration after);
  void look();
  void note_and_signal(const std::vector<ListedProcess>& living, int signal);

  boost::asio::steady_timer timer_;
  ProcessFamily& family_;
  Gone gone_;
  std::vector<std::string> left_;
  std::chrono::steady_clock::time_point term_at_;
  std::chrono::steady_clock::time_point kill_at_;
  bool has_had_term_ = false;
  bool has_had_kill_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace caesura
