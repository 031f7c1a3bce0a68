#include "tests/doors/mcp/fed_body.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace caesura {
namespace {

namespace fs = std::filesystem;

const fs::path corpus = fs::path(CAESURA_SOURCE_DIR) / "tests/doors/mcp/corpus/json_rpc";

TEST(JsonRpcCorpus, WhatTheFuzzerFoundIsAnsweredAsTheProtocolHasIt) {
  int played = 0;
  for (const auto& entry : fs::directory_iterator(corpus)) {
    std::ostringstream body;
    body << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    EXPECT_NO_THROW(feed_body(body.str())) << entry.path();
    ++played;
  }
  EXPECT_GT(played, 20);
}

TEST(JsonRpcCorpus, AnAnswerThatIsNoneIsFound) {
  EXPECT_NO_THROW(check_is_message(R"({"jsonrpc":"2.0","id":1,"result":{}})"));
  EXPECT_ANY_THROW(check_is_message(R"({"jsonrpc":"2.0","id":1})"));
  EXPECT_ANY_THROW(check_is_message(R"({"id":1,"result":{}})"));
  EXPECT_ANY_THROW(check_is_message("{\"jsonrpc\":\"2.0\",\n\"result\":{}}"));
  EXPECT_ANY_THROW(check_is_message("{"));
}

}  // namespace
}  // namespace caesura
