#include "doors/openai/chat_answer.hpp"

#include "doors/openai/chat_request.hpp"
#include "doors/openai/conversation_check.hpp"
#include "doors/openai/model_list.hpp"
#include "doors/openai/openai_error.hpp"
#include "tests/doors/openai/small_answers.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace caesura {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t created = 1'700'000'000;
constexpr std::size_t of_text = AnswerPiece::of_text;

/// What a client puts together from a stream, as OpenAI's own library does.
struct Accumulated {
  Json message = {{"role", nullptr}, {"content", nullptr}};
  Json finish_reason = nullptr;
  Json usage = nullptr;
  bool is_done = false;
};

void add_call(const Json& delta, Json& message) {
  const auto index = delta.at("index").get<std::size_t>();
  Json& call = message["tool_calls"][index];
  if (delta.contains("id")) call["id"] = delta["id"];
  if (delta.contains("type")) call["type"] = delta["type"];
  const Json& function = delta.at("function");
  if (function.contains("name")) call["function"]["name"] = function["name"];
  Json& arguments = call["function"]["arguments"];
  if (arguments.is_null()) arguments = "";
  arguments = arguments.get<std::string>() + function.at("arguments").get<std::string>();
}

Accumulated accumulated(std::string_view frames) {
  Accumulated all;
  while (!frames.empty()) {
    EXPECT_TRUE(frames.starts_with("data: "));
    const std::size_t end = frames.find("\n\n");
    const std::string_view data = frames.substr(6, end - 6);
    frames.remove_prefix(end + 2);
    EXPECT_FALSE(all.is_done);
    if (data == "[DONE]") {
      all.is_done = true;
      continue;
    }
    const Json chunk = Json::parse(data);
    if (chunk.contains("usage")) all.usage = chunk["usage"];
    for (const Json& choice : chunk.at("choices")) {
      const Json& delta = choice.at("delta");
      if (delta.contains("role")) all.message["role"] = delta["role"];
      if (delta.contains("content") && delta["content"].is_string())
        all.message["content"] =
            (all.message["content"].is_string() ? all.message["content"].get<std::string>() : "") +
            delta["content"].get<std::string>();
      if (delta.contains("tool_calls"))
        for (const Json& call : delta["tool_calls"]) add_call(call, all.message);
      all.finish_reason = choice.at("finish_reason");
    }
  }
  return all;
}

TEST(ChatCompletion, OfATextIsByteForByteThis) {
  EXPECT_EQ(chat_completion(small_text(), created),
            R"({"id":"chatcmpl-r1_1_3","object":"chat.completion","created":1700000000,)"
            R"("model":"writer","choices":[{"index":0,"message":{"role":"assistant",)"
            R"("content":"one two","refusal":null},"logprobs":null,"finish_reason":"stop"}],)"
            R"("usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9,)"
            R"("prompt_tokens_details":{"cached_tokens":2}}})");
}

TEST(ChatCompletion, OfCallsIsByteForByteThis) {
  EXPECT_EQ(chat_completion(small_calls(), created),
            R"({"id":"chatcmpl-r1_1_1","object":"chat.completion","created":1700000000,)"
            R"("model":"planner","choices":[{"index":0,"message":{"role":"assistant",)"
            R"("content":null,"tool_calls":[{"id":"call_r1_1_2","type":"function",)"
            R"("function":{"name":"search","arguments":"{}"}},)"
            R"({"id":"call_r1_1_3","type":"function",)"
            R"("function":{"name":"fetch","arguments":"{\"input\":\"a\"}"}}],"refusal":null},)"
            R"("logprobs":null,"finish_reason":"tool_calls"}],)"
            R"("usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8,)"
            R"("prompt_tokens_details":{"cached_tokens":0}}})");
}

TEST(ChatFrames, OfATextAreByteForByteThese) {
  const ModelAnswer answer = small_text();
  const ChatFrames frames(answer, created, false);
  const std::string head =
      R"(data: {"id":"chatcmpl-r1_1_3","object":"chat.completion.chunk","created":1700000000,)"
      R"("model":"writer","choices":[{"index":0,"delta":)";
  const std::string rest = R"(,"logprobs":null,"finish_reason":null}]})"
                           "\n\n";
  EXPECT_EQ(frames.first(), head + R"({"role":"assistant","content":"","refusal":null})" + rest);
  EXPECT_EQ(frames.pieces(answer, {{of_text, false, "one"}}), head + R"({"content":"one"})" + rest);
  EXPECT_EQ(frames.pieces(answer, {{of_text, false, " t"}, {of_text, false, "wo\n"}}),
            head + R"({"content":" two\n"})" + rest);
  EXPECT_EQ(frames.pieces(answer, {}), head + "{}" + rest);
  EXPECT_EQ(frames.finish(), head + R"({},"logprobs":null,"finish_reason":"stop"}]})"
                                    "\n\n");
  EXPECT_EQ(frames.usage(), "");
  EXPECT_EQ(ChatFrames::done_frame, "data: [DONE]\n\n");
}

TEST(ChatFrames, OfCallsAreByteForByteThese) {
  const ModelAnswer answer = small_calls();
  const ChatFrames frames(answer, created, true);
  const std::string head =
      R"(data: {"id":"chatcmpl-r1_1_1","object":"chat.completion.chunk","created":1700000000,)"
      R"("model":"planner","choices":[)";
  const std::string rest = R"(,"logprobs":null,"finish_reason":null}],"usage":null})"
                           "\n\n";
  EXPECT_EQ(
      frames.first(),
      head + R"({"index":0,"delta":{"role":"assistant","content":null,"refusal":null})" + rest);
  EXPECT_EQ(frames.pieces(answer, {{0, true, "{"}}),
            head +
                R"({"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_r1_1_2",)"
                R"("type":"function","function":{"name":"search","arguments":"{"}}]})" +
                rest);
  EXPECT_EQ(frames.pieces(answer, {{0, false, "}"}, {1, true, R"({"in)"}}),
            head +
                R"({"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]})" +
                rest + head +
                R"({"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_r1_1_3",)"
                R"("type":"function","function":{"name":"fetch","arguments":"{\"in"}}]})" +
                rest);
  EXPECT_EQ(frames.finish(),
            head + R"({"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}])"
                   R"(,"usage":null})"
                   "\n\n");
  EXPECT_EQ(frames.usage(),
            head + R"(],"usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8,)"
                   R"("prompt_tokens_details":{"cached_tokens":0}}})"
                   "\n\n");
}

TEST(ChatFrames, AnErrorIsAFrame) {
  EXPECT_EQ(ChatFrames::error_frame(service_failure("disk \"full\"")),
            R"(data: {"error":{"message":"disk \"full\"","type":"server_error","param":null,)"
            R"("code":null}})"
            "\n\n");
}

TEST(ChatFrames, AreTheCompletionWhenPutTogether) {
  const ModelAnswer answer = small_calls();
  const ChatFrames frames(answer, created, true);
  const Accumulated all =
      accumulated(frames.first() + frames.pieces(answer, {{0, true, "{}"}}) +
                  frames.pieces(answer, {{1, true, R"({"input)"}}) +
                  frames.pieces(answer, {{1, false, ""}, {1, false, R"(":"a"})"}}) +
                  frames.finish() + frames.usage() + std::string(ChatFrames::done_frame));
  const Json whole = Json::parse(chat_completion(answer, created));
  Json message = whole["choices"][0]["message"];
  message.erase("refusal");
  EXPECT_EQ(all.message, message);
  EXPECT_EQ(all.finish_reason, whole["choices"][0]["finish_reason"]);
  EXPECT_EQ(all.usage, whole["usage"]);
  EXPECT_TRUE(all.is_done);
}

TEST(ChatFrames, HaveNoLineBreakInTheirData) {
  ModelAnswer answer = small_text();
  answer.model = "a\nb\r\xE2\x80\xA8";
  const std::string frame =
      ChatFrames(answer, created, false).pieces(answer, {{of_text, false, "\n\r\n"}});
  EXPECT_EQ(frame.find('\n'), frame.size() - 2);
  EXPECT_EQ(frame.find('\r'), std::string::npos);
}

TEST(ChatCompletion, ComesBackAsTheCallsThatItGave) {
  const ModelAnswer answer = small_calls();
  Json body{{"model", "planner"}, {"messages", Json::array()}};
  body["messages"].push_back({{"role", "user"}, {"content", "go"}});
  body["messages"].push_back(
      Json::parse(chat_completion(answer, created))["choices"][0]["message"]);
  for (const GivenCall& call : answer.calls)
    body["messages"].push_back(
        {{"role", "tool"}, {"tool_call_id", "call_" + call.id_key}, {"content", call.name}});
  const ChatRequest request = decode_chat_request(body.dump());
  check_conversation(request);
  const auto& messages = request.conversation.messages;
  ASSERT_EQ(messages.size(), 4U);
  ASSERT_EQ(messages[1].calls.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(messages[1].calls[i].id, "call_" + answer.calls[i].id_key);
    EXPECT_EQ(messages[1].calls[i].name, answer.calls[i].name);
    EXPECT_EQ(messages[1].calls[i].arguments, answer.calls[i].arguments);
    EXPECT_EQ(messages[2 + i].results.at(0).id, messages[1].calls[i].id);
  }
}

TEST(ModelList, NamesEveryModel) {
  EXPECT_EQ(model_list({"planner", "writer"}, created),
            R"({"object":"list","data":[{"id":"planner","object":"model","created":1700000000,)"
            R"("owned_by":"caesura"},{"id":"writer","object":"model","created":1700000000,)"
            R"("owned_by":"caesura"}]})");
  EXPECT_EQ(model_list({}, created), R"({"object":"list","data":[]})");
  EXPECT_EQ(model_entry("writer", created),
            R"({"id":"writer","object":"model","created":1700000000,"owned_by":"caesura"})");
}

}  // namespace
}  // namespace caesura
