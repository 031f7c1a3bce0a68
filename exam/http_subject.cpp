#include "exam/http_subject.hpp"

#include "exam/http_answer.hpp"
#include "exam/http_exchange.hpp"
#include "exam/subject_environment.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

constexpr Duration ask_every = 50ms;

using Filled = std::vector<std::pair<std::string_view, std::string_view>>;

std::string filled(std::string text, const Filled& words) {
  for (const auto& [name, value] : words) {
    for (std::size_t at = text.find(name); at != std::string::npos;
         at = text.find(name, at + value.size()))
      text.replace(at, name.size(), value);
  }
  return text;
}

/// A text as it stands in a URL's path or query.
std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') ||
                          std::string_view("-._~").find(c) != std::string_view::npos;
    encoded += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

void fill(Json& json, const Filled& words) {
  if (json.is_string()) json = filled(json.get<std::string>(), words);
  if (json.is_structured()) {
    for (Json& value : json) fill(value, words);
  }
}

HttpExchangeCall call_of(const SubjectHttpCall& call, const std::string& run,
                         const std::string& prompt, const std::string& user) {
  const Filled words{{"{run}", run}, {"{prompt}", prompt}, {"{user}", user}};
  const std::string run_in_url = percent_encoded(run);
  const std::string prompt_in_url = percent_encoded(prompt);
  const std::string user_in_url = percent_encoded(user);
  HttpExchangeCall filled_call{
      .method = call.method,
      .url = filled(call.url,
                    {{"{run}", run_in_url}, {"{prompt}", prompt_in_url}, {"{user}", user_in_url}})};
  for (const auto& [name, value] : call.headers)
    filled_call.headers.emplace_back(name, filled(value, words));
  if (call.json) {
    Json body = Json::parse(*call.json);
    fill(body, words);
    filled_call.headers.emplace_back("Content-Type", "application/json");
    filled_call.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  if (call.is_stream) filled_call.headers.emplace_back("Accept", "text/event-stream");
  return filled_call;
}

}  // namespace

HttpSubjectFile http_of_muxi(const MuxiSubjectFile& muxi) {
  std::string url = muxi.url;
  while (url.ends_with('/')) url.pop_back();
  const std::vector<std::pair<std::string, std::string>> headers{
      {"X-Muxi-Client-Key", muxi.key}, {"X-Muxi-User-Id", "{user}"}, {"X-Request-ID", "{run}"}};
  HttpSubjectFile http;
  http.ready = muxi.ready;
  http.start = {.method = "POST",
                .url = url + "/v1/chat",
                .headers = headers,
                .json = R"({"message":"{prompt}","stream":true,"request_id":"{run}"})",
                .is_stream = true};
  http.prompt = http.start;
  http.cancel =
      SubjectHttpCall{.method = "DELETE", .url = url + "/v1/requests/{run}", .headers = headers};
  http.outcome_at = "/token/type";  // of the last event but those that close the stream
  http.cancelled = {"cancelled"};
  http.failed = {"failed"};
  return http;
}

HttpSubject::HttpSubject(boost::asio::io_context& io, const SubjectFile& file, HttpSubjectFile http,
                         const SubjectRun& first, SubjectAudience audience)
    : io_(io), http_(std::move(http)), audience_(std::move(audience)), timer_(io) {
  if (!file.command.empty()) {
    process_ = std::make_unique<SubjectProcess>(
        io, process_options(file, first),
        SubjectProcess::Audience{
            .line = [this](std::string_view line) { note_line(false, line); },
            .ended = [this](bool exited_with_0,
                            std::string_view how) { audience_.ended(exited_with_0, how); }});
  }
  boost::asio::post(io_, [this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    if (http_.ready) {
      ask_whether_ready();
    } else {
      audience_.ready();
    }
  });
}

HttpSubject::~HttpSubject() {
  for (const auto& [run, exchange] : turns_) exchange->close();
  for (const auto& exchange : others_) exchange->close();
}

void HttpSubject::ask_whether_ready() {
  const auto exchange = std::make_shared<SubjectHttpExchange>(
      io_, HttpExchangeCall{.method = "GET", .url = *http_.ready}, answer_max);
  others_.assign(1, exchange);
  exchange->begin({},
                  [this, alive = std::weak_ptr<bool>(alive_)](unsigned status, const std::string&) {
                    if (alive.expired()) return;
                    if (status == 200) return audience_.ready();
                    timer_.expires_after(ask_every);
                    timer_.async_wait([this, alive](const boost::system::error_code& error) {
                      if (!error && !alive.expired()) ask_whether_ready();
                    });
                  });
}

void HttpSubject::note_line(bool is_to_subject, std::string_view line) {
  if (audience_.line) audience_.line(is_to_subject, line);
}

void HttpSubject::start(const SubjectRun& run, Handed handed) {
  begin_turn(http_.start, {run.run, run.prompt}, std::move(handed));
}

void HttpSubject::prompt(const std::string& run, const std::string& prompt, Handed handed) {
  begin_turn(http_.prompt, {run, prompt}, std::move(handed));
}

void HttpSubject::begin_turn(const SubjectHttpCall& call, const Words& words, Handed handed) {
  const HttpExchangeCall asked = call_of(call, words.run, words.prompt, user_);
  const std::string noted = fmt::format("{} {} {}", asked.method, asked.url, asked.body);
  const auto exchange = std::make_shared<SubjectHttpExchange>(io_, asked, answer_max);
  if (const auto before = turns_.find(words.run); before != turns_.end()) before->second->close();
  turns_[words.run] = exchange;
  exchange->begin(
      [this, noted, handed = std::move(handed), alive = std::weak_ptr<bool>(alive_)] {
        if (alive.expired()) return;
        note_line(true, noted);
        if (handed) handed();
      },
      [this, run = words.run, alive = std::weak_ptr<bool>(alive_)](unsigned status,
                                                                   const std::string& answer) {
        if (!alive.expired()) turn_ended(run, status, answer);
      });
}

void HttpSubject::turn_ended(const std::string& run, unsigned status, const std::string& answer) {
  turns_.erase(run);
  note_line(false, fmt::format("{} {}", status, answer));
  SettledLine settled{.outcome = outcome_of_answer(http_, status, answer)};
  if (status == 0) settled.error = "the connection was broken before the answer's end";
  audience_.settled(run, settled);
}

void HttpSubject::cancel(const std::string& run, Handed handed) {
  if (!http_.cancel) return hang_up(run, std::move(handed));
  const HttpExchangeCall asked = call_of(*http_.cancel, run, "", user_);
  const std::string noted = fmt::format("{} {} {}", asked.method, asked.url, asked.body);
  const auto exchange = std::make_shared<SubjectHttpExchange>(io_, asked, answer_max);
  others_.push_back(exchange);
  exchange->begin(
      [this, noted, handed = std::move(handed), alive = std::weak_ptr<bool>(alive_)] {
        if (alive.expired()) return;
        note_line(true, noted);
        if (handed) handed();
      },
      [this, alive = std::weak_ptr<bool>(alive_)](unsigned status, const std::string& answer) {
        if (!alive.expired()) note_line(false, fmt::format("{} {}", status, answer));
      });
}

void HttpSubject::leave(const std::string& run, Handed handed) { hang_up(run, std::move(handed)); }

void HttpSubject::hang_up(const std::string& run, Handed handed) {
  const auto turn = turns_.find(run);
  if (turn != turns_.end()) {
    turn->second->close();
    turns_.erase(turn);
  }
  note_line(true, "(hang-up)");
  if (handed) boost::asio::post(io_, handed);
}

void HttpSubject::end(std::function<void(std::vector<std::string> left)> gone) {
  if (process_) return process_->end(std::move(gone));
  boost::asio::post(io_, [gone = std::move(gone)] { gone({}); });
}

void HttpSubject::kill(std::function<void(std::vector<std::string> left)> gone) {
  for (const auto& [run, exchange] : turns_) exchange->close();
  turns_.clear();
  if (process_) return process_->kill(std::move(gone));
  boost::asio::post(io_, [gone = std::move(gone)] { gone({}); });
}

}  // namespace caesura
