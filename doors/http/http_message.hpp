#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace caesura {

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method = {};  ///< as sent
  std::string target = {};  ///< path and query as sent, percent-encoding untouched
  /// In the order sent; those that follow a chunked body are left out.
  std::vector<HttpHeader> headers = {};
  std::string body = {};  ///< whole, without its chunks' frames
  bool from_loopback = false;
  std::string peer = {};  ///< the client's address: "127.0.0.1"

  /// The value of the first of this name, in any case of letters; null if there is none.
  const std::string* header(std::string_view name) const;
};

struct HttpAnswer {
  unsigned status = 200;
  /// Without Content-Length, Transfer-Encoding and Connection: those are the server's to add. A
  /// line break in a value becomes a space.
  std::vector<HttpHeader> headers = {};
  std::string body = {};
};

/// Whether both are the same but for the case of ASCII letters.
bool equal_in_any_case(std::string_view a, std::string_view b);

}  // namespace caesura
