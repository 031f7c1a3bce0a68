#pragma once

#include "doors/http/http_message.hpp"
#include "doors/http/http_wire.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace caesura {

struct HttpReaderLimits {
  std::size_t header_bytes_max;  ///< request line and headers; also the frame of one chunk, and
                                 ///< what follows the last one
  std::size_t body_bytes_max;
};

enum class HttpProgress {
  nothing,           ///< no byte of a next request is there
  partial,           ///< the request goes on
  expects_continue,  ///< its body is sent when told so: said once, then it goes on
  complete,
  refused  ///< and whatever follows is unreadable
};

struct HttpRefusal {
  unsigned status = 0;
  std::string message;  ///< one line for the client
};

/// HTTP/1.0 and HTTP/1.1 requests out of a connection's bytes, however these are cut. Holds memory
/// only for what has come.
class HttpReader {
 public:
  explicit HttpReader(HttpReaderLimits limits);
  HttpReader(const HttpReader&) = delete;
  HttpReader& operator=(const HttpReader&) = delete;
  ~HttpReader();

  void add(std::string_view bytes);
  /// Bytes that came and have not been read.
  std::size_t bytes_waiting() const { return input_.size() - taken_; }

  /// These, and what of a body has been read that is still to be taken.
  std::size_t bytes_held() const;

  /// Reads as far as the bytes go, one request at most: after `complete` it must be taken first.
  HttpProgress read();
  /// Without its peer. After `complete`, once.
  HttpRequest take();
  /// How the request that was read last, maybe in part, is to be answered.
  const AnswerForm& form() const { return form_; }
  /// Of the request that is being read, maybe in part; empty: it has not come.
  std::string_view target() const;
  /// After `refused`.
  const HttpRefusal& refusal() const { return refusal_; }

 private:
  struct Parser;

  bool skip_empty_lines();
  HttpProgress check_headers();
  HttpProgress refuse(unsigned status, std::string message);

  HttpReaderLimits limits_;
  std::unique_ptr<Parser> parser_;  ///< while a request is being read
  std::string input_;
  std::size_t taken_ = 0;  ///< of the input
  AnswerForm form_;
  HttpRefusal refusal_;
};

}  // namespace caesura
