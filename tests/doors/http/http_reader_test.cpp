#include "doors/http/http_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace caesura {
namespace {

constexpr HttpReaderLimits limits{.header_bytes_max = 200, .body_bytes_max = 20};

HttpProgress read_at_once(HttpReader& reader, std::string_view bytes) {
  reader.add(bytes);
  return reader.read();
}

/// How reading goes when the bytes come one by one.
HttpProgress read_byte_by_byte(HttpReader& reader, std::string_view bytes) {
  HttpProgress progress = HttpProgress::nothing;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    progress = read_at_once(reader, bytes.substr(at, 1));
    if (progress == HttpProgress::expects_continue) progress = reader.read();
    if (at + 1 < bytes.size() && progress != HttpProgress::partial &&
        progress != HttpProgress::nothing) {
      ADD_FAILURE() << "came to an end after " << at + 1 << " bytes";
      break;
    }
  }
  return progress;
}

unsigned refused_status(std::string_view bytes) {
  HttpReader reader(limits);
  return read_at_once(reader, bytes) == HttpProgress::refused ? reader.refusal().status : 0;
}

std::string chunked_post(std::string_view chunks) {
  return "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(chunks);
}

TEST(HttpRequestHeaders, AreFoundInAnyCaseAndTheFirstCounts) {
  const HttpRequest request{.headers = {{"X-Key", "one"}, {"x-key", "two"}, {"X-Keys", "three"}}};
  ASSERT_NE(request.header("x-kEY"), nullptr);
  EXPECT_EQ(*request.header("x-kEY"), "one");
  EXPECT_EQ(request.header("X-Ke"), nullptr);
}

TEST(HttpReader, KeepsWhatWasSentAsItWasSent) {
  HttpReader reader(limits);
  ASSERT_EQ(read_at_once(reader,
                         "PURGE /a//b%2f%zz/\xc3\xa9?q=a+b%20;/ HTTP/1.1\r\nhOST: x\r\nB: "
                         "1\r\nA:\t 2 \r\nb: 3\r\nContent-Length: 3\r\n\r\n{\r\n"),
            HttpProgress::complete);
  const HttpRequest request = reader.take();
  EXPECT_EQ(request.method, "PURGE");
  EXPECT_EQ(request.target, "/a//b%2f%zz/\xc3\xa9?q=a+b%20;/");
  std::string headers;
  for (const HttpHeader& header : request.headers)
    headers += header.name + "=" + header.value + ",";
  EXPECT_EQ(headers, "hOST=x,B=1,A=2,b=3,Content-Length=3,");
  EXPECT_EQ(request.body, "{\r\n");
}

TEST(HttpReader, ReadsTheSameHoweverTheBytesAreCut) {
  const std::vector<std::string> requests = {
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "\r\n\r\nPOST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello",
      "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
      chunked_post("0\r\n\r\n"),
      chunked_post("2\r\nhe\r\n3;of=\"three\"\r\nllo\r\n00\r\nA-Trailer: 1\r\n\r\n"),
  };
  for (const std::string& bytes : requests) {
    SCOPED_TRACE(bytes);
    HttpReader reader(limits);
    ASSERT_EQ(read_byte_by_byte(reader, bytes), HttpProgress::complete);
    const HttpRequest cut = reader.take();
    EXPECT_EQ(read_at_once(reader, ""), HttpProgress::nothing);
    reader.add(bytes);
    while (reader.read() != HttpProgress::complete) continue;
    const HttpRequest whole = reader.take();
    EXPECT_EQ(cut.body, whole.body);
    EXPECT_EQ(cut.headers.size(), whole.headers.size());
    EXPECT_EQ(whole.header("A-Trailer"), nullptr);
    EXPECT_TRUE(whole.body.empty() || whole.body == "hello") << whole.body;
  }
}

TEST(HttpReader, TakesOneRequestAtATime) {
  HttpReader reader(limits);
  ASSERT_EQ(read_at_once(reader, "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET"),
            HttpProgress::complete);
  EXPECT_EQ(reader.take().target, "/1");
  ASSERT_EQ(reader.read(), HttpProgress::complete);
  EXPECT_EQ(reader.take().target, "/2");
  EXPECT_EQ(reader.read(), HttpProgress::partial);
  EXPECT_EQ(reader.bytes_waiting(), 3U);
}

TEST(HttpReader, KnowsHowTheClientWantsItsAnswer) {
  const auto form_of = [](std::string_view bytes) {
    HttpReader reader(limits);
    EXPECT_EQ(read_at_once(reader, bytes), HttpProgress::complete);
    return reader.form();
  };
  EXPECT_TRUE(form_of("GET / HTTP/1.1\r\n\r\n").keep_alive);
  EXPECT_FALSE(form_of("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n").keep_alive);
  EXPECT_FALSE(form_of("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(form_of("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n").keep_alive);
  EXPECT_TRUE(form_of("GET / HTTP/1.0\r\n\r\n").is_http_1_0);
  EXPECT_TRUE(form_of("HEAD / HTTP/1.1\r\n\r\n").is_head);
}

TEST(HttpReader, TellsOnlyAClientThatWaitsToSendItsBody) {
  const std::string head = "POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
  HttpReader waiting(limits);
  EXPECT_EQ(read_at_once(waiting, head), HttpProgress::expects_continue);
  EXPECT_EQ(waiting.read(), HttpProgress::partial);
  EXPECT_EQ(read_at_once(waiting, "ab"), HttpProgress::complete);
  HttpReader hasty(limits);
  EXPECT_EQ(read_at_once(hasty, head + "a"), HttpProgress::partial);
}

TEST(HttpReader, RefusesWhatIsMalformed) {
  EXPECT_EQ(refused_status("\x16\x03\x01\x02"), 400U);  // TLS
  EXPECT_EQ(refused_status("GET  / HTTP/1.1\r\n\r\n"), 400U);
  EXPECT_EQ(refused_status("GET / HTTP/2.0\r\n\r\n"), 400U);
  EXPECT_EQ(refused_status("GET / HTTP/1.1\r\nno colon\r\n\r\n"), 400U);
  EXPECT_EQ(refused_status("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), 400U);
  EXPECT_EQ(refused_status(chunked_post("xyz\r\n")), 400U);
}

TEST(HttpReader, RefusesWhatTwoReadersCouldReadInTwoWays) {
  EXPECT_EQ(refused_status("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
            400U);
  EXPECT_EQ(
      refused_status("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
      400U);
  EXPECT_EQ(refused_status("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 501U);
  EXPECT_EQ(
      refused_status("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\n"),
      501U);
}

TEST(HttpReader, TakesWhatIsJustWithinItsLimits) {
  const std::string head = "GET / HTTP/1.1\r\nA: ";
  HttpReader reader(limits);
  EXPECT_EQ(
      read_at_once(reader,
                   head + std::string(limits.header_bytes_max - head.size() - 4, 'a') + "\r\n\r\n"),
      HttpProgress::complete);
  HttpReader of_body(limits);
  EXPECT_EQ(
      read_at_once(of_body, "POST / HTTP/1.1\r\nContent-Length: 20\r\n\r\n" + std::string(20, 'b')),
      HttpProgress::complete);
}

TEST(HttpReader, RefusesWhatIsLargerThanItsLimits) {
  const std::string head = "GET / HTTP/1.1\r\nA: ";
  EXPECT_EQ(refused_status(head + std::string(limits.header_bytes_max - head.size() - 3, 'a') +
                           "\r\n\r\n"),
            431U);
  EXPECT_EQ(refused_status("GET /" + std::string(limits.header_bytes_max, 'a')), 431U);
  EXPECT_EQ(refused_status("POST / HTTP/1.1\r\nContent-Length: 21\r\n\r\n"), 413U);
  EXPECT_EQ(refused_status("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"),
            400U);
  EXPECT_EQ(refused_status(chunked_post("a\r\n0123456789\r\nb\r\n")), 413U);
  EXPECT_EQ(refused_status(chunked_post("fffffffffffffffff\r\n")), 400U);
  EXPECT_EQ(refused_status(chunked_post("1;" + std::string(limits.header_bytes_max, 'x'))), 431U);
  EXPECT_EQ(refused_status(chunked_post("0\r\nA: " + std::string(limits.header_bytes_max, 'x'))),
            431U);
}

}  // namespace
}  // namespace caesura
