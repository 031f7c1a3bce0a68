#include "doors/mcp/mcp_door.hpp"

#include "doors/mcp/mcp_gate.hpp"
#include "doors/mcp/tool_call_answer.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace caesura {
namespace {

constexpr std::string_view endpoint = "/mcp";

HttpAnswer stream_head() {
  return {200,
          {{"Content-Type", "text/event-stream"},
           {"Cache-Control", "no-cache, no-transform"},
           {"X-Accel-Buffering", "no"}},
          {}};
}

HttpAnswer http_answer(const McpAnswer& answer) {
  if (answer.body.empty()) return {answer.status, {}, {}};
  return {answer.status, {{"Content-Type", "application/json"}}, answer.body};
}

std::optional<std::string> header_of(const HttpRequest& request, std::string_view name) {
  const std::string* value = request.header(name);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

HttpAnswer answer_to(const Refusal& refusal, std::optional<JsonRpcId> id) {
  auto answer = mcp_error(refusal.status, error_of(refusal, std::move(id)));
  if (auto seconds = retry_after_of(refusal); !seconds.empty())
    answer.headers.push_back({"Retry-After", std::move(seconds)});
  if (refusal.kind == RefusalKind::unauthorized)
    answer.headers.push_back({"WWW-Authenticate", "Bearer"});
  return answer;
}

}  // namespace

/// One call of a tool: between the world, where it goes on, and its HTTP call, which may end before
/// it does.
class ToolCallExchange : public CallAudience,
                         public std::enable_shared_from_this<ToolCallExchange> {
 public:
  ToolCallExchange(McpDoor& door, HttpCallPtr http, BeginToolCall& deed)
      : door_(door),
        http_(std::move(http)),
        id_(deed.id),
        answer_(deed.id, std::move(deed.call.progress_token)),
        session_(std::move(deed.session)) {}

  /// It has begun: to be said once, before anything comes from the world.
  void begin(BegunToolCall begun) {
    call_ = begun.id;
    text_ = std::move(begun.text);
    if (session_) session_->begin(id_, call_);
    http_->on_hang_up([self = shared_from_this()] { self->hang_up(); });
    if (!answer_.is_stream()) return;
    http_->open_stream(stream_head());
    http_->write(answer_.received());
  }

  void started() override {
    if (answer_.is_stream() && http_) http_->write(answer_.started());
  }
  void generated(std::uint32_t /*first*/, std::uint32_t /*count*/) override {}
  void ended(CallEnd end, std::string_view text) override {
    const auto self = shared_from_this();
    const auto http = leave();
    if (!http || http->is_over()) return;
    const std::string last = answer_.ended(end, end == CallEnd::ok ? text_ : text);
    if (answer_.is_stream()) {
      http->write(last);
      http->finish();
    } else {
      http->answer({200, {{"Content-Type", "application/json"}}, last});
    }
    door_.world_.answered(call_, false);
  }
  void broken() override {
    const auto self = shared_from_this();
    if (const auto http = leave()) http->reset();
  }

  const std::shared_ptr<McpSession>& session() const { return session_; }

  /// The world has been told of the cancel, and tells nothing more.
  void cancelled() {
    const auto self = shared_from_this();
    const auto http = leave();
    if (!http) return;
    if (!answer_.is_stream()) http->open_stream(stream_head());
    http->finish();
  }

 private:
  void hang_up() {
    http_ = nullptr;
    if (session_) session_->leave(id_, call_);
    door_.world_.signal(call_, SignalKind::hang_up, SignalMeaning::noted);
  }

  /// It is over. Returns the HTTP call that still waits, if one does.
  HttpCallPtr leave() {
    if (session_) door_.sessions_.end(*session_, id_, call_);
    door_.exchanges_.erase(call_);
    return std::exchange(http_, nullptr);
  }

  McpDoor& door_;
  HttpCallPtr http_;  ///< null: nobody waits any more
  JsonRpcId id_;
  ToolCallAnswer answer_;
  std::shared_ptr<McpSession> session_;
  WorldCallId call_ = 0;
  std::string text_;
};

// A session's id is to be unknown to the next world at the same address.
McpDoor::McpDoor(WorldSession& world)
    : world_(world), sessions_(fmt::format("caesura-{}", world.created())) {}

McpDoor::~McpDoor() = default;

bool McpDoor::has(std::string_view path) const { return path == endpoint; }

void McpDoor::handle(const WorldCall& call) {
  const HttpRequest& request = call.http->request();
  if (const auto refusal = refused_at_gate(request)) return call.http->answer(*refusal);
  if (request.method == "DELETE") return end_session(call);

  McpPost post{decode_json_rpc(call.http->take_body()), header_of(request, "MCP-Session-Id"),
               header_of(request, "MCP-Protocol-Version"), world_.now()};
  auto deed = deed_of(std::move(post), sessions_, world_.tools());
  if (const auto* at_once = std::get_if<McpAnswer>(&deed)) {
    call.http->answer(http_answer(*at_once));
  } else if (const auto* opening = std::get_if<OpenMcpSession>(&deed)) {
    auto answer = http_answer(opening->answer);
    answer.headers.push_back({"MCP-Session-Id", sessions_.open(call.hint)->id()});
    call.http->answer(answer);
  } else if (auto* begin = std::get_if<BeginToolCall>(&deed)) {
    call_tool(call, std::move(*begin));
  } else if (const auto* note = std::get_if<NoteCancel>(&deed)) {
    cancel(call, *note);
  }
}

HttpAnswer McpDoor::refused(const Refusal& refusal) const { return answer_to(refusal, {}); }

void McpDoor::end_session(const WorldCall& call) {
  const auto id = header_of(call.http->request(), "MCP-Session-Id");
  if (!id) {
    return call.http->answer(mcp_error(
        400, {JsonRpcCode::server_error, "Bad Request: Mcp-Session-Id header is required"}));
  }
  const auto session = sessions_.find(*id);
  if (!session) {
    return call.http->answer(mcp_error(404, {JsonRpcCode::session_not_found, "Session not found"}));
  }
  sessions_.close(*session);
  for (const WorldCallId in_progress : session->all_in_progress())
    world_.signal(in_progress, SignalKind::session_end, SignalMeaning::noted);
  call.http->answer({200, {}, {}});
}

void McpDoor::call_tool(const WorldCall& call, BeginToolCall deed) {
  const auto hint = hint_of(call.hint, deed.session.get(), deed.call.arguments);
  const auto exchange = std::make_shared<ToolCallExchange>(*this, call.http, deed);
  try {
    auto begun = world_.call_tool(hint, deed.call.name, deed.call.arguments, exchange);
    exchanges_.emplace(begun.id, exchange);
    exchange->begin(std::move(begun));
  } catch (const Refusal& refusal) {
    if (const auto& session = exchange->session(); session && refusal.call != 0) {
      sessions_.end(*session, deed.id, refusal.call);
    } else if (session) {
      sessions_.answer(*session, deed.id, world_.now());
    }
    call.http->answer(answer_to(refusal, deed.id));
  }
}

void McpDoor::cancel(const WorldCall& call, const NoteCancel& deed) {
  call.http->answer(http_answer(deed.answer));
  if (!deed.call) {
    const bool crosses = deed.answered && world_.may_have_crossed(*deed.answered);
    if (crosses) return;
    world_.stray_signal(hint_of(call.hint, deed.session.get(), nlohmann::json::object()),
                        SignalKind::cancel);
    return;
  }
  world_.signal(*deed.call, SignalKind::cancel, SignalMeaning::cancels);
  const auto found = exchanges_.find(*deed.call);
  if (found == exchanges_.end()) return;
  const auto exchange = found->second;
  exchange->cancelled();
}

}  // namespace caesura
