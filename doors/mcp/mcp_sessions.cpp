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

void McpSessions::end(McpSession& session, const JsonRpcId& id, WorldCallId call) {
  session.end(id, call);
  const EndedKey key{session.number(), id};
  WorldCallId& newest = ended_[key];
  newest = std::max(newest, call);
  ended_in_order_.emplace_back(key, call);
  if (ended_in_order_.size() <= bounds_.ended_calls) return;
  const auto& [oldest, oldest_call] = ended_in_order_.front();
  if (const auto found = ended_.find(oldest);
      found != ended_.end() && found->second == oldest_call) {
    ended_.erase(found);
  }
  ended_in_order_.pop_front();
}

std::optional<WorldCallId> McpSessions::call_of(const McpSession& session,
                                                const JsonRpcId& id) const {
  if (const auto call = session.in_progress(id)) return call;
  const auto found = ended_.find(EndedKey{session.number(), id});
  if (found == ended_.end()) return std::nullopt;
  return found->second;
}

void McpSessions::forget_one() {
  auto leaving = std::find_if(by_use_.begin(), by_use_.end(),
                              [](const auto& session) { return session->is_idle(); });
  if (leaving == by_use_.end()) leaving = by_use_.begin();
  by_id_.erase((*leaving)->id());
  by_use_.erase(leaving);
}

}  // namespace caesura
