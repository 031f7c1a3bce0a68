#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caesura {

/// A call of a tool that a model's answer asked for, as the conversation gives it back.
struct AskedCall {
  std::string id = {};  ///< empty: there is none
  std::string name = {};
  std::string arguments = {};  ///< JSON as it came; may be anything
};

/// What a tool answered.
struct CallResult {
  std::string id = {};    ///< of the call that it answers; empty: there is none
  std::string name = {};  ///< of the tool, where the protocol says it
  std::string text = {};
};

enum class Speaker : std::uint8_t { system, user, assistant, tool };

/// One message of a conversation: its parts by sort, each in order.
struct ConversationMessage {
  Speaker speaker = Speaker::user;
  std::vector<std::string> texts = {};
  std::vector<AskedCall> calls = {};     ///< an assistant's
  std::vector<CallResult> results = {};  ///< in whatever message the protocol puts them
  std::string answer_id = {};            ///< of the answer that it was, where the protocol says it
};

/// A tool that the call offers to the model.
struct OfferedTool {
  std::string name = {};
  nlohmann::json parameters = {};  ///< its JSON Schema; null: it has none
};

/// What a model is asked, in whatever protocol.
struct Conversation {
  std::string model = {};
  std::vector<ConversationMessage> messages = {};  ///< oldest first
  std::vector<OfferedTool> tools = {};
  bool one_call_at_a_time = false;
  bool forbids_tools = false;                 ///< though it may offer some
  bool forces_tool = false;                   ///< an answer must call one
  std::string forced_tool = {};               ///< this one; empty: any
  std::optional<nlohmann::json> schema = {};  ///< the answer is to be JSON of this schema
};

}  // namespace caesura
