#include "doors/http/http_wire.hpp"

#include <boost/beast/http/status.hpp>

#include <charconv>
#include <cstdint>
#include <ostream>  // status.hpp needs it

namespace caesura {
namespace {

void append_number(std::string& out, std::uint64_t number, int base = 10) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number, base).ptr);
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  // Bytes that would begin another header.
  for (const char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  out += "\r\n";
}

std::string head_bytes(const HttpAnswer& answer, const AnswerForm& form) {
  std::string out = "HTTP/1.1 ";
  append_number(out, answer.status);
  const auto reason =
      boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(answer.status));
  out += ' ';
  out.append(reason.data(), reason.size());
  out += "\r\n";
  for (const HttpHeader& header : answer.headers) append_header(out, header.name, header.value);
  if (!form.keep_alive) {
    append_header(out, "Connection", "close");
  } else if (form.is_http_1_0) {
    append_header(out, "Connection", "keep-alive");
  }
  return out;
}

bool status_allows_body(unsigned status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

bool has_body(unsigned status, const AnswerForm& form) {
  return !form.is_head && status_allows_body(status);
}

std::string answer_bytes(const HttpAnswer& answer, const AnswerForm& form) {
  std::string out = head_bytes(answer, form);
  if (status_allows_body(answer.status)) {
    out += "Content-Length: ";
    append_number(out, answer.body.size());
    out += "\r\n";
  }
  out += "\r\n";
  if (has_body(answer.status, form)) out += answer.body;
  return out;
}

std::string stream_head_bytes(const HttpAnswer& head, const AnswerForm& form) {
  std::string out = head_bytes(head, form);
  if (!form.is_http_1_0 && status_allows_body(head.status))
    append_header(out, "Transfer-Encoding", "chunked");
  out += "\r\n";
  return out;
}

std::string chunk_bytes(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + 20);
  append_number(out, bytes.size(), 16);
  out += "\r\n";
  out += bytes;
  out += "\r\n";
  return out;
}

}  // namespace caesura
