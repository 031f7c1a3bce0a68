#include "doors/control/control_path.hpp"

#include "doors/control/percent.hpp"

namespace caesura {

const char* name_of(ControlCall call) {
  switch (call) {
    case ControlCall::release:
      return "release";
    case ControlCall::timeline:
      return "timeline";
    case ControlCall::clock:
      return "clock";
    case ControlCall::clock_advance:
      return "clock_advance";
    case ControlCall::results:
      return "results";
  }
  return "?";
}

ControlPlace control_place_of(std::string_view path, bool posts) {
  if (path == "clock")
    return {{}, {{"GET", ControlCall::clock}, {"POST", ControlCall::clock_advance}}};
  if (path == "results") return {{}, {{"GET", ControlCall::results}}};
  constexpr std::string_view requests = "requests/";
  if (!path.starts_with(requests) || path.size() == requests.size()) return {};
  path.remove_prefix(requests.size());
  constexpr std::string_view release = "/release";
  // An id may end in /release too: then it is the method that tells.
  if (posts && path.size() > release.size() && path.ends_with(release)) {
    path.remove_suffix(release.size());
    return {percent_decoded(path), {{"POST", ControlCall::release}}};
  }
  return {percent_decoded(path), {{"GET", ControlCall::timeline}}};
}

}  // namespace caesura
