#pragma once

#include "sim/time.hpp"
#include "doors/mcp/json_rpc.hpp"
#include "doors/world/director.hpp"
#include "doors/world/world_session.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace caesura {

/// What `initialize` has begun, and its calls of tools that are in progress, by their requests'
/// ids.
class McpSession {
 public:
  McpSession(std::uint64_t number, std::string id, CallHint hint)
      : number_(number), id_(std::move(id)), hint_(std::move(hint)) {}

  std::uint64_t number() const { return number_; }  ///< from 1, never twice
  const std::string& id() const { return id_; }     ///< what the header MCP-Session-Id says
  /// What the address and the key of `initialize` said.
  const CallHint& hint() const { return hint_; }

  /// A call of this id is in progress, and its client waits for the answer: another request may not
  /// have the id.
  bool is_awaited(const JsonRpcId& id) const;
  /// An earlier call of this id that goes on without its client is no longer known by it.
  void begin(const JsonRpcId& id, WorldCallId call);
  /// Its client has hung up, but it goes on: it can still be cancelled by its id, unless a later
  /// request takes that.
  void leave(const JsonRpcId& id, WorldCallId call);
  /// It is over. Another one that has taken its id is not.
  void end(const JsonRpcId& id, WorldCallId call);

  std::optional<WorldCallId> in_progress(const JsonRpcId& id) const;
  std::vector<WorldCallId> all_in_progress() const;  ///< by id
  bool is_idle() const { return calls_.empty(); }

 private:
  struct Call {
    WorldCallId call = 0;
    bool is_awaited = true;
  };
  std::uint64_t number_;
  std::string id_;
  CallHint hint_;
  std::map<JsonRpcId, Call> calls_;
};

struct McpBounds {
  std::size_t sessions = 10'000;
  /// Of all sessions together: of which calls that are over the ids are known; and of which
  /// requests that were answered at once.
  std::size_t ended_calls = 100'000;
};

/// The sessions of a door. Bounded in memory but for the calls in progress, which are the world's
/// to bound.
class McpSessions {
 public:
  /// `name`: a session's id is this and its number. Two worlds that a client may take for one have
  /// different names.
  explicit McpSessions(std::string name, McpBounds bounds = {});

  /// With as many as may be, the one that was found or opened longest ago is forgotten: of those
  /// without calls in progress, else of all. Its calls go on.
  std::shared_ptr<McpSession> open(const CallHint& hint);
  /// Null if there is none.
  std::shared_ptr<McpSession> find(std::string_view id);
  void close(const McpSession& session);
  std::size_t size() const { return by_id_.size(); }

  /// The call is over; its id is remembered for a while.
  void end(McpSession& session, const JsonRpcId& id, WorldCallId call);
  /// The newest call of this id: in progress, or over and still remembered.
  std::optional<WorldCallId> call_of(const McpSession& session, const JsonRpcId& id) const;
  /// A request that is no call was answered `at` once; that is remembered for a while, too.
  void answer(const McpSession& session, const JsonRpcId& id, Time at);
  /// When the newest request of this id was answered at once, and that no more: asked once. None:
  /// it was none, or a call, or is forgotten.
  std::optional<Time> take_answer(const McpSession& session, const JsonRpcId& id);

 private:
  using Order = std::list<std::shared_ptr<McpSession>>;
  using EndedKey = std::pair<std::uint64_t, JsonRpcId>;  ///< the session's number

  /// What is over, by its id, and in which order; the oldest is forgotten.
  template <typename What>
  struct Past {
    void add(const EndedKey& key, const What& what, std::size_t most);
    std::map<EndedKey, What> by_key;
    std::deque<std::pair<EndedKey, What>> in_order;
  };

  void forget_one();

  std::string name_;
  McpBounds bounds_;
  std::uint64_t opened_ = 0;
  Order by_use_;  ///< the one found or opened last is last
  std::unordered_map<std::string, Order::iterator> by_id_;
  Past<WorldCallId> ended_;
  Past<Time> answered_;
};

}  // namespace caesura
