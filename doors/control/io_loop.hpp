#pragma once

#include "doors/live/loop.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace caesura {

/// The loop of an io_context, which outlives it. What is still to be done when it goes is not done;
/// what an action throws comes out of the io_context's run().
class IoLoop final : public Loop {
 public:
  explicit IoLoop(boost::asio::io_context& io) : io_(io) {}
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  void post(std::function<void()> action) override;
  void at(std::chrono::steady_clock::time_point moment, std::function<void()> action) override;

 private:
  boost::asio::io_context& io_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace caesura
