#include "doors/openai/chat_request.hpp"

#include "doors/openai/json_fields.hpp"
#include "doors/world/json_body.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace caesura {
namespace {

using Json = nlohmann::json;

struct Role {
  Speaker speaker;
  bool is_function;  ///< as tools' answers were before they had ids
};

Role role_of(const std::string& name, const JsonPlace& place) {
  if (name == "user") return {Speaker::user, false};
  if (name == "assistant") return {Speaker::assistant, false};
  if (name == "system" || name == "developer") return {Speaker::system, false};
  if (name == "tool") return {Speaker::tool, false};
  if (name == "function") return {Speaker::tool, true};
  throw bad_request(fmt::format("Invalid value: '{}'. Supported values are: 'system', 'assistant', "
                                "'user', 'function', 'tool', and 'developer'.",
                                shortened(name)),
                    place.text());
}

/// The texts of a message's content: a text, or a list of parts of which those of text have one.
std::vector<std::string> texts_of(Json& content, const JsonPlace& place) {
  std::vector<std::string> texts;
  if (content.is_string()) {
    texts.push_back(std::move(content.get_ref<std::string&>()));
    return texts;
  }
  if (!content.is_array()) throw wrong_type(place, "one of a string or array of objects", content);
  for (std::size_t i = 0; i < content.size(); ++i) {
    const JsonPlace part_place = place.at(i);
    const JsonFields part(content[i], part_place);
    if (part.required_text("type") == "text") texts.push_back(part.required_text("text"));
  }
  return texts;
}

AskedCall call_of(const JsonFields& function, std::string id) {
  return {std::move(id), function.required_text("name"), function.text("arguments")};
}

/// A call of another sort than of a function is one all the same: it must be answered.
AskedCall asked_call(Json& value, const JsonPlace& place) {
  const JsonFields call(value, place);
  std::string id = call.text("id");
  (void)call.text("type");
  if (Json* function = call.object("function")) {
    const JsonPlace function_place = place.member("function");
    return call_of(JsonFields(*function, function_place), std::move(id));
  }
  if (Json* custom = call.object("custom")) {
    const JsonPlace custom_place = place.member("custom");
    const JsonFields fields(*custom, custom_place);
    return {std::move(id), fields.required_text("name"), fields.text("input")};
  }
  throw missing(place.member("function"));
}

void read_calls(const JsonFields& message, ConversationMessage& read, ChatMessageForm& form) {
  if (Json* calls = message.list("tool_calls")) {
    const JsonPlace calls_place = message.place().member("tool_calls");
    for (std::size_t i = 0; i < calls->size(); ++i)
      read.calls.push_back(asked_call((*calls)[i], calls_place.at(i)));
  }
  if (Json* call = message.object("function_call"); call != nullptr && read.calls.empty()) {
    const JsonPlace call_place = message.place().member("function_call");
    read.calls.push_back(call_of(JsonFields(*call, call_place), {}));
    form.is_old = true;
  }
}

void read_message(Json& value, const JsonPlace& place, ChatRequest& request) {
  const JsonFields message(value, place);
  const Role role = role_of(message.required_text("role"), place.member("role"));
  ConversationMessage read{.speaker = role.speaker};
  ChatMessageForm form{.is_old = role.is_function};
  if (Json* content = message.find("content")) {
    form.has_content = content->is_string() || !content->empty();
    read.texts = texts_of(*content, place.member("content"));
  }
  switch (role.speaker) {
    case Speaker::assistant:
      form.has_content = form.has_content || message.find("refusal") != nullptr ||
                         message.find("audio") != nullptr;
      read_calls(message, read, form);
      break;
    case Speaker::tool: {
      CallResult result{.id = message.text("tool_call_id"), .name = message.text("name")};
      for (const std::string& text : read.texts) result.text += text;
      read.texts.clear();
      read.results.push_back(std::move(result));
      break;
    }
    case Speaker::system:
    case Speaker::user:
      break;
  }
  request.conversation.messages.push_back(std::move(read));
  request.messages.push_back(form);
}

void read_tool(Json& value, const JsonPlace& place, std::size_t index, ChatRequest& request) {
  const JsonFields tool(value, place);
  if (tool.required_text("type") != "function") return;
  const JsonPlace function_place = place.member("function");
  Json* function = tool.object("function");
  if (function == nullptr) throw missing(function_place);
  const JsonFields fields(*function, function_place);
  OfferedTool read{.name = fields.required_text("name")};
  if (Json* parameters = fields.object("parameters")) read.parameters = std::move(*parameters);
  request.tools.push_back({.index = index, .is_strict = fields.flag("strict")});
  request.conversation.tools.push_back(std::move(read));
}

/// `{type: function, function: {name}}`. Of `allowed_tools` only the mode is read; of custom tools,
/// which are passed over, nothing.
void read_named_choice(Json& choice, const JsonPlace& place, Conversation& conversation) {
  const JsonFields fields(choice, place);
  const std::string type = fields.required_text("type");
  if (type != "function" && type != "custom" && type != "allowed_tools")
    throw bad_request(fmt::format("Invalid value: '{}'. Supported values are: 'function', "
                                  "'allowed_tools', and 'custom'.",
                                  shortened(type)),
                      place.member("type").text());
  const JsonPlace named_place = place.member(type);
  Json* named = fields.object(type);
  if (named == nullptr) throw missing(named_place);
  const JsonFields members(*named, named_place);
  if (type == "allowed_tools") {
    conversation.forces_tool = members.text("mode") == "required";
    return;
  }
  std::string name = members.required_text("name");
  if (type == "custom") return;
  conversation.forces_tool = true;
  conversation.forced_tool = std::move(name);
}

void read_tool_choice(Json& choice, const JsonPlace& place, Conversation& conversation) {
  if (!choice.is_string()) {
    if (!choice.is_object()) throw wrong_type(place, "one of a string or an object", choice);
    return read_named_choice(choice, place, conversation);
  }
  const std::string& mode = choice.get_ref<const std::string&>();
  if (mode == "none") {
    conversation.forbids_tools = true;
  } else if (mode == "required") {
    conversation.forces_tool = true;
  } else if (mode != "auto") {
    throw bad_request(fmt::format("Invalid value: '{}'. Supported values are: 'none', 'auto', and "
                                  "'required'.",
                                  shortened(mode)),
                      place.text());
  }
}

/// The schema of the JSON that is asked for; none: text is.
std::optional<Json> schema_of(Json& format, const JsonPlace& place) {
  const JsonFields fields(format, place);
  const std::string type = fields.required_text("type");
  const Json any_object = Json::object({{"type", "object"}});
  if (type == "json_object") return any_object;
  if (type == "text") return std::nullopt;
  if (type != "json_schema")
    throw bad_request(fmt::format("Invalid value: '{}'. Supported values are: 'json_object', "
                                  "'json_schema', and 'text'.",
                                  shortened(type)),
                      place.member("type").text());
  const JsonPlace named_place = place.member(type);
  Json* named = fields.object(type);
  if (named == nullptr) throw missing(named_place);
  Json* schema = JsonFields(*named, named_place).object("schema");
  if (schema == nullptr) return any_object;
  return std::move(*schema);
}

/// One answer is all that there is.
void require_one_answer(const JsonFields& body) {
  const Json* count = body.find("n");
  if (count == nullptr) return;
  const JsonPlace place = body.place().member("n");
  if (!count->is_number()) throw wrong_type(place, "an integer", *count);
  if (*count != 1)
    throw bad_request(
        fmt::format("Invalid 'n': {} answers were asked for, and only 1 is served.", count->dump()),
        place.text());
}

void read_messages(const JsonFields& body, ChatRequest& request) {
  const JsonPlace place = body.place().member("messages");
  Json* messages = body.list("messages");
  if (messages == nullptr) throw missing(place);
  request.conversation.messages.reserve(messages->size());
  request.messages.reserve(messages->size());
  for (std::size_t i = 0; i < messages->size(); ++i)
    read_message((*messages)[i], place.at(i), request);
}

void read_tools(const JsonFields& body, ChatRequest& request) {
  Conversation& conversation = request.conversation;
  if (Json* tools = body.list("tools")) {
    const JsonPlace place = body.place().member("tools");
    for (std::size_t i = 0; i < tools->size(); ++i) read_tool((*tools)[i], place.at(i), i, request);
  }
  if (Json* choice = body.find("tool_choice"))
    read_tool_choice(*choice, body.place().member("tool_choice"), conversation);
  if (body.find("parallel_tool_calls") != nullptr)
    conversation.one_call_at_a_time = !body.flag("parallel_tool_calls");
}

}  // namespace

ChatRequest decode_chat_request(std::string_view text) {
  Json json = json_of_body(text);
  const JsonPlace whole;
  const JsonFields body(json, whole);
  ChatRequest request;
  request.conversation.model = body.text("model");
  if (request.conversation.model.empty())
    throw bad_request("you must provide a model parameter", "model");
  read_messages(body, request);
  read_tools(body, request);
  if (Json* format = body.object("response_format"))
    request.conversation.schema = schema_of(*format, whole.member("response_format"));
  require_one_answer(body);
  request.stream = body.flag("stream");
  if (Json* options = body.object("stream_options")) {
    const JsonPlace place = whole.member("stream_options");
    request.include_usage = JsonFields(*options, place).flag("include_usage");
  }
  request.user = body.text("user");
  return request;
}

}  // namespace caesura
