#include "doors/world/world_calls.hpp"

#include "scenarios/format/format_value.hpp"
#include "scenarios/format/loader_world.hpp"
#include "doors/control/call_error.hpp"
#include "doors/control/call_wishes.hpp"
#include "doors/control/percent.hpp"
#include "doors/control/plain_json.hpp"
#include "doors/world/json_body.hpp"
#include "doors/world/refusal.hpp"
#include "doors/world/shortened.hpp"
#include "doors/world/world_views.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

constexpr auto keepalive_interval = 15s;
constexpr std::size_t body_bytes_max = std::size_t{1024} * 1024;
constexpr std::size_t list_max = 1000;    ///< runs in a list
constexpr std::size_t wishes_max = 1000;  ///< faults, and holds, of one run
/// Bytes that a reader of events may have left unread, beside what had happened when it came.
constexpr std::size_t unsent_max = std::size_t{32} << 20U;

[[noreturn]] void refuse(const std::string& message) {
  throw Refusal(RefusalKind::bad_request, 400, message);
}

/// "; did you mean 'x'?", or nothing.
std::string meant(std::string_view name, const std::vector<std::string>& known) {
  const std::string* near = nearest(name, known);
  return near == nullptr ? std::string() : fmt::format("; did you mean '{}'?", *near);
}

void check_members(const Json& object, const std::vector<std::string>& known) {
  for (const auto& [name, value] : object.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      refuse(fmt::format("Unknown member '{}'{}", shortened(name), meant(name, known)));
  }
}

/// The body as an object with no members but these; an empty one is {}.
Json object_in(const std::string& body, const std::vector<std::string>& members) {
  if (body.empty()) return Json::object();
  if (body.size() > body_bytes_max) {
    throw Refusal(RefusalKind::too_large, 413,
                  fmt::format("What a driver says is {} bytes long at most", body_bytes_max));
  }
  Json json = json_of_body(body);
  if (!json.is_object()) refuse("Send a JSON object");
  check_members(json, members);
  return json;
}

std::optional<std::uint64_t> number_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return std::nullopt;
  if (!found->is_number_unsigned())
    refuse(fmt::format("'{}' is to be a whole number from 0", name));
  return found->get<std::uint64_t>();
}

std::optional<std::uint32_t> turn_in(const Json& json) {
  const auto turn = number_in(json, "turn");
  if (!turn) return std::nullopt;
  if (*turn == 0 || *turn > 1'000'000) refuse("'turn' is to be a whole number from 1");
  return static_cast<std::uint32_t>(*turn);
}

OperationPath operation_in(const Json& value) {
  std::optional<OperationPath> path;
  if (value.is_number_unsigned()) path = operation_path(std::to_string(value.get<std::uint64_t>()));
  if (value.is_string()) path = operation_path(value.get<std::string>());
  if (!path) refuse("'operation' is to be a number from 1, or a part of a plan such as \"2.1\"");
  return *path;
}

std::map<std::string, std::string> parameters_in(std::string_view query) {
  std::map<std::string, std::string> parameters;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    const std::size_t equals = std::min(one.find('='), one.size());
    parameters[percent_decoded(one.substr(0, equals))] =
        percent_decoded(one.substr(std::min(one.size(), equals + 1)));
  }
  return parameters;
}

std::uint32_t count_in(const std::string& name, const std::string& text) {
  std::uint32_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size() || number == 0)
    refuse(fmt::format("'{}' is to be a whole number from 1", name));
  return number;
}

struct Await {
  EventPattern pattern;
  Duration timeout = 10s;
};

Await await_in(std::string_view query) {
  Await await;
  static const std::vector<std::string> known{"event", "operation", "attempt",
                                              "token", "turn",      "timeout"};
  bool has_event = false;
  for (const auto& [name, text] : parameters_in(query)) {
    if (name == "event") {
      const auto kind = event_kind(text);
      if (!kind)
        refuse(fmt::format("Unknown event '{}'{}", shortened(text), meant(text, event_names())));
      await.pattern.kind = *kind;
      has_event = true;
    } else if (name == "operation") {
      await.pattern.operation = operation_in(Json(text));
    } else if (name == "attempt") {
      await.pattern.attempt = count_in(name, text);
    } else if (name == "token") {
      await.pattern.token = count_in(name, text);
    } else if (name == "turn") {
      await.pattern.turn = count_in(name, text);
    } else if (name == "timeout") {
      const auto timeout = duration_in(text);
      if (!timeout || *timeout > 60s) refuse("'timeout' is to be a duration up to 60s, as 10s");
      await.timeout = *timeout;
    } else {
      refuse(fmt::format("Unknown parameter '{}'{}", shortened(name), meant(name, known)));
    }
  }
  if (!has_event) refuse("Say which event to wait for: ?event=operation.started&operation=2");
  return await;
}

Outcome outcome_in(const Json& json) {
  static const std::vector<std::string> known{"completed", "cancelled", "failed"};
  const auto found = json.find("outcome");
  const std::string name =
      found != json.end() && found->is_string() ? found->get<std::string>() : "";
  if (name == "completed") return Outcome::completed;
  if (name == "cancelled") return Outcome::cancelled;
  if (name == "failed") return Outcome::failed;
  refuse(fmt::format("'outcome' is to be completed, cancelled or failed{}", meant(name, known)));
}

Settlement settlement_in(const Json& json) {
  Settlement settlement{.outcome = outcome_in(json), .at = {}};
  const auto usage = json.find("usage");
  if (usage == json.end() || usage->is_null()) return settlement;
  if (!usage->is_object()) refuse("'usage' is to be {\"input_tokens\": N, \"output_tokens\": N}");
  check_members(*usage, {"input_tokens", "output_tokens"});
  const auto tokens = [&](const char* name) -> std::optional<std::int64_t> {
    const auto count = number_in(*usage, name);
    if (count && *count > std::uint64_t{1} << 62U) refuse(fmt::format("'{}' is too many", name));
    return count ? std::optional(static_cast<std::int64_t>(*count)) : std::nullopt;
  };
  settlement.input_tokens = tokens("input_tokens");
  settlement.output_tokens = tokens("output_tokens");
  return settlement;
}

RunWishes wishes_in(const std::string& body) {
  const Json json = object_in(body, {"id", "request", "seed", "faults", "hold"});
  RunWishes wishes;
  if (const auto id = json.find("id"); id != json.end() && !id->is_null()) {
    if (!id->is_string()) refuse("'id' is to be a text");
    wishes.name = id->get<std::string>();
  }
  wishes.request = number_in(json, "request");
  wishes.seed = number_in(json, "seed");
  if (const auto faults = json.find("faults"); faults != json.end() && !faults->is_null()) {
    try {
      wishes.faults = faults_from_text(faults->dump());
    } catch (const std::invalid_argument& error) {
      refuse(error.what());
    }
    if (wishes.faults.size() > wishes_max)
      refuse(fmt::format("A run has {} 'faults' at most", wishes_max));
  }
  if (const auto hold = json.find("hold"); hold != json.end() && !hold->is_null()) {
    const Json list = hold->is_array() ? *hold : Json::array({*hold});
    if (list.size() > wishes_max)
      refuse(fmt::format("A run has {} operations in 'hold' at most", wishes_max));
    for (const Json& operation : list) wishes.held.push_back(operation_in(operation));
  }
  return wishes;
}

HttpAnswer not_allowed(std::string_view allowed) {
  HttpAnswer answer = WorldCalls::refused(405, fmt::format("This endpoint takes {}", allowed));
  answer.headers.push_back({"Allow", std::string(allowed)});
  return answer;
}

HttpAnswer note_answer(bool is_first, Time now) {
  return plain_json(200, {{"noted", is_first}, {"now_s", seconds(now)}});
}

}  // namespace

HttpAnswer WorldCalls::refused(unsigned status, std::string_view message) {
  return plain_json(status, {{"error", message}});
}

void WorldCalls::handle(const std::shared_ptr<HttpCall>& http, std::string_view path,
                        std::string_view query) {
  const std::string& method = http->request().method;
  const bool gets = method == "GET" || method == "HEAD";
  if (path == "clock") {
    if (gets) return http->answer(control_.clock());
    return http->answer(method == "POST" ? control_.advance(http->request().body)
                                         : not_allowed("GET, POST"));
  }
  if (path == "results") return http->answer(gets ? control_.results() : not_allowed("GET"));
  if (path == "runs") {
    if (method == "POST") return make_run(*http);
    if (!gets) return http->answer(not_allowed("GET, POST"));
    Json runs = Json::array();
    for (const auto& [name, run] : session_.runs().all()) {
      if (runs.size() < list_max) runs.push_back(run_summary_json(run));
    }
    const std::size_t count = session_.runs().all().size();
    return http->answer(plain_json(200, {{"count", count}, {"runs", std::move(runs)}}));
  }
  if (path.starts_with("runs/")) return handle_run(http, path.substr(5), query);
  throw Refusal(RefusalKind::not_found, 404,
                "There is no such endpoint; there are /caesura/runs, /caesura/clock and "
                "/caesura/results");
}

void WorldCalls::make_run(HttpCall& http) {
  RunRecord& run = session_.make_run(wishes_in(http.request().body));
  const std::string* host = http.request().header("Host");
  const std::string base =
      fmt::format("http://{}/r/{}", host == nullptr ? "127.0.0.1" : *host, run.name);
  const Mark mark{.run = run.name, .turn = 1, .operation = {}};
  const Json plan = plan_json(session_.turn(run, 1).plan);
  Json json = run_summary_json(run);
  json["key"] = key_prefix_ + run.name;
  json["prompt_mark"] = mark.text();
  json["addresses"] = {{"openai", base + "/v1"}, {"mcp", base + "/mcp"}};
  json["plan"] = plan;
  http.answer(plain_json(201, json));
}

RunRecord& WorldCalls::run_named(std::string_view name) {
  const std::string decoded = percent_decoded(name);
  if (RunRecord* run = session_.find_run(decoded)) return *run;
  std::vector<std::string> known;
  for (const auto& [other, run] : session_.runs().all()) known.push_back(other);
  refuse(fmt::format("There is no run '{}'{}", decoded, meant(decoded, known)));
}

void WorldCalls::handle_run(const std::shared_ptr<HttpCall>& http, std::string_view rest,
                            std::string_view query) {
  const std::string_view name = rest.substr(0, rest.find('/'));
  const std::string_view what = rest.substr(std::min(rest.size(), name.size() + 1));
  const std::string& method = http->request().method;
  const std::string& body = http->request().body;
  const bool is_get = what.empty() || what == "events" || what == "await";
  static const std::vector<std::string> posts{"cancelled", "settled", "end", "release"};
  if (!is_get && std::find(posts.begin(), posts.end(), what) == posts.end()) {
    throw Refusal(RefusalKind::not_found, 404,
                  fmt::format("A run has no '{}'{}", what, meant(what, posts)));
  }
  if (method != (is_get ? "GET" : "POST"))
    return http->answer(not_allowed(is_get ? "GET" : "POST"));
  RunRecord& run = run_named(name);
  if (what.empty()) return http->answer(plain_json(200, run_json(run, session_.now())));
  if (what == "events") return stream_events(http, run);
  if (what == "await") return await(http, run, query);
  if (what == "cancelled") {
    const Json json = object_in(body, {"turn"});
    return http->answer(note_answer(session_.note_cancelled(run, turn_in(json)), session_.now()));
  }
  if (what == "settled") {
    const Json json = object_in(body, {"outcome", "usage", "turn", "error"});
    const Settlement settlement = settlement_in(json);
    return http->answer(
        note_answer(session_.note_settled(run, turn_in(json), settlement), session_.now()));
  }
  if (what == "end") {
    object_in(body, {});
    session_.end_run(run);
    return http->answer(plain_json(200, run_json(run, session_.now())));
  }
  const Json json = object_in(body, {"operation"});
  if (!json.contains("operation")) refuse("Say which operation to release: {\"operation\": 2}");
  const OperationPath operation = operation_in(json["operation"]);
  if (!session_.release(run, operation)) {
    refuse(fmt::format("Run {} holds no operation {}; make it with \"hold\"", run.name,
                       operation.text()));
  }
  http->answer(plain_json(200, {{"released", operation.text()}}));
}

void WorldCalls::await(const std::shared_ptr<HttpCall>& http, RunRecord& run,
                       std::string_view query) {
  const Await wanted = await_in(query);
  const auto wait = session_.await(
      run, wanted.pattern, wanted.timeout, [http, &run](WaitEnd end, const WorldEvent* event) {
        switch (end) {
          case WaitEnd::come:
            return http->answer(plain_json(200, event_json(run, *event)));
          case WaitEnd::hopeless:
            return http->answer(refused(410, "This event can no longer come"));
          case WaitEnd::too_late:
            return http->answer(refused(408, "The event has not come in time"));
        }
      });
  http->on_hang_up([this, name = run.name, wait] { session_.await_no_more(name, wait); });
}

void WorldCalls::stream_events(const std::shared_ptr<HttpCall>& http, const RunRecord& run) {
  const auto frame = [](const RunRecord& of, const WorldEvent& event) {
    return "data: " + event_line(of, event) + "\n";
  };
  http->open_stream(
      {200, {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-cache"}}, {}});
  for (const WorldEvent& event : run.events.kept()) http->write(frame(run, event));
  if (run.ended) return http->finish();
  keep_alive(http);
  const auto watcher = std::make_shared<std::uint64_t>(0);
  *watcher = session_.watch(run, [=, this](const RunRecord& of, const WorldEvent& event) {
    if (http->is_over()) return;
    if (http->unsent() > unsent_max) return http->cut_off();
    http->write(frame(of, event));
    if (event.kind != EventKind::run_ended) return;
    session_.watch_no_more(of.name, *watcher);
    http->finish();
  });
  http->on_hang_up([this, watcher, name = run.name] { session_.watch_no_more(name, *watcher); });
}

void WorldCalls::keep_alive(const std::shared_ptr<HttpCall>& stream) {
  session_.loop().at(std::chrono::steady_clock::now() + keepalive_interval, [this, stream] {
    if (stream->is_over()) return;
    stream->write(": keepalive\n\n");
    keep_alive(stream);
  });
}

}  // namespace caesura
