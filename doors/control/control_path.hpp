#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace caesura {

/// Caesura's own calls, below a prefix of the door that they came by.
enum class ControlCall : std::uint8_t {
  release,   ///< lets a held operation end
  timeline,  ///< of one request
  clock,
  clock_advance,
  results,
};
const char* name_of(ControlCall call);

struct ControlWay {
  std::string_view method;
  ControlCall call;
};

/// A path, and what its methods do: no methods, there is no such path.
struct ControlPlace {
  std::string id;  ///< of the request that it names, percent-decoded
  std::vector<ControlWay> ways;
};

/// `path` without the prefix: "clock", "requests/ID/release". `posts`: by POST.
ControlPlace control_place_of(std::string_view path, bool posts);

}  // namespace caesura
