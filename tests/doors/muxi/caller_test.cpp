#include "doors/muxi/caller.hpp"

#include "doors/control/call_error.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace caesura {
namespace {

HttpRequest from(bool loopback, std::vector<HttpHeader> headers) {
  HttpRequest request;
  request.from_loopback = loopback;
  request.headers = std::move(headers);
  return request;
}

unsigned status_of(const HttpRequest& request, const AccessRules& rules) {
  try {
    check_user(identify(request, rules), rules);
  } catch (const CallError& error) {
    return error.status;
  }
  return 200;
}

TEST(Caller, WithoutKeysAnythingGoesButFromThisMachineOnly) {
  EXPECT_EQ(status_of(from(true, {}), {}), 200U);
  EXPECT_EQ(status_of(from(true, {{"X-Muxi-Client-Key", "any"}}), {}), 200U);
  EXPECT_EQ(status_of(from(false, {}), {}), 401U);
  EXPECT_EQ(status_of(from(false, {{"X-Muxi-Client-Key", "any"}}), {}), 401U);
  EXPECT_TRUE(identify(from(true, {{"X-Muxi-Admin-Key", "any"}}), {}).is_admin);
  EXPECT_FALSE(identify(from(true, {{"X-Muxi-Admin-Key", ""}}), {}).is_admin);
}

TEST(Caller, AConfiguredKeyMustBeGivenFromAnywhere) {
  const AccessRules rules{.client_key = "secret", .admin_key = "master"};
  EXPECT_EQ(status_of(from(true, {}), rules), 401U);
  for (const char* wrong : {"", "s", "secre", "secret ", "secretsecret", "SECRET", "master"}) {
    EXPECT_EQ(status_of(from(true, {{"X-Muxi-Client-Key", wrong}}), rules), 401U) << wrong;
  }
  EXPECT_EQ(status_of(from(false, {{"x-muxi-client-key", "secret"}}), rules), 200U);
  EXPECT_FALSE(identify(from(false, {{"X-Muxi-Client-Key", "secret"}}), rules).is_admin);
  EXPECT_TRUE(identify(from(false, {{"X-Muxi-Admin-Key", "master"}}), rules).is_admin);
  EXPECT_EQ(status_of(from(true, {{"X-Muxi-Admin-Key", "secret"}}), rules), 401U);
}

TEST(Caller, OneConfiguredKeyDoesNotOpenTheOtherDoor) {
  EXPECT_EQ(status_of(from(true, {{"X-Muxi-Admin-Key", "any"}}),
                      {.client_key = "secret", .admin_key = {}}),
            401U);
  EXPECT_EQ(status_of(from(true, {{"X-Muxi-Client-Key", "any"}}),
                      {.client_key = {}, .admin_key = "master"}),
            401U);
}

TEST(Caller, WhoeverDoesNotSayIsUserZero) {
  EXPECT_EQ(identify(from(true, {}), {}).user_or_default(), "0");
  EXPECT_EQ(identify(from(true, {{"X-Muxi-User-ID", "ada"}}), {}).user_or_default(), "ada");
}

TEST(Caller, TheStrictRulesWantAUserOfClients) {
  const AccessRules strict{.client_key = {}, .admin_key = {}, .needs_user = true};
  EXPECT_EQ(status_of(from(true, {}), strict), 400U);
  EXPECT_EQ(status_of(from(true, {{"X-Muxi-User-ID", "ada"}}), strict), 200U);
  EXPECT_EQ(status_of(from(true, {{"X-Muxi-Admin-Key", "any"}}), strict), 200U);
}

TEST(Caller, AnObjectForAUserIsToldHowToCall) {
  try {
    check_user(identify(from(true, {{"X-Muxi-User-ID", "[object Object]"}}), {}), {});
    FAIL() << "it was taken";
  } catch (const CallError& error) {
    EXPECT_EQ(error.code, "INVALID_REQUEST");
    EXPECT_NE(std::string(error.what()).find("cancelRequest(id, userId)"), std::string::npos);
  }
}

}  // namespace
}  // namespace caesura
