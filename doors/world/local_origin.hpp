#pragma once

#include <string_view>

namespace caesura {

// Only browsers send an `Origin`. A page from elsewhere that one has open must not reach what
// listens on this machine alone; nor may a name that its owner has made to mean this machine (DNS
// rebinding: MCP 2025-11-25, Transports, "Security Warning").

/// localhost, [::1] or an address from 127.0.0.0 on, in any case of letters, with any port or none.
bool is_local_authority(std::string_view authority);
/// http or https, and that.
bool is_local_origin(std::string_view origin);

}  // namespace caesura
