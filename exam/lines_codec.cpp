#include "exam/lines_codec.hpp"

#include "doors/world/json_body.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

/// Numbers beyond it are not exact in every program's JSON.
constexpr std::int64_t most_tokens_said = std::int64_t{1} << 53U;

std::string dumped(const Json& line) {
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// A wrong line, with what is wrong.
struct Wrong {
  std::string what;
};

std::string text_in(const nlohmann::json& line, const char* member, bool is_required) {
  const auto found = line.find(member);
  if (found == line.end() || (!is_required && found->is_null())) {
    if (is_required) throw Wrong{fmt::format("without `{}`", member)};
    return {};
  }
  if (!found->is_string()) throw Wrong{fmt::format("whose `{}` is no text", member)};
  return found->get<std::string>();
}

std::optional<std::int64_t> tokens_in(const nlohmann::json& usage, const char* member) {
  const auto found = usage.find(member);
  if (found == usage.end() || found->is_null()) return std::nullopt;
  const bool fits = found->is_number_unsigned() &&
                    found->get<std::uint64_t>() <= static_cast<std::uint64_t>(most_tokens_said);
  if (!fits)
    throw Wrong{fmt::format("whose usage has a `{}` that is no whole number from 0", member)};
  return static_cast<std::int64_t>(found->get<std::uint64_t>());
}

SettledLine settled_in(const nlohmann::json& line) {
  SettledLine settled;
  const std::string outcome = text_in(line, "outcome", true);
  if (outcome == "completed") {
    settled.outcome = Outcome::completed;
  } else if (outcome == "cancelled") {
    settled.outcome = Outcome::cancelled;
  } else if (outcome == "failed") {
    settled.outcome = Outcome::failed;
  } else {
    throw Wrong{"whose `outcome` is none of completed, cancelled, failed"};
  }
  settled.error = text_in(line, "error", false);
  const auto usage = line.find("usage");
  if (usage == line.end() || usage->is_null()) return settled;
  if (!usage->is_object()) throw Wrong{"whose `usage` is no object"};
  settled.input_tokens = tokens_in(*usage, "input_tokens");
  settled.output_tokens = tokens_in(*usage, "output_tokens");
  return settled;
}

}  // namespace

std::string start_line(const SubjectRun& run) {
  Json env = Json::object();
  for (const auto& [name, value] : run.env) env[name] = value;
  return dumped({{"do", "start"}, {"run", run.run}, {"prompt", run.prompt}, {"env", env}});
}

std::string cancel_line(const std::string& run) { return dumped({{"do", "cancel"}, {"run", run}}); }

std::string leave_line(const std::string& run) { return dumped({{"do", "leave"}, {"run", run}}); }

std::string prompt_line(const std::string& run, const std::string& prompt) {
  return dumped({{"do", "prompt"}, {"run", run}, {"prompt", prompt}});
}

std::string end_line() { return R"({"do":"end"})"; }

SubjectLine decode_subject_line(std::string_view line) {
  // Most of what is no line of ours is told by its ends: a flood of it is to cost little.
  constexpr std::string_view blank = " \t\r\n";
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  const std::size_t first = line.find_first_not_of(blank);
  if (first == std::string_view::npos || line[first] != '{' ||
      line[line.find_last_not_of(blank)] != '}')
    return OtherOutput{};
  nlohmann::json said;
  try {
    said = json_of_body(line);
  } catch (const Refusal&) {
    return OtherOutput{};
  }
  if (!said.is_object()) return OtherOutput{};
  const auto found = said.find("is");
  if (found == said.end() || !found->is_string()) return OtherOutput{};
  const std::string& is = found->get_ref<const std::string&>();
  if (is == "ready") return ReadyLine{};
  if (is != "text" && is != "settled") return OtherOutput{};
  std::string run;
  try {
    run = text_in(said, "run", false);
    if (is == "text") return TextLine{run, text_in(said, "text", true)};
    return OutcomeLine{run, settled_in(said)};
  } catch (const Wrong& wrong) {
    return WrongLine{run, fmt::format("a `{}` {}", is, wrong.what)};
  }
}

}  // namespace caesura
