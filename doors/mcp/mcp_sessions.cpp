#include "doors/mcp/mcp_sessions.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caesura {

bool McpSession::is_awaited(const JsonRpcId& id) const {
  const auto found = calls_.find(id);
  return found != calls_.end() && found->second.is_awaited;
}

void McpSession::begin(const JsonRpcId& id, WorldCallId call) {
  calls_.insert_or_assign(id, Call{call, true});
}

void McpSession::leave(const JsonRpcId& id, WorldCallId call) {
  const auto found = calls_.find(id);
  if (found != calls_.end() && found->second.call == call) found->second.is_awaited = false;
}

void McpSession::end(const JsonRpcId& id, WorldCallId call) {
  const auto found = calls_.find(id);
  if (found != calls_.end() && found->second.call == call) calls_.erase(found);
}

std::optional<WorldCallId> McpSession::in_progress(const JsonRpcId& id) const {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return std::nullopt;
  return found->second.call;
}

std::vector<WorldCallId> McpSession::all_in_progress() const {
  std::vector<WorldCallId> all;
  for (const auto& [id, call] : calls_) all.push_back(call.call);
  return all;
}

McpSessions::McpSessions(std::string name, McpBounds bounds)
    : name_(std::move(name)), bounds_(bounds) {}

std::shared_ptr<McpSession> McpSessions::open(const CallHint& hint) {
  if (by_id_.size() >= bounds_.sessions) forget_one();
  const std::uint64_t number = ++opened_;
  auto session = std::make_shared<McpSession>(number, fmt::format("{}-{}", name_, number), hint);
  by_id_[session->id()] = by_use_.insert(by_use_.end(), session);
  return session;
}

std::shared_ptr<McpSession> McpSessions::find(std::string_view id) {
  const auto found = by_id_.find(std::string(id));
  if (found == by_id_.end()) return nullptr;
  by_use_.splice(by_use_.end(), by_use_, found->second);
  return *found->second;
}

void McpSessions::close(const McpSession& session) {
  const auto found = by_id_.find(session.id());
  if (found == by_id_.end()) return;
  by_use_.erase(found->second);
  by_id_.erase(found);
}

/// The newest of an id counts: calls are numbered, and time goes on.
template <typename What>
void McpSessions::Past<What>::add(const EndedKey& key, const What& what, std::size_t most) {
  What& newest = by_key[key];
  newest = std::max(newest, what);
  in_order.emplace_back(key, what);
  if (in_order.size() <= most) return;
  const auto& [oldest, oldest_what] = in_order.front();
  if (const auto found = by_key.find(oldest);
      found != by_key.end() && found->second == oldest_what) {
    by_key.erase(found);
  }
  in_order.pop_front();
}

void McpSessions::end(McpSession& session, const JsonRpcId& id, WorldCallId call) {
  session.end(id, call);
  ended_.add(EndedKey{session.number(), id}, call, bounds_.ended_calls);
}

std::optional<WorldCallId> McpSessions::call_of(const McpSession& session,
                                                const JsonRpcId& id) const {
  if (const auto call = session.in_progress(id)) return call;
  const auto found = ended_.by_key.find(EndedKey{session.number(), id});
  if (found == ended_.by_key.end()) return std::nullopt;
  return found->second;
}

void McpSessions::answer(const McpSession& session, const JsonRpcId& id, Time at) {
  const EndedKey key{session.number(), id};
  ended_.by_key.erase(key);  // the id is this request's now
  answered_.add(key, at, bounds_.ended_calls);
}

std::optional<Time> McpSessions::take_answer(const McpSession& session, const JsonRpcId& id) {
  const auto found = answered_.by_key.extract(EndedKey{session.number(), id});
  if (!found) return std::nullopt;
  return found.mapped();
}

void McpSessions::forget_one() {
  auto leaving = std::find_if(by_use_.begin(), by_use_.end(),
                              [](const auto& session) { return session->is_idle(); });
  if (leaving == by_use_.end()) leaving = by_use_.begin();
  by_id_.erase((*leaving)->id());
  by_use_.erase(leaving);
}

}  // namespace caesura
