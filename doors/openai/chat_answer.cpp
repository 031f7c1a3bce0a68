#include "doors/openai/chat_answer.hpp"

#include "doors/control/plain_json.hpp"
#include "doors/openai/openai_error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

std::string id_of(const ModelAnswer& answer) { return "chatcmpl-" + answer.key; }
std::string id_of(const GivenCall& call) { return "call_" + call.id_key; }

const char* finish_reason(bool has_calls) { return has_calls ? "tool_calls" : "stop"; }

Json usage_of(const TokenCounts& tokens) {
  return {{"prompt_tokens", (tokens.input + tokens.cached_input).value},
          {"completion_tokens", tokens.output.value},
          {"total_tokens", tokens.sum().value},
          {"prompt_tokens_details", {{"cached_tokens", tokens.cached_input.value}}}};
}

Json message_of(const ModelAnswer& answer) {
  Json message{{"role", "assistant"},
               {"content", answer.calls.empty() ? Json(answer.text) : Json()}};
  for (const GivenCall& call : answer.calls)
    message["tool_calls"].push_back(
        {{"id", id_of(call)},
         {"type", "function"},
         {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
  message["refusal"] = Json();
  return message;
}

/// What a piece of a call says: which it is first, then only the next of its arguments.
Json delta_of(const ModelAnswer& answer, const AnswerPiece& piece) {
  const GivenCall& call = answer.calls.at(piece.call);
  Json delta{{"index", piece.call}};
  if (piece.begins) {
    delta["id"] = id_of(call);
    delta["type"] = "function";
    delta["function"]["name"] = call.name;
  }
  delta["function"]["arguments"] = piece.text;
  return {{"tool_calls", Json::array({delta})}};
}

std::string frame(std::string_view json) { return fmt::format("data: {}\n\n", json); }

}  // namespace

std::string chat_completion(const ModelAnswer& answer, std::int64_t created) {
  const Json choice{{"index", 0},
                    {"message", message_of(answer)},
                    {"logprobs", Json()},
                    {"finish_reason", finish_reason(!answer.calls.empty())}};
  return compact({{"id", id_of(answer)},
                  {"object", "chat.completion"},
                  {"created", created},
                  {"model", answer.model},
                  {"choices", Json::array({choice})},
                  {"usage", usage_of(answer.usage)}});
}

ChatFrames::ChatFrames(const ModelAnswer& answer, std::int64_t created, bool with_usage)
    : has_calls_(!answer.calls.empty()) {
  head_ = compact({{"id", id_of(answer)},
                   {"object", "chat.completion.chunk"},
                   {"created", created},
                   {"model", answer.model}});
  head_.back() = ',';  // the object goes on
  if (!with_usage) return;
  empty_usage_ = R"(,"usage":null)";
  usage_ =
      frame(fmt::format(R"({}"choices":[],"usage":{}}})", head_, compact(usage_of(answer.usage))));
}

std::string ChatFrames::choice(std::string_view delta, std::string_view finish_reason) const {
  return frame(fmt::format(
      R"({}"choices":[{{"index":0,"delta":{},"logprobs":null,"finish_reason":{}}}]{}}})", head_,
      delta, finish_reason, empty_usage_));
}

std::string ChatFrames::first() const {
  return choice(has_calls_ ? R"({"role":"assistant","content":null,"refusal":null})"
                           : R"({"role":"assistant","content":"","refusal":null})",
                "null");
}

std::string ChatFrames::pieces(const ModelAnswer& answer,
                               const std::vector<AnswerPiece>& pieces) const {
  if (pieces.empty()) return choice("{}", "null");
  std::string frames;
  for (std::size_t i = 0; i < pieces.size();) {
    AnswerPiece joined = pieces[i];
    for (++i; i < pieces.size() && pieces[i].call == joined.call; ++i)
      joined.text += pieces[i].text;
    const Json delta = joined.call == AnswerPiece::of_text ? Json{{"content", joined.text}}
                                                           : delta_of(answer, joined);
    frames += choice(compact(delta), "null");
  }
  return frames;
}

std::string ChatFrames::finish() const {
  return choice("{}", fmt::format("\"{}\"", caesura::finish_reason(has_calls_)));
}

std::string ChatFrames::usage() const { return usage_; }

std::string ChatFrames::error_frame(const Refusal& refusal) { return frame(error_text(refusal)); }

}  // namespace caesura
