// Many streams of a running `caesura world` at once, in one thread, over real sockets, some of
// which hang up in the middle. What none may see is counted; how late tokens come, how late
// hang-ups are noticed and what the server takes for it is measured. Prints one JSON object; exits
// with 1 if something was seen that must not be.
//
//   many_streams PORT SERVER_PID STREAMS HANG_UPS PER_TOKEN_MS
//
// The world serves many_streams.yaml, one request more than there are streams: its answer, not
// streamed, is what each stream is to say.
//
// Lateness is absolute. Token k of an answer is due at S + F + (k - 1) * PER_TOKEN_MS, where S is
// when the server says that its service began, and F the planned time to the first token: the
// planned duration less that of the other tokens. It is late by what passes until the client has
// read it. A hang-up is late by what passes from just before close() to when the server says that
// it noticed. The server's clock and the client's are one clock of the machine with different
// beginnings; the difference lies between bounds that each question for the server's time narrows,
// and the middle of these is taken: half their distance is the error of every figure.

#include "tests/app/client_figures.hpp"
#include "tests/app/many_connections.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace caesura::testing {
namespace {

/// Streams that are opened one right after another, and how long it is until the next ones are.
constexpr std::uint32_t opened_at_once = 20;
constexpr auto opening_gap = 20ms;
constexpr auto look_at_memory_every = 250ms;

std::string get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

std::string post(const std::string& path, const Json& json) {
  const std::string body = json.dump();
  return "POST " + path +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string chat(const std::string& run, bool stream) {
  const Json message{{"role", "user"}, {"content", "hello"}};
  Json body{{"model", "writer"}, {"messages", Json::array({message})}};
  if (stream) {
    body["stream"] = true;
    body["stream_options"] = {{"include_usage", true}};
  }
  return post("/r/" + run + "/v1/chat/completions", body);
}

/// Waits for the answer to one call.
Answer ask(Loop& loop, Connection& connection, const std::string& request, unsigned status) {
  std::optional<Answer> answer;
  connection.call(request, [&](const Answer& a) { answer = a; });
  loop.run_until([&] { return answer.has_value(); });
  if (answer->status != status)
    throw std::runtime_error("answered " + std::to_string(answer->status) + ": " + answer->body);
  return *answer;
}

std::string file_text(const std::string& name) {
  std::ifstream file(name);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Memory that is resident now.
double resident_bytes(const std::string& pid) {
  const std::string status = file_text("/proc/" + pid + "/status");
  const std::size_t at = status.find("VmRSS:");
  if (at == std::string::npos) throw std::runtime_error("the server is gone");
  return std::stod(status.substr(at + 6)) * 1024;
}

/// Seconds of processor time until now; see proc(5).
double processor_seconds(const std::string& pid) {
  const std::string stat = file_text("/proc/" + pid + "/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  const std::vector<std::string> all{std::istream_iterator<std::string>(fields), {}};
  return (std::stod(all.at(11)) + std::stod(all.at(12))) /
         static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// Seconds in which the machine's processors did anything, until now.
double busy_seconds() {
  constexpr std::size_t idle = 4;  // of the first line's numbers; then waiting for disks
  std::istringstream fields(file_text("/proc/stat").substr(4));
  double busy = 0;
  double ticks = 0;
  for (std::size_t i = 1; i <= 8 && fields >> ticks; ++i)
    busy += i == idle || i == idle + 1 ? 0 : ticks;
  return busy / static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// What a stream has said.
struct Heard {
  std::string text;
  std::vector<double> tokens;  ///< when each was read
  std::optional<std::uint64_t> usage;
  std::string finish_reason;
  bool is_done = false;
};

/// One stream. While it goes on its bytes are only kept, as every other waits meanwhile.
class Stream {
 public:
  Stream(Loop& loop, std::uint16_t port, std::uint32_t number)
      : loop_(loop), name_("stream-" + std::to_string(number)), connection_(loop, port) {}

  const std::string& name() const { return name_; }
  /// It is to hang up so long after so many tokens.
  void will_hang_up(std::uint32_t tokens, Clock::duration then) {
    hangs_up_after_ = tokens;
    then_ = then;
  }
  void start() {
    connection_.stream(
        chat(name_, true), [this](std::string_view bytes) { take(bytes); },
        [this] { is_over_ = true; });
  }

  bool has_begun() const { return !chunks_.empty(); }
  bool is_over() const { return is_over_; }
  bool hangs_up() const { return hangs_up_after_ > 0; }
  double hung_up() const { return hung_up_; }
  /// Of each piece, what had passed since all that had come was known to have come.
  const std::vector<double>& own_delays() const { return own_delays_; }
  Heard heard(Faults& faults) const;

 private:
  struct Chunk {
    std::size_t end;  ///< in all bytes
    double read;
  };

  void take(std::string_view bytes) {
    const auto now = Clock::now();
    bytes_ += bytes;
    chunks_.push_back({bytes_.size(), seconds_of(now)});
    own_delays_.push_back(milliseconds(now - loop_.woken()));
    if (chunks_.size() == hangs_up_after_) loop_.at(now + then_, [this] { hang_up(); });
  }
  void hang_up() {
    if (is_over_) return;
    hung_up_ = seconds_of(Clock::now());
    connection_.hang_up();
    is_over_ = true;
  }

  Loop& loop_;
  const std::string name_;
  Connection connection_;
  std::string bytes_;
  std::vector<Chunk> chunks_;
  std::vector<double> own_delays_;
  std::size_t hangs_up_after_ = 0;  ///< 0: it does not
  Clock::duration then_{};
  double hung_up_ = 0;
  bool is_over_ = false;
};

Heard Stream::heard(Faults& faults) const {
  constexpr std::string_view prefix = "data: ";
  Heard heard;
  auto chunk = chunks_.begin();
  for (std::size_t begin = 0; begin < bytes_.size();) {
    const std::size_t end = bytes_.find("\n\n", begin);
    if (end == std::string::npos || bytes_.compare(begin, prefix.size(), prefix) != 0) {
      faults.add(name_ + ": no frame: " + bytes_.substr(begin, 80));
      return heard;
    }
    while (chunk->end < end + 2) ++chunk;
    const std::string data = bytes_.substr(begin + prefix.size(), end - begin - prefix.size());
    begin = end + 2;
    if (heard.is_done) faults.add(name_ + ": goes on after [DONE]");
    heard.is_done = data == "[DONE]";
    if (heard.is_done) continue;
    const Json frame = Json::parse(data);
    if (heard.usage) faults.add(name_ + ": goes on after its usage");
    if (frame["choices"].empty()) {
      heard.usage = frame["usage"]["completion_tokens"].get<std::uint64_t>();
      continue;
    }
    const Json& choice = frame["choices"][0];
    if (!heard.finish_reason.empty()) faults.add(name_ + ": goes on after its finish_reason");
    if (choice["finish_reason"].is_string()) heard.finish_reason = choice["finish_reason"];
    const std::string piece = choice["delta"].value("content", "");
    // A word is a token, with a space before each but the first.
    const auto words = std::count(piece.begin(), piece.end(), ' ') +
                       (heard.text.empty() && !piece.empty() ? 1 : 0);
    heard.tokens.insert(heard.tokens.end(), static_cast<std::size_t>(words), chunk->read);
    heard.text += piece;
  }
  return heard;
}

/// What the server takes while the streams go on, and what else the machine does.
class ServerLoad {
 public:
  ServerLoad(Loop& loop, std::string pid)
      : loop_(loop), pid_(std::move(pid)), before_(resident_bytes(pid_)) {}

  void begin() {
    began_ = Clock::now();
    server_ = processor_seconds(pid_);
    own_ = processor_seconds("self");
    all_ = busy_seconds();
    look();
  }
  void end() {
    is_over_ = true;
    most_ = std::max(most_, resident_bytes(pid_));
    seconds_ = seconds_of(Clock::now()) - seconds_of(began_);
    server_ = processor_seconds(pid_) - server_;
    own_ = processor_seconds("self") - own_;
    all_ = busy_seconds() - all_;
  }
  Json json(std::uint32_t streams) const {
    return {{"seconds", seconds_},
            {"bytes_before", before_},
            {"bytes_at_most", most_},
            {"bytes_a_stream", (most_ - before_) / streams},
            {"server_cores", server_ / seconds_},
            {"client_cores", own_ / seconds_},
            {"other_cores", (all_ - server_ - own_) / seconds_}};
  }

 private:
  void look() {
    most_ = std::max(most_, resident_bytes(pid_));
    loop_.at(Clock::now() + look_at_memory_every, [this] {
      if (!is_over_) look();
    });
  }

  Loop& loop_;
  const std::string pid_;
  const double before_;
  double most_ = 0;
  Clock::time_point began_;
  double seconds_ = 0;
  double server_ = 0;
  double own_ = 0;
  double all_ = 0;
  bool is_over_ = false;
};

struct Wishes {
  std::uint16_t port = 0;
  std::string server_pid;
  std::uint32_t streams = 0;
  std::uint32_t hang_ups = 0;
  double per_token = 0;  ///< seconds
};

/// All streams, from their runs to what is known of them.
class Play {
 public:
  Play(const Wishes& wishes, Faults& faults)
      : wishes_(wishes), faults_(faults), control_(loop_, wishes.port) {}

  Json run() {
    ServerStart start = find_start(loop_, control_, get("/caesura/clock"));
    ServerLoad load(loop_, wishes_.server_pid);
    make_streams();
    load.begin();
    stream();
    load.end();
    start = find_start(loop_, control_, get("/caesura/clock"), start);
    start_ = (start.earliest + start.latest) / 2;
    error_ = (start.latest - start.earliest) / 2;
    for (const auto& stream : streams_) check(*stream);
    return {{"streams", wishes_.streams},
            {"hang_ups", wishes_.hang_ups},
            {"token_late_ms", summary(token_late_)},
            {"hang_up_late_ms", summary(hang_up_late_)},
            {"of_tokens_client_ms", summary(own_delays_)},
            {"error_ms", error_ * 1e3},
            {"load", load.json(wishes_.streams)}};
  }

 private:
  /// Those that hang up have a run whose operation is held: so they are in the middle of their
  /// answers, however slow this machine is.
  void make_streams() {
    const std::uint32_t every = wishes_.streams / std::max(wishes_.hang_ups, 1U);
    std::uint32_t hanging_up = 0;
    for (std::uint32_t i = 0; i < wishes_.streams; ++i) {
      streams_.push_back(std::make_unique<Stream>(loop_, wishes_.port, i));
      if (i % every != 0 || hanging_up == wishes_.hang_ups) continue;
      const Json run{{"id", streams_.back()->name()}, {"hold", Json::array({1})}};
      const Json made = Json::parse(ask(loop_, control_, post("/caesura/runs", run), 201).body);
      const std::uint32_t tokens = made["plan"]["operations"][0]["tokens"]["output"];
      const auto then = std::chrono::microseconds(hanging_up * 7919ULL % 50'000);
      streams_.back()->will_hang_up(tokens / 4 + hanging_up * 7U % (tokens / 2), then);
      ++hanging_up;
    }
  }

  void stream() {
    Connection whole(loop_, wishes_.port);
    whole.call(chat("whole", false), [this](const Answer& answer) {
      const Json completion = Json::parse(answer.body);
      if (answer.status != 200) throw std::runtime_error("the whole answer: " + answer.body);
      whole_ = completion["choices"][0]["message"]["content"];
    });
    open(0);
    const auto over = [](const auto& stream) { return stream->is_over(); };
    loop_.run_until([&] { return whole_ && std::all_of(streams_.begin(), streams_.end(), over); });
  }
  void open(std::size_t from) {
    const std::size_t end = std::min(streams_.size(), from + opened_at_once);
    for (std::size_t i = from; i < end; ++i) streams_[i]->start();
    if (end == streams_.size()) return;
    loop_.at(Clock::now() + opening_gap, [this, end] { open(end); });
  }

  void check(const Stream& stream) {
    const auto expect = [&](bool holds, const std::string& what) {
      if (!holds) faults_.add(stream.name() + ": " + what);
    };
    const Json run =
        Json::parse(ask(loop_, control_, get("/caesura/runs/" + stream.name()), 200).body);
    const Json& operation = run["turns"][0]["operations"][0];
    expect(operation["attempts"].size() == 1, "its attempts are not one");
    if (operation["attempts"].empty()) return;
    const Json& attempt = operation["attempts"][0];
    const Heard heard = stream.heard(faults_);
    measure(stream, heard, operation, attempt);
    expect(whole_->compare(0, heard.text.size(), heard.text) == 0,
           "it says something else than the whole answer");
    if (stream.hangs_up()) return check_signal(stream, attempt);
    const std::uint64_t tokens = operation["tokens"]["output"];
    expect(heard.text == *whole_, "its text is not the whole answer");
    expect(heard.tokens.size() == tokens, std::to_string(heard.tokens.size()) + " tokens");
    expect(heard.finish_reason == "stop", "finish_reason '" + heard.finish_reason + "'");
    expect(heard.usage == tokens, "its usage is not the plan's");
    expect(heard.is_done, "it ends without [DONE]");
    expect(attempt["signals"].empty(), "a signal of nobody");
    expect(operation["completed"] == true, "it is not completed");
  }

  void measure(const Stream& stream, const Heard& heard, const Json& operation,
               const Json& attempt) {
    const double others = operation["tokens"]["output"].get<double>() - 1;
    const double first = start_ + attempt["started_s"].get<double>() +
                         operation["duration_s"].get<double>() - others * wishes_.per_token;
    for (std::size_t k = 0; k < heard.tokens.size(); ++k) {
      const double late = heard.tokens[k] - (first + static_cast<double>(k) * wishes_.per_token);
      if (late < -error_)
        faults_.add(stream.name() + ": token " + std::to_string(k + 1) + " comes before its time");
      token_late_.push_back(late * 1e3);
    }
    own_delays_.insert(own_delays_.end(), stream.own_delays().begin(), stream.own_delays().end());
  }

  void check_signal(const Stream& stream, const Json& attempt) {
    const Json& signals = attempt["signals"];
    if (signals.size() != 1 || signals[0]["signal"] != "hang_up" || signals[0]["counts"] != true)
      return faults_.add(stream.name() + ": hung up, and the signals are " + signals.dump());
    const double late = start_ + signals[0]["at_s"].get<double>() - stream.hung_up();
    if (late < -error_) faults_.add(stream.name() + ": its hang-up is noticed before it is there");
    hang_up_late_.push_back(late * 1e3);
  }

  const Wishes wishes_;
  Faults& faults_;
  Loop loop_;
  Connection control_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::optional<std::string> whole_;  ///< what each is to say
  double start_ = 0;                  ///< of the server's clock, on the client's
  double error_ = 0;
  std::vector<double> token_late_;
  std::vector<double> hang_up_late_;
  std::vector<double> own_delays_;
};

Json run(const std::vector<std::string>& arguments, Faults& faults) {
  const auto number = [&](std::size_t i) {
    return static_cast<std::uint32_t>(std::stoul(arguments.at(i)));
  };
  Play play({.port = static_cast<std::uint16_t>(number(0)),
             .server_pid = arguments.at(1),
             .streams = number(2),
             .hang_ups = number(3),
             .per_token = std::stod(arguments.at(4)) / 1e3},
            faults);
  return play.run();
}

}  // namespace
}  // namespace caesura::testing

int main(int argc, char** argv) {
  return caesura::testing::tell("many_streams", [&](caesura::testing::Faults& faults) {
    return caesura::testing::run({argv + 1, argv + argc}, faults);
  });
}
