#pragma once

#include "doors/http/http_message.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace caesura {

/// Who may call.
struct AccessRules {
  std::optional<std::string> client_key;
  std::optional<std::string> admin_key;
  /// A client must say who it is on `/requests...`, as the reference runtime wants.
  bool needs_user = false;
  bool is_open() const { return !client_key && !admin_key; }
};

struct Caller {
  bool is_admin = false;
  std::optional<std::string> user;  ///< as the header says
  /// The user that a call without one belongs to is "0".
  std::string user_or_default() const { return user.value_or("0"); }
};

/// Whose call it is. A key that is configured must be given; with none configured any is taken,
/// from loopback only, and whoever gives an admin key is an admin. Throws CallError, UNAUTHORIZED.
/// The time it takes does not depend on where a wrong key differs.
Caller identify(const HttpRequest& request, const AccessRules& rules);

/// Throws CallError, INVALID_REQUEST, for a user that is no user, and for a missing one where the
/// rules want one.
void check_user(const Caller& caller, const AccessRules& rules);
/// Likewise of a user named in a body.
void check_user_name(std::string_view user);

}  // namespace caesura
