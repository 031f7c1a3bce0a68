#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace caesura {

/// Where a server listens.
struct ListenAddress {
  std::string address;  ///< of IPv4 or IPv6
  std::uint16_t port = 0;

  bool is_loopback() const { return address.starts_with("127.") || address == "::1"; }
  /// "http://127.0.0.1:8001", with the port that it has really.
  std::string url(std::uint16_t real_port) const;
};

/// "127.0.0.1:8001", "localhost:8001", "[::1]:8001".
std::optional<ListenAddress> parse_listen(const std::string& text);

}  // namespace caesura
