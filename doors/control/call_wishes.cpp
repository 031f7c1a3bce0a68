#include "doors/control/call_wishes.hpp"

#include "scenarios/format/format_number.hpp"
#include "doors/control/call_error.hpp"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <string_view>

namespace caesura {
namespace {

[[noreturn]] void refuse(std::string_view header, std::string_view value, std::string_view right) {
  throw CallError(400, "INVALID_REQUEST",
                  fmt::format("{}: '{}' is not understood; {}", header, value, right));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

constexpr std::string_view known_faults =
    "it knows delete=503 (500 to 599), delete-delay=3s, drop-delete, reset-after-chunk=5 and "
    "late-complete, separated by commas";

/// False if it is none.
bool read_fault(std::string_view text, Faults& faults) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  if (equals == std::string_view::npos) {
    if (name == "drop-delete") return faults.drop_cancel = true;
    if (name == "late-complete") return faults.late_complete = true;
    return false;
  }
  const std::string_view value = text.substr(equals + 1);
  if (name == "delete") {
    faults.cancel_status = number<unsigned>(value);
    return faults.cancel_status && *faults.cancel_status >= 500 && *faults.cancel_status <= 599;
  }
  if (name == "delete-delay") {
    faults.cancel_delay = duration_in(value);
    return faults.cancel_delay.has_value();
  }
  if (name == "reset-after-chunk") {
    faults.reset_after_chunk = number<std::uint32_t>(value);
    return faults.reset_after_chunk.value_or(0) > 0;
  }
  return false;
}

Faults read_faults(std::string_view list) {
  Faults faults;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view text = trimmed(list.substr(0, comma));
    if (!text.empty() && !read_fault(text, faults)) refuse("X-Caesura-Fault", text, known_faults);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return faults;
}

}  // namespace

Faults Faults::with(const Faults& of_call) const {
  Faults both = *this;
  if (of_call.cancel_status) both.cancel_status = of_call.cancel_status;
  if (of_call.cancel_delay) both.cancel_delay = of_call.cancel_delay;
  both.drop_cancel = drop_cancel || of_call.drop_cancel;
  both.late_complete = late_complete || of_call.late_complete;
  return both;
}

std::optional<Duration> duration_in(std::string_view text) {
  try {
    return duration_from(text);
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

CallWishes read_wishes(const HttpRequest& request) {
  CallWishes wishes;
  if (const std::string* seed = request.header("X-Caesura-Seed")) {
    wishes.seed = number<std::uint64_t>(trimmed(*seed));
    if (!wishes.seed) refuse("X-Caesura-Seed", *seed, "send a whole number from 0 to 2^64 - 1");
  }
  if (const std::string* policy = request.header("X-Caesura-Policy"))
    wishes.policy = trimmed(*policy);
  if (const std::string* hold = request.header("X-Caesura-Hold")) {
    constexpr std::string_view key = "operation=";
    std::string_view text = trimmed(*hold);
    const bool has_key = text.starts_with(key);
    const auto operation = has_key ? number<std::uint32_t>(text.substr(key.size())) : std::nullopt;
    if (operation.value_or(0) == 0)
      refuse("X-Caesura-Hold", *hold, "send the number of an operation, from 1: operation=2");
    wishes.held_operation = *operation;
  }
  if (const std::string* faults = request.header("X-Caesura-Fault"))
    wishes.faults = read_faults(*faults);
  return wishes;
}

}  // namespace caesura
