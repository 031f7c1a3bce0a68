#include "doors/muxi/api_path.hpp"

#include <gtest/gtest.h>

#include <string>

namespace caesura {
namespace {

TEST(ApiPath, EveryPrefixOfTheClientsLeadsToTheSameCalls) {
  for (const std::string prefix :
       {"/v1", "/api/my-formation/v1", "/draft/x/v1", "http://127.0.0.1:8001/v1"}) {
    EXPECT_EQ(route("POST", prefix + "/chat").endpoint, Endpoint::chat) << prefix;
    EXPECT_EQ(route("GET", prefix + "/requests").endpoint, Endpoint::request_list) << prefix;
    EXPECT_EQ(route("GET", prefix + "/requests/").endpoint, Endpoint::request_list) << prefix;
    EXPECT_EQ(route("GET", prefix + "/requests/r1").endpoint, Endpoint::request_status) << prefix;
    EXPECT_EQ(route("DELETE", prefix + "/requests/r1").endpoint, Endpoint::request_cancel)
        << prefix;
    EXPECT_EQ(route("GET", prefix + "/health").endpoint, Endpoint::health) << prefix;
    EXPECT_STREQ(name_of(route("POST", prefix + "/caesura/requests/r1/release")), "release")
        << prefix;
    EXPECT_STREQ(name_of(route("GET", prefix + "/caesura/requests/r1")), "timeline") << prefix;
    EXPECT_STREQ(name_of(route("GET", prefix + "/caesura/clock")), "clock") << prefix;
    EXPECT_STREQ(name_of(route("POST", prefix + "/caesura/clock")), "clock_advance") << prefix;
    EXPECT_STREQ(name_of(route("GET", prefix + "/caesura/results")), "results") << prefix;
  }
  EXPECT_EQ(route("GET", "/").endpoint, Endpoint::page);
  EXPECT_EQ(route("GET", "/style.css").endpoint, Endpoint::page_style);
  EXPECT_EQ(route("GET", "/script.js").endpoint, Endpoint::page_script);
  EXPECT_EQ(route("GET", "/metrics").endpoint, Endpoint::metrics);
  EXPECT_EQ(route("GET", "/health").endpoint, Endpoint::health);
}

TEST(ApiPath, WhatIsNoPathOfTheApiIsNotFound) {
  for (const char* target :
       {"", "/v1", "/v1/", "/v2/chat", "/api/v1/chat", "/api//v1/chat", "/other/x/v1/chat",
        "/v1/chat/x", "/v1/caesura/", "/v1/caesura/requests/", "/chat", "*"}) {
    EXPECT_EQ(route("GET", target).endpoint, Endpoint::not_found) << target;
  }
}

TEST(ApiPath, AnotherMethodIsToldWhichThereAre) {
  const Route wrong = route("PUT", "/v1/requests/r1");
  EXPECT_EQ(wrong.endpoint, Endpoint::method_not_allowed);
  EXPECT_EQ(wrong.allow, "GET, HEAD, DELETE, OPTIONS");
  EXPECT_EQ(route("GET", "/v1/chat").allow, "POST, OPTIONS");
  EXPECT_EQ(route("delete", "/v1/requests/r1").endpoint, Endpoint::method_not_allowed)
      << "methods have their case";
}

TEST(ApiPath, HeadGoesWhereGetGoesAndOptionsAnywhere) {
  EXPECT_EQ(route("HEAD", "/v1/requests/r1").endpoint, Endpoint::request_status);
  EXPECT_EQ(route("HEAD", "/v1/chat").endpoint, Endpoint::method_not_allowed);
  EXPECT_EQ(route("OPTIONS", "/v1/chat").endpoint, Endpoint::preflight);
  EXPECT_EQ(route("OPTIONS", "/nowhere").endpoint, Endpoint::preflight);
}

TEST(ApiPath, AnIdMayHoldAnything) {
  EXPECT_EQ(route("DELETE", "/v1/requests/a/b").id, "a/b");
  EXPECT_EQ(route("DELETE", "/v1/requests/a%2Fb%20c").id, "a/b c");
  EXPECT_EQ(route("DELETE", "/v1/requests/100%").id, "100%");
  EXPECT_EQ(route("DELETE", "/v1/requests/%zz%4").id, "%zz%4");
  EXPECT_EQ(route("DELETE", "/v1/requests/gr\xc3\xbc\xc3\x9f").id, "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(route("DELETE", "/v1/requests/a?b=c").id, "a") << "a query is no part of it";
  EXPECT_EQ(route("POST", "/v1/caesura/requests/a/b/release").id, "a/b");
  EXPECT_EQ(route("GET", "/v1/caesura/requests/a/release").id, "a/release");
  EXPECT_EQ(route("DELETE", "/api/f/v1/requests/v1/requests/x").id, "v1/requests/x");
}

}  // namespace
}  // namespace caesura
