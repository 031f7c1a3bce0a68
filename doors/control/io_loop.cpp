#include "doors/control/io_loop.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <utility>

namespace caesura {

void IoLoop::post(std::function<void()> action) {
  boost::asio::post(io_, [action = std::move(action), alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) action();
  });
}

void IoLoop::at(std::chrono::steady_clock::time_point moment, std::function<void()> action) {
  const auto timer = std::make_shared<boost::asio::steady_timer>(io_, moment);
  timer->async_wait([timer, action = std::move(action),
                     alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
    if (!error && !alive.expired()) action();
  });
}

}  // namespace caesura
