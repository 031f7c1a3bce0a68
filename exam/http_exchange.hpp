#pragma once

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace caesura {

/// A call of HTTP as a client makes it.
struct HttpExchangeCall {
  std::string method = "GET";
  std::string url;  ///< http://HOST[:PORT][/…]
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
};

/// One call of HTTP/1.1 as a client, on a connection of its own.
class SubjectHttpExchange : public std::enable_shared_from_this<SubjectHttpExchange> {
 public:
  /// `answer_max`: bytes of the answer's body; with more it counts as broken.
  SubjectHttpExchange(boost::asio::io_context& io, HttpExchangeCall call, std::size_t answer_max);
  ~SubjectHttpExchange();

  /// Makes the call. `sent`: its last byte has been handed to the socket. `ended`, once: the whole
  /// answer is there, or, with status 0, the connection could not be made or was broken: then the
  /// body is what had come. Neither within the call, nor after close().
  void begin(std::function<void()> sent,
             std::function<void(unsigned status, const std::string& body)> ended);
  /// Closes the connection.
  void close();

 private:
  class Impl;  ///< it keeps a client library out of sight
  std::shared_ptr<Impl> impl_;
};

}  // namespace caesura
