#include "doors/http/http_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <cstdint>
#include <utility>

namespace caesura {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

std::string text(string_view view) { return {view.data(), view.size()}; }

}  // namespace

/// Puts a request together.
struct HttpReader::Parser final : http::basic_parser<true> {
  explicit Parser(const HttpReaderLimits& limits) {
    header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
    body_limit(limits.body_bytes_max);
  }

  void on_request_impl(http::verb, string_view method, string_view target, int version,
                       error_code&) override {
    request.method = text(method);
    request.target = text(target);
    is_http_1_0 = version == 10;
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
    if (!is_header_done()) request.headers.push_back({text(name), text(value)});
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view bytes, error_code&) override { return add_to_body(bytes); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) override {
    return add_to_body(bytes);
  }
  void on_finish_impl(error_code&) override {}

  std::size_t add_to_body(string_view bytes) {
    request.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  HttpRequest request;
  std::size_t head_bytes = 0;  ///< taken of request line and headers
  bool is_http_1_0 = false;
};

HttpReader::HttpReader(HttpReaderLimits limits) : limits_(limits) {}
HttpReader::~HttpReader() = default;

void HttpReader::add(std::string_view bytes) {
  input_.erase(0, std::exchange(taken_, 0));
  input_ += bytes;
}

std::size_t HttpReader::bytes_held() const {
  return bytes_waiting() + (parser_ ? parser_->request.body.size() : 0);
}

std::string_view HttpReader::target() const {
  return parser_ ? std::string_view(parser_->request.target) : std::string_view();
}

HttpProgress HttpReader::read() {
  if (!parser_) {
    if (skip_empty_lines()) return HttpProgress::nothing;
    parser_ = std::make_unique<Parser>(limits_);
    form_ = {};
  }
  while (!parser_->is_done()) {
    const bool had_header = parser_->is_header_done();
    // Beast 1.74 asserts that it sees the whole of the last chunk, which no body in chunks comes to
    // its end without.
    const std::size_t least = had_header && parser_->chunked() ? last_chunk.size() : 1;
    if (bytes_waiting() < least) return HttpProgress::partial;
    error_code error;
    const std::size_t count =
        parser_->put(boost::asio::const_buffer(input_.data() + taken_, bytes_waiting()), error);
    taken_ += count;
    if (!had_header) parser_->head_bytes += count;
    // Beast sets the limit to the request line and to the headers, each by itself.
    if (error == http::error::header_limit || parser_->head_bytes > limits_.header_bytes_max) {
      return refuse(431, "request line and headers are larger than " +
                             std::to_string(limits_.header_bytes_max) + " bytes");
    }
    if (error == http::error::need_more) {
      if (bytes_waiting() > limits_.header_bytes_max)
        return refuse(431, "a chunk's extensions, or the trailers, are too large");
      return HttpProgress::partial;
    }
    if (error == http::error::body_limit) {
      return refuse(413,
                    "the body is larger than " + std::to_string(limits_.body_bytes_max) + " bytes");
    }
    if (error) return refuse(400, "this is not a HTTP/1.1 request: " + error.message());
    if (!had_header && parser_->is_header_done()) {
      if (const HttpProgress progress = check_headers(); progress != HttpProgress::partial)
        return progress;
    }
  }
  form_.keep_alive = parser_->keep_alive();
  return HttpProgress::complete;
}

HttpRequest HttpReader::take() {
  HttpRequest request = std::move(parser_->request);
  parser_.reset();
  if (bytes_waiting() == 0) {
    input_ = {};
    taken_ = 0;
  }
  return request;
}

/// Some clients end a body with a line break more than they should. Returns whether nothing else is
/// there.
bool HttpReader::skip_empty_lines() {
  while (bytes_waiting() > 0 && (input_[taken_] == '\r' || input_[taken_] == '\n')) ++taken_;
  if (bytes_waiting() > 0) return false;
  input_ = {};
  taken_ = 0;
  return true;
}

HttpProgress HttpReader::check_headers() {
  const HttpRequest& request = parser_->request;
  form_.is_head = request.method == "HEAD";
  form_.is_http_1_0 = parser_->is_http_1_0;
  // A body in another encoding would be taken for the next request.
  const std::string* encoding = request.header("Transfer-Encoding");
  if (encoding != nullptr && !equal_in_any_case(*encoding, "chunked")) {
    return refuse(501, "Transfer-Encoding is understood as \"chunked\" only");
  }
  const std::string* expects = request.header("Expect");
  const bool waits =
      expects != nullptr && equal_in_any_case(*expects, "100-continue") && !form_.is_http_1_0;
  return waits && !parser_->is_done() && bytes_waiting() == 0 ? HttpProgress::expects_continue
                                                              : HttpProgress::partial;
}

HttpProgress HttpReader::refuse(unsigned status, std::string message) {
  refusal_ = {status, std::move(message)};
  return HttpProgress::refused;
}

}  // namespace caesura
