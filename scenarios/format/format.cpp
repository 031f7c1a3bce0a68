#include "scenarios/format/format.hpp"

#include "scenarios/format/format_parts.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace caesura {
namespace {

std::string listed(const std::vector<Word>& words) {
  std::string list;
  for (const auto& word : words) {
    if (word.refusal.empty()) list += (list.empty() ? "" : ", ") + word.name;
  }
  return list;
}

std::string whole_text(int128 n) {
  return n == UINT64_MAX ? "2^64 - 1" : std::to_string(static_cast<std::int64_t>(n));
}

std::string number_text(double x) {
  if (x == static_cast<double>(static_cast<std::int64_t>(x)))
    return std::to_string(static_cast<std::int64_t>(x));
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), x).ptr};
}

std::string expected(const ScalarForm& form) {
  switch (form.kind) {
    case ScalarForm::Kind::text:
      return "text";
    case ScalarForm::Kind::slug:
      return "a name of letters, digits, '-' and '_' (1 to 64 of them)";
    case ScalarForm::Kind::boolean:
      return "true or false";
    case ScalarForm::Kind::yes:
      return "true";
    case ScalarForm::Kind::whole:
      return "a whole number from " + whole_text(form.least) + " to " + whole_text(form.most) +
             (form.words.empty() ? "" : " or " + listed(form.words));
    case ScalarForm::Kind::number:
      return "a number from " + number_text(form.low) + " to " + number_text(form.high);
    case ScalarForm::Kind::duration:
      return "a duration such as 30s";
    case ScalarForm::Kind::rate:
      return "a rate such as 20/s";
    case ScalarForm::Kind::word:
      return (form.words.size() > 1 ? "one of: " : "") + listed(form.words);
    case ScalarForm::Kind::operation:
      return "an operation's number from 1, such as 2, or \"2.1\" for one of a sub-agent's";
  }
  return "";
}

const Shape& add_links(Format& format, const DistributionShapes& distributions) {
  const auto* delay = distributions.duration;
  return add(
      format,
      {.mapping = {
           {.keys = {
                {"client", delay, "Between the client and its request's server.", false, "\"0s\""},
                {"llm", delay, "Between a request and each language model.", false, "\"0s\""},
                {"tool", delay, "Between a request and each tool.", false, "\"0s\""},
                {"agent", delay, "Between a request and each remote agent.", false, "\"0s\""},
            }}}});
}

Format make_format() {
  Format format;
  const auto distributions = add_distributions(format);
  const auto& workflow = add_workflow(format, distributions);
  const auto& text = add_text(format);
  const auto& thresholds =
      add(format, {.expected = "a list of conditions", .list = {{.item = &text}}});
  format.root = &add(
      format,
      {.expected = "a mapping with the keys scenario, load, services, workflow, …",
       .mapping = {
           {.keys = {
                {"scenario", &add_slug(format),
                 "The scenario's name: letters, digits, '-' and '_', 1 to 64 of them.", true},
                {"description", &text, "What the scenario is about, for people."},
                {"seed", &add_whole(format, 0, UINT64_MAX),
                 "Seeds every random draw; same seed, same run.", false, "1"},
                {"load", &add_load(format, distributions), "How many requests arrive, and when.",
                 true},
                {"links", &add_links(format, distributions),
                 "One-way delay of each message to and from the client and each kind of service."},
                {"services", &add_services(format, distributions, workflow),
                 "The language models, tools and remote agents that perform operations, by kind "
                 "and name."},
                {"workflow", &workflow,
                 "What one request does, in order. A checkpoint follows every operation.", true},
                {"cancel", &add_cancel(format, distributions),
                 "Sources of cancels, each with exactly one moment; the first cancel to arrive "
                 "counts.",
                 false, "[]"},
                {"policy", &add_policy(format, distributions),
                 "What a cancel does to the operation in progress: one policy, or several to "
                 "compare on the same requests.",
                 false, "\"checkpoint\""},
                {"timeout", distributions.positive_duration,
                 "The server's own limit per request, counted from its arrival. Default: none."},
                {"thresholds", &thresholds,
                 "Conditions on numbers of results.json, policy first, such as "
                 "checkpoint.cancel_latency_s.p99 < 120.",
                 false, "[]"},
                {"world", &add_world(format, distributions),
                 "What caesura world alone needs: protocols, and faults of single calls."},
                {"exam", &add_exam(format),
                 "What caesura exam alone needs: when a user says stop, and what is judged."},
            }}}});
  return format;
}

}  // namespace

std::string expected(const Shape& shape) {
  if (!shape.expected.empty()) return shape.expected;
  std::string text;
  const auto join = [&text](const std::string& part) {
    text += (text.empty() ? "" : " or ") + part;
  };
  if (!shape.scalar.empty()) join(expected(shape.scalar.front()));
  if (!shape.mapping.empty()) join("a mapping");
  if (!shape.list.empty()) join("a list");
  return text;
}

const Format& scenario_format() {
  static const Format format = make_format();
  return format;
}

}  // namespace caesura
