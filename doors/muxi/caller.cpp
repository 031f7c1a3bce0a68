#include "doors/muxi/caller.hpp"

#include "doors/control/call_error.hpp"
#include "doors/muxi/chat_body.hpp"

#include <algorithm>

namespace caesura {
namespace {

bool same_key(std::string_view given, std::string_view right) {
  unsigned difference = given.size() == right.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char c = right.empty() ? '\0' : right[i % right.size()];
    difference |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(c);
  }
  return difference == 0;
}

bool is_right(const std::string* given, const std::optional<std::string>& right) {
  return given != nullptr && right && same_key(*given, *right);
}

}  // namespace

Caller identify(const HttpRequest& request, const AccessRules& rules) {
  const std::string* client = request.header("X-Muxi-Client-Key");
  const std::string* admin = request.header("X-Muxi-Admin-Key");
  Caller caller;
  if (rules.is_open()) {
    if (!request.from_loopback) {
      throw CallError(
          401, "UNAUTHORIZED",
          "This server has no key configured, so it answers its own machine only; start "
          "it with --client-key");
    }
    caller.is_admin = admin != nullptr && !admin->empty();
  } else {
    caller.is_admin = is_right(admin, rules.admin_key);
    if (!caller.is_admin && !is_right(client, rules.client_key)) {
      const bool given = client != nullptr || admin != nullptr;
      throw CallError(401, "UNAUTHORIZED",
                      given ? "Invalid API key" : "Missing API key: send X-Muxi-Client-Key");
    }
  }
  if (const std::string* user = request.header("X-Muxi-User-ID"); user != nullptr && !user->empty())
    caller.user = *user;
  return caller;
}

void check_user(const Caller& caller, const AccessRules& rules) {
  if (caller.user) check_user_name(*caller.user);
  if (rules.needs_user && !caller.is_admin && !caller.user) {
    throw CallError(400, "INVALID_REQUEST", "Missing user: send X-Muxi-User-ID");
  }
}

void check_user_name(std::string_view user) {
  if (user.size() > longest_id)
    throw CallError(400, "INVALID_REQUEST",
                    "X-Muxi-User-ID: send at most " + std::to_string(longest_id) + " bytes");
  if (user != "[object Object]") return;
  throw CallError(400, "INVALID_REQUEST",
                  "The user id is '[object Object]': an object was passed where a string belongs; "
                  "call cancelRequest(id, userId), "
                  "not cancelRequest(id, {userId})");
}

}  // namespace caesura
