#include "doors/world/local_origin.hpp"

#include <gtest/gtest.h>

namespace caesura {
namespace {

TEST(LocalOrigin, PagesOfThisMachineComeIn) {
  for (const char* origin :
       {"http://localhost", "https://localhost:3000", "http://127.0.0.1:8002", "http://127.0.0.2",
        "http://[::1]", "http://[::1]:65535", "HTTP://LocalHost:1"})
    EXPECT_TRUE(is_local_origin(origin)) << origin;
}

TEST(LocalOrigin, PagesFromElsewhereDoNot) {
  for (const char* origin :
       {"http://evil.example.com", "null", "", "http://localhost.evil.com", "http://127.0.0.1.evil",
        "http://localhost:80@evil.com", "http://localhost:", "http://localhost:8a",
        "http://localhost80", "http://localhost/", "file://", "ftp://localhost",
        "http://evil.com#http://localhost", "http://localhost:1234567", "http://[::1",
        "http://127.evil.com", "http://127.0.0.1.2", "http://127.0.0", "http://128.0.0.1"})
    EXPECT_FALSE(is_local_origin(origin)) << origin;
}

TEST(LocalOrigin, AHostIsItsNameWithAPortOrWithout) {
  EXPECT_TRUE(is_local_authority("localhost"));
  EXPECT_TRUE(is_local_authority("127.0.0.1:8002"));
  EXPECT_FALSE(is_local_authority("127.0.0.1.evil.com:8002"));
  EXPECT_FALSE(is_local_authority("http://localhost"));
  EXPECT_FALSE(is_local_authority(""));
}

}  // namespace
}  // namespace caesura
