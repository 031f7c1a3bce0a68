#include "doors/openai/conversation_check.hpp"

#include "doors/openai/json_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {
namespace {

using Json = nlohmann::json;

std::string message_place(std::size_t index, std::string_view member) {
  return fmt::format("messages.[{}].{}", index, member);
}

/// Whether the calls of an assistant's message are answered before anything else is said.
class AnswerCheck {
 public:
  void read(const ConversationMessage& message, const ChatMessageForm& form, std::size_t index) {
    if (message.speaker == Speaker::tool && !form.is_old) {
      for (const CallResult& result : message.results) answer(result, index);
      return;
    }
    end();
    if (message.calls.empty() || form.is_old) return;
    calls_ = &message.calls;
    asked_at_ = index;
    for (std::size_t i = 0; i < message.calls.size(); ++i) {
      const std::string& id = message.calls[i].id;
      if (id.empty()) {
        const std::string param = fmt::format("messages[{}].tool_calls[{}].id", index, i);
        throw bad_request(fmt::format("Missing required parameter: '{}'.", param), param);
      }
      ++unanswered_[id];
    }
  }

  /// Another message follows, or none.
  void end() {
    if (calls_ == nullptr) return;
    std::string ids;
    std::size_t left = 0;
    for (const AskedCall& call : *calls_) {
      if (unanswered_[call.id] == 0) continue;
      constexpr std::size_t named_at_most = 20;
      if (++left <= named_at_most) ids += (ids.empty() ? "" : ", ") + shortened(call.id);
    }
    if (left > 0)
      throw bad_request(
          "An assistant message with 'tool_calls' must be followed by tool messages responding to "
          "each 'tool_call_id'. The following tool_call_ids did not have response messages: " +
              ids,
          message_place(asked_at_, "tool_calls"));
    calls_ = nullptr;
    unanswered_.clear();
  }

 private:
  void answer(const CallResult& result, std::size_t index) {
    if (calls_ == nullptr)
      throw bad_request(
          "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
          "with 'tool_calls'.",
          message_place(index, "role"));
    const std::string param = message_place(index, "tool_call_id");
    if (result.id.empty())
      throw bad_request(fmt::format("Missing required parameter: '{}'.", param), param);
    const auto found = unanswered_.find(result.id);
    if (found == unanswered_.end())
      throw bad_request(fmt::format("Invalid parameter: 'tool_call_id' of '{}' not found in "
                                    "'tool_calls' of previous message.",
                                    shortened(result.id)),
                        param);
    if (found->second == 0)
      throw bad_request(
          fmt::format("Invalid parameter: Duplicate value for 'tool_call_id' of '{}'.",
                      shortened(result.id)),
          param);
    --found->second;
  }

  const std::vector<AskedCall>* calls_ = nullptr;  ///< of the assistant's message before
  std::size_t asked_at_ = 0;
  std::map<std::string_view, std::size_t> unanswered_;
};

void check_messages(const ChatRequest& request) {
  const std::vector<ConversationMessage>& messages = request.conversation.messages;
  if (messages.empty())
    throw bad_request(
        "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an "
        "empty "
        "array instead.",
        "messages");
  AnswerCheck answers;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const ConversationMessage& message = messages[i];
    answers.read(message, request.messages[i], i);
    if (message.speaker == Speaker::assistant && message.calls.empty() &&
        !request.messages[i].has_content)
      throw bad_request("Invalid value for 'content': expected a string, got null.",
                        message_place(i, "content"));
  }
  answers.end();
}

void check_name(const std::string& name, const std::string& param) {
  constexpr std::size_t longest = 64;
  if (name.empty())
    throw bad_request(fmt::format("Invalid '{}': empty string. Expected a string with minimum "
                                  "length 1, but got an empty string instead.",
                                  param),
                      param);
  if (name.size() > longest)
    throw bad_request(fmt::format("Invalid '{}': string too long. Expected a string with maximum "
                                  "length {}, but got a string with length {} instead.",
                                  param, longest, name.size()),
                      param);
  const bool fits = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  if (!fits)
    throw bad_request(fmt::format("Invalid '{}': string does not match pattern. Expected a string "
                                  "that matches the pattern '^[a-zA-Z0-9_-]+$'.",
                                  param),
                      param);
}

bool is_object_schema(const Json& schema) {
  if (!schema.is_object()) return false;
  const auto type = schema.find("type");
  if (type == schema.end()) return false;
  if (type->is_array()) return std::find(type->begin(), type->end(), "object") != type->end();
  return *type == "object";
}

/// A strict tool's parameters, all objects within them included.
class StrictCheck {
 public:
  StrictCheck(const std::string& tool, const std::string& param) : tool_(tool), param_(param) {}

  /// Recurses as deep as the schema, which json_of_body() bounds.
  void read(const Json& schema) {
    if (!schema.is_object()) return;
    if (is_object_schema(schema)) check_object(schema);
    for (const char* name : {"properties", "$defs", "definitions"}) read_members(schema, name);
    for (const char* name : {"anyOf", "allOf", "oneOf"}) read_values(schema, name);
    read_member(schema, "items");
  }

 private:
  void read_member(const Json& outer, const std::string& name) {
    const auto found = outer.find(name);
    if (found == outer.end()) return;
    context_.push_back(name);
    read(*found);
    context_.pop_back();
  }

  void read_members(const Json& schema, const char* name) {
    const auto found = schema.find(name);
    if (found == schema.end() || !found->is_object()) return;
    context_.emplace_back(name);
    for (const auto& member : found->items()) read_member(*found, member.key());
    context_.pop_back();
  }

  void read_values(const Json& schema, const char* name) {
    const auto found = schema.find(name);
    if (found == schema.end() || !found->is_array()) return;
    context_.emplace_back(name);
    for (std::size_t i = 0; i < found->size(); ++i) {
      context_.push_back(std::to_string(i));
      read((*found)[i]);
      context_.pop_back();
    }
    context_.pop_back();
  }

  void check_object(const Json& schema) {
    const auto more = schema.find("additionalProperties");
    if (more == schema.end() || *more != false)
      refuse("'additionalProperties' is required to be supplied and to be false.");
    const auto properties = schema.find("properties");
    if (properties == schema.end() || !properties->is_object()) return;
    std::set<std::string_view> required;
    if (const auto list = schema.find("required"); list != schema.end() && list->is_array()) {
      for (const Json& name : *list) {
        if (name.is_string()) required.insert(name.get_ref<const std::string&>());
      }
    }
    for (const auto& property : properties->items()) {
      if (required.count(property.key()) == 0)
        refuse(
            fmt::format("'required' is required to be supplied and to be an array including "
                        "every key in properties. Missing '{}'.",
                        shortened(property.key())));
    }
  }

  [[noreturn]] void refuse(const std::string& what) const {
    std::string context;
    for (const std::string& name : context_)
      context += fmt::format("{}'{}'", context.empty() ? "" : ", ", shortened(name));
    if (context_.size() == 1) context += ",";  // as Python writes it
    throw bad_request(
        fmt::format("Invalid schema for function '{}': In context=({}), {}", tool_, context, what),
        param_);
  }

  const std::string& tool_;
  const std::string& param_;
  std::vector<std::string> context_;  ///< the names on the way to the schema being read
};

void check_parameters(const OfferedTool& tool, const ChatToolForm& form, const std::string& param) {
  if (tool.parameters.is_null()) return;
  const auto type = tool.parameters.find("type");
  if (type == tool.parameters.end() || *type != "object")
    throw bad_request(
        fmt::format("Invalid schema for function '{}': schema must be a JSON Schema of 'type: "
                    "\"object\"', got 'type: \"{}\"'.",
                    tool.name,
                    type != tool.parameters.end() && type->is_string()
                        ? shortened(type->get_ref<const std::string&>())
                        : "None"),
        param);
  if (form.is_strict) StrictCheck(tool.name, param).read(tool.parameters);
}

void check_tools(const ChatRequest& request) {
  const Conversation& conversation = request.conversation;
  for (std::size_t i = 0; i < conversation.tools.size(); ++i) {
    const std::string function = fmt::format("tools[{}].function", request.tools[i].index);
    check_name(conversation.tools[i].name, function + ".name");
    check_parameters(conversation.tools[i], request.tools[i], function + ".parameters");
  }
  const std::string& forced = conversation.forced_tool;
  const bool is_offered =
      std::any_of(conversation.tools.begin(), conversation.tools.end(),
                  [&forced](const OfferedTool& tool) { return tool.name == forced; });
  if (!forced.empty() && !is_offered)
    throw bad_request(
        fmt::format("Tool choice '{}' not found in 'tools' parameter.", shortened(forced)),
        "tool_choice");
}

}  // namespace

void check_conversation(const ChatRequest& request) {
  check_messages(request);
  check_tools(request);
}

}  // namespace caesura
