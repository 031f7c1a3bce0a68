#include "doors/http/listen_address.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <charconv>
#include <system_error>

namespace caesura {

std::string ListenAddress::url(std::uint16_t real_port) const {
  const bool is_ipv6 = address.find(':') != std::string::npos;
  return fmt::format("http://{}:{}", is_ipv6 ? "[" + address + "]" : address, real_port);
}

std::optional<ListenAddress> parse_listen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  ListenAddress listen{.address = text.substr(0, colon)};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, listen.port);
  if (error != std::errc() || stop != end) return std::nullopt;
  if (listen.address == "localhost") listen.address = "127.0.0.1";
  const bool in_brackets = listen.address.front() == '[' && listen.address.back() == ']';
  if (in_brackets) listen.address = listen.address.substr(1, listen.address.size() - 2);
  if (!in_brackets && listen.address.find(':') != std::string::npos) return std::nullopt;
  boost::system::error_code is_none;
  boost::asio::ip::make_address(listen.address, is_none);
  return is_none ? std::nullopt : std::optional(listen);
}

}  // namespace caesura
