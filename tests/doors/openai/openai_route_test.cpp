#include "doors/openai/openai_route.hpp"

#include <gtest/gtest.h>

namespace caesura {
namespace {

TEST(OpenAiRoute, ServesChatCompletionsAndModels) {
  EXPECT_EQ(openai_route("/v1/chat/completions").endpoint, OpenAiEndpoint::chat_completions);
  EXPECT_EQ(openai_route("/v1/models").endpoint, OpenAiEndpoint::models);
  EXPECT_EQ(openai_route("/v1/models/").endpoint, OpenAiEndpoint::models);
  EXPECT_EQ(openai_route("/v1/models/writer").endpoint, OpenAiEndpoint::model);
  EXPECT_EQ(openai_route("/v1/models/writer").model, "writer");
}

TEST(OpenAiRoute, AModelsNameMayBeEscapedAndHaveSlashes) {
  EXPECT_EQ(openai_route("/v1/models/org%2Fwriter%20two").model, "org/writer two");
  EXPECT_EQ(openai_route("/v1/models/org/writer").model, "org/writer");
}

TEST(OpenAiRoute, KnowsWhatOpenAiHasThoughItIsNotServed) {
  for (const char* path : {"/v1/conversations", "/v1/conversations/c/items", "/v1/completions",
                           "/v1/chat/completions/abc", "/v1/chat", "/v1/files"}) {
    EXPECT_TRUE(is_openai_path(path)) << path;
    EXPECT_EQ(openai_route(path).endpoint, OpenAiEndpoint::unserved) << path;
  }
}

TEST(OpenAiRoute, LeavesThePathsOfOthersAlone) {
  for (const char* path : {"", "/", "/v1", "/v1/", "/v1/messages", "/v1beta/models/m", "/mcp",
                           "/v1/modelsandmore", "/caesura/runs", "/chat/completions"})
    EXPECT_FALSE(is_openai_path(path)) << path;
}

TEST(OpenAiRoute, EachEndpointHasItsMethods) {
  EXPECT_EQ(allowed_methods(OpenAiEndpoint::chat_completions), "POST");
  EXPECT_EQ(allowed_methods(OpenAiEndpoint::models), "GET, HEAD");
  EXPECT_TRUE(is_allowed(OpenAiEndpoint::chat_completions, "POST"));
  EXPECT_FALSE(is_allowed(OpenAiEndpoint::chat_completions, "GET"));
  EXPECT_TRUE(is_allowed(OpenAiEndpoint::model, "HEAD"));
  EXPECT_FALSE(is_allowed(OpenAiEndpoint::models, "DELETE"));
}

}  // namespace
}  // namespace caesura
