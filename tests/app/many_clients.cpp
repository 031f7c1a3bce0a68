// Many clients at once against a running `caesura serve`, in one thread, over real sockets: what
// none of them may see is counted, and how long cancels take is measured. Prints one JSON object;
// exits with 1 if something was seen that must not be.
//
//   many_clients PORT streams STREAMS CHUNKS UNKNOWN_PER_SECOND   streams, every second of which is
//   cancelled halfway, beside cancels of ids
//                                                                 that nobody knows
//   many_clients PORT races RACES                                 cancels that cross the end of
//   their requests
//   many_clients PORT lists REQUESTS SECONDS                      cancels of ended requests, beside
//   four clients that ask for the list of all of these in a loop
//   many_clients PORT idle CONNECTIONS                            connections that say nothing,
//   beside one that asks for the health

#include "tests/app/client_figures.hpp"
#include "tests/app/many_connections.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace caesura::testing {
namespace {

std::string post_chat(const std::string& id, bool stream) {
  const std::string body =
      Json{{"message", "hello"}, {"request_id", id}, {"stream", stream}}.dump();
  return "POST /v1/chat HTTP/1.1\r\nHost: test\r\nX-Muxi-User-ID: 0\r\nContent-Type: "
         "application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}
std::string request(const std::string& method, const std::string& path) {
  return method + " " + path + " HTTP/1.1\r\nHost: test\r\nX-Muxi-User-ID: 0\r\n\r\n";
}
std::string delete_request(const std::string& id) {
  return request("DELETE", "/v1/requests/" + id);
}

/// One chat's stream: content frames in order, and none after its cancel was answered.
class Stream {
 public:
  Stream(Loop& loop, std::uint16_t port, std::string id, Faults& faults)
      : id_(std::move(id)), faults_(faults), connection_(loop, port), canceller_(loop, port) {}

  void start(std::uint32_t cancel_after_chunks, std::vector<double>& latencies) {
    cancel_after_ = cancel_after_chunks;
    latencies_ = &latencies;
    connection_.stream(
        post_chat(id_, true), [this](std::string_view bytes) { take(bytes); },
        [this] {
          if (!is_told_) faults_.add(id_ + ": ends without a terminal event");
          is_over_ = true;
        });
  }
  bool has_begun() const { return chunks_ > 0; }
  bool is_over() const { return is_over_ && !is_cancel_open_; }
  std::uint32_t chunks() const { return chunks_; }

 private:
  void take(std::string_view bytes) {
    frames_ += bytes;
    for (std::size_t end = frames_.find("\n\n"); end != std::string::npos;
         end = frames_.find("\n\n")) {
      const std::string frame = frames_.substr(0, end);
      frames_.erase(0, end + 2);
      if (frame.rfind("data: {\"token\"", 0) == 0) token(Json::parse(frame.substr(6))["token"]);
    }
  }
  void token(const Json& token) {
    const std::string type = token["type"];
    if (type == "content") {
      if (is_cancel_accepted_) faults_.add(id_ + ": a chunk after its cancel was answered");
      text_ += token["content"].get<std::string>();
      if (++chunks_ == cancel_after_) cancel();
    } else if (type == "completed") {
      is_told_ = true;
      if (token["content"] != text_) faults_.add(id_ + ": its chunks are not its text");
      if (is_cancel_accepted_) faults_.add(id_ + ": completed, though its cancel was accepted");
    } else if (type == "cancelled") {
      is_told_ = true;
      if (!is_cancel_accepted_ && !is_cancel_open_) faults_.add(id_ + ": cancelled by nobody");
    } else if (type == "failed") {
      faults_.add(id_ + ": failed");
    }
  }
  void cancel() {
    is_cancel_open_ = true;
    const auto sent = Clock::now();
    canceller_.call(delete_request(id_), [this, sent](const Answer& answer) {
      latencies_->push_back(milliseconds(Clock::now() - sent));
      const bool is_late = answer.status == 400;  // on a slow machine
      if (answer.status != 200 && !is_late)
        faults_.add(id_ + ": its cancel is answered " + std::to_string(answer.status));
      connection_.read();  // what was sent before the answer
      is_cancel_open_ = false;
      is_cancel_accepted_ = !is_late;
    });
  }

  const std::string id_;
  Faults& faults_;
  Connection connection_;
  Connection canceller_;
  std::string frames_;
  std::string text_;
  std::uint32_t chunks_ = 0;
  std::uint32_t cancel_after_ = 0;
  bool is_told_ = false;
  bool is_over_ = false;
  bool is_cancel_open_ = false;
  bool is_cancel_accepted_ = false;
  std::vector<double>* latencies_ = nullptr;
};

/// Cancels at a steady rate (open load), each from the connection that is free for longest, all of
/// which are to be answered with the same status.
class SteadyCancels {
 public:
  using Ids = std::function<std::string(std::uint64_t count)>;

  SteadyCancels(Loop& loop, std::uint16_t port, std::uint32_t per_second, unsigned status, Ids ids,
                Faults& faults)
      : loop_(loop),
        status_(status),
        ids_(std::move(ids)),
        gap_(per_second == 0 ? 0ns : std::chrono::nanoseconds(1s) / per_second),
        faults_(faults) {
    if (per_second == 0) return;
    for (int i = 0; i < 64; ++i) connections_.push_back(std::make_unique<Connection>(loop, port));
    for (auto& connection : connections_) free_.push_back(connection.get());
    next_ = Clock::now();
    schedule();
  }
  void stop() { stopped_ = true; }
  bool is_over() const { return free_.size() == connections_.size(); }
  const std::vector<double>& latencies() const { return latencies_; }

 private:
  /// Where all connections are busy, the next waits, and its time counts from when it was due.
  void schedule() {
    loop_.at(free_.empty() ? Clock::now() + 200us : next_, [this] {
      for (; !stopped_ && next_ <= Clock::now() && !free_.empty(); next_ += gap_) send(next_);
      if (!stopped_) schedule();
    });
  }
  void send(Clock::time_point due) {
    Connection* connection = free_.front();
    free_.pop_front();
    connection->call(delete_request(ids_(count_++)), [this, connection, due](const Answer& answer) {
      latencies_.push_back(milliseconds(Clock::now() - due));
      if (answer.status != status_)
        faults_.add("a cancel is answered " + std::to_string(answer.status) + ", not " +
                    std::to_string(status_));
      free_.push_back(connection);
    });
  }

  Loop& loop_;
  const unsigned status_;
  const Ids ids_;
  const std::chrono::nanoseconds gap_;
  Faults& faults_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::deque<Connection*> free_;
  Clock::time_point next_;
  bool stopped_ = false;
  std::uint64_t count_ = 0;
  std::vector<double> latencies_;
};

Json run_streams(std::uint16_t port, std::uint32_t streams, std::uint32_t chunks,
                 std::uint32_t unknown_per_second, Faults& faults) {
  Loop loop;
  std::vector<std::unique_ptr<Stream>> all;
  std::vector<double> latencies;
  for (std::uint32_t i = 0; i < streams; ++i) {
    all.push_back(std::make_unique<Stream>(loop, port, "stream-" + std::to_string(i), faults));
    all.back()->start(i % 2 == 0 ? 0 : chunks / 2 + i % 7, latencies);
  }
  loop.run_until([&] {
    return std::all_of(all.begin(), all.end(), [](const auto& s) { return s->has_begun(); });
  });
  const auto begin = Clock::now();
  SteadyCancels unknown(
      loop, port, unknown_per_second, 404,
      [](std::uint64_t count) { return "nobody-" + std::to_string(count); }, faults);
  const auto over = [](const auto& s) { return s->is_over(); };
  loop.run_until([&] {
    if (std::all_of(all.begin(), all.end(), over)) unknown.stop();
    return std::all_of(all.begin(), all.end(), over) && unknown.is_over();
  });
  const double took = std::chrono::duration<double>(Clock::now() - begin).count();
  std::uint64_t received = 0;
  for (std::uint32_t i = 0; i < streams; ++i) {
    received += all[i]->chunks();
    if (i % 2 == 0 && all[i]->chunks() != chunks)
      faults.add("stream-" + std::to_string(i) + ": " + std::to_string(all[i]->chunks()) +
                 " chunks");
  }
  return {{"streams", streams},
          {"chunks", received},
          {"seconds", took},
          {"unknown_cancels_per_second", static_cast<double>(unknown.latencies().size()) / took},
          {"delete_ms", summary(latencies)},
          {"unknown_delete_ms", summary(unknown.latencies())}};
}

/// One request and a cancel that crosses its end.
class Race {
 public:
  Race(Loop& loop, std::uint16_t port, const ServerStart& start, Faults& faults)
      : loop_(loop), start_(start), faults_(faults), chat_(loop, port), other_(loop, port) {}

  void run(std::string id, Clock::duration cancel_after, std::function<void()> on_end) {
    id_ = std::move(id);
    on_end_ = std::move(on_end);
    left_ = 2;
    const auto due = Clock::now() + cancel_after;
    chat_.call(post_chat(id_, false), [this](const Answer& answer) {
      chat_answer_ = answer;
      check_when_both_are_there();
    });
    loop_.at(due, [this] {
      sent_ = seconds_of(Clock::now());
      other_.call(delete_request(id_), [this](const Answer& answer) {
        received_ = seconds_of(Clock::now());
        delete_answer_ = answer;
        check_when_both_are_there();
      });
    });
  }

 private:
  void check_when_both_are_there() {
    if (--left_ > 0) return;
    other_.call(request("GET", "/v1/requests/" + id_), [this](const Answer& answer) {
      check(Json::parse(answer.body)["data"]["status"]);
      on_end_();
    });
  }
  void check(const std::string& status) {
    const auto expect = [&](bool holds, const std::string& what) {
      if (!holds)
        faults_.add(id_ + ": " + what + "; status " + status + ", DELETE " +
                    std::to_string(delete_answer_.status));
    };
    const Json chat = Json::parse(chat_answer_.body);
    expect(chat_answer_.status == 200,
           "the chat is answered " + std::to_string(chat_answer_.status));
    expect(chat["data"]["status"] == status, "the chat's answer and the status differ");
    expect(delete_answer_.status == 200 || delete_answer_.status == 400,
           "the cancel is neither accepted nor too late");
    expect((delete_answer_.status == 200) == (status == "cancelled"),
           "the cancel's answer and the status differ");
    expect(chat["data"]["content"].get<std::string>().empty() == (status == "cancelled"),
           "content of a cancelled request, or none");
    if (delete_answer_.status != 200) return;
    const std::string moment = delete_answer_.header("X-Caesura-Cancel-Received");
    expect(!moment.empty(), "no moment of the cancel");
    if (moment.empty()) return;
    const double at = std::stod(moment);
    expect(at + start_.latest >= sent_, "the server had the cancel before it was sent");
    expect(at + start_.earliest <= received_, "the server answered before it had the cancel");
  }

  Loop& loop_;
  const ServerStart& start_;
  Faults& faults_;
  Connection chat_;
  Connection other_;
  std::string id_;
  std::function<void()> on_end_;
  int left_ = 0;
  double sent_ = 0;
  double received_ = 0;
  Answer chat_answer_;
  Answer delete_answer_;
};

Json run_races(std::uint16_t port, std::uint32_t races, Faults& faults) {
  Loop loop;
  Connection control(loop, port);
  const ServerStart start = find_start(loop, control, request("GET", "/v1/caesura/clock"));
  std::vector<std::unique_ptr<Race>> lanes;
  std::uint32_t begun = 0;
  std::uint32_t done = 0;
  std::function<void(Race&)> next = [&](Race& race) {
    if (begun == races) return;
    const std::uint32_t n = begun++;
    const auto cancel_after =
        std::chrono::microseconds(200 + n * 7919ULL % 8000);  // spread over what a request takes
    race.run("race-" + std::to_string(n), cancel_after, [&] {
      ++done;
      next(race);
    });
  };
  for (int i = 0; i < 20; ++i) {
    lanes.push_back(std::make_unique<Race>(loop, port, start, faults));
    next(*lanes.back());
  }
  loop.run_until([&] { return done == races; });
  Json results;
  bool answered = false;
  control.call(request("GET", "/v1/caesura/results"), [&](const Answer& answer) {
    results = Json::parse(answer.body);
    answered = true;
  });
  loop.run_until([&] { return answered; });
  const Json& policy = results["policies"][0];
  const Json& tokens = policy["tokens"];
  if (policy["requests"]["total"] != races)
    faults.add("the results have " + policy["requests"]["total"].dump() + " requests");
  const std::int64_t parts = tokens["used"].get<std::int64_t>() +
                             tokens["saved"].get<std::int64_t>() +
                             tokens["forgone"].get<std::int64_t>();
  if (tokens["planned"] != parts) faults.add("the ledger does not add up");
  return {{"races", races},
          {"cancelled", policy["requests"]["cancelled"]},
          {"too_late", policy["cancels"]["too_late"]},
          {"clocks_agree_within_us", (start.latest - start.earliest) * 1e6}};
}

/// So many requests that have ended: ended-0 and so on.
void end_requests(Loop& loop, std::uint16_t port, std::uint32_t requests, Faults& faults) {
  std::vector<std::unique_ptr<Connection>> lanes;
  std::uint32_t begun = 0;
  std::uint32_t done = 0;
  std::function<void(Connection&)> next = [&](Connection& lane) {
    if (begun == requests) return;
    lane.call(post_chat("ended-" + std::to_string(begun++), false), [&](const Answer& answer) {
      if (answer.status != 200) faults.add("a chat is answered " + std::to_string(answer.status));
      ++done;
      next(lane);
    });
  };
  for (int i = 0; i < 20; ++i) {
    lanes.push_back(std::make_unique<Connection>(loop, port));
    next(*lanes.back());
  }
  loop.run_until([&] { return done == requests; });
}

Json run_lists(std::uint16_t port, std::uint32_t requests, std::uint32_t seconds, Faults& faults) {
  constexpr std::uint32_t cancels_per_second = 100;
  Loop loop;
  end_requests(loop, port, requests, faults);
  bool is_over = false;
  std::vector<std::unique_ptr<Connection>> askers;
  std::vector<double> list_latencies;
  std::uint32_t open = 0;
  std::function<void(Connection&)> ask = [&](Connection& asker) {
    ++open;
    asker.call(request("GET", "/v1/requests"), [&, sent = Clock::now()](const Answer& answer) {
      list_latencies.push_back(milliseconds(Clock::now() - sent));
      if (answer.status != 200) faults.add("a list is answered " + std::to_string(answer.status));
      const std::string count = "\"count\":" + std::to_string(requests) + "}";
      if (answer.body.find(count) == std::string::npos) faults.add("a list without " + count);
      --open;
      if (!is_over) ask(asker);
    });
  };
  for (int i = 0; i < 4; ++i) {
    askers.push_back(std::make_unique<Connection>(loop, port));
    ask(*askers.back());
  }
  SteadyCancels cancels(
      loop, port, cancels_per_second, 400,
      [requests](std::uint64_t count) { return "ended-" + std::to_string(count % requests); },
      faults);
  loop.at(Clock::now() + std::chrono::seconds(seconds), [&] {
    is_over = true;
    cancels.stop();
  });
  loop.run_until([&] { return is_over && open == 0 && cancels.is_over(); });
  return {{"ended_requests", requests},
          {"list_ms", summary(list_latencies)},
          {"delete_ms", summary(cancels.latencies())}};
}

Json run_idle(std::uint16_t port, std::uint32_t connections, Faults& faults) {
  Loop loop;
  std::vector<std::unique_ptr<Connection>> idle;
  for (std::uint32_t i = 0; i < connections; ++i)
    idle.push_back(std::make_unique<Connection>(loop, port));
  Connection asking(loop, port);
  unsigned status = 0;
  asking.call(request("GET", "/health"), [&](const Answer& answer) { status = answer.status; });
  loop.run_until([&] { return status != 0; });
  if (status != 200) faults.add("the health is answered " + std::to_string(status));
  std::cout
      << Json{{"idle", connections}}.dump()
      << std::endl;  // whoever measures the server's memory does it now, and then ends our input
  std::string line;
  std::getline(std::cin, line);
  return {{"connections", connections}};
}

Json run(const std::vector<std::string>& arguments, Faults& faults) {
  const auto number = [&](std::size_t i) {
    return static_cast<std::uint32_t>(std::stoul(arguments.at(i)));
  };
  const auto port = static_cast<std::uint16_t>(number(0));
  const std::string& what = arguments.at(1);
  if (what == "streams") return run_streams(port, number(2), number(3), number(4), faults);
  if (what == "races") return run_races(port, number(2), faults);
  if (what == "lists") return run_lists(port, number(2), number(3), faults);
  if (what == "idle") return run_idle(port, number(2), faults);
  throw std::invalid_argument("streams, races, lists or idle?");
}

}  // namespace
}  // namespace caesura::testing

int main(int argc, char** argv) {
  return caesura::testing::tell("many_clients", [&](caesura::testing::Faults& faults) {
    return caesura::testing::run({argv + 1, argv + argc}, faults);
  });
}
