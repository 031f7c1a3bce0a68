#include "scenarios/format/loader_world.hpp"

#include "model/plan.hpp"
#include "scenarios/format/format.hpp"
#include "scenarios/format/format_check.hpp"
#include "scenarios/format/format_number.hpp"
#include "scenarios/format/format_parts.hpp"
#include "scenarios/format/unmet_cancels.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <stdexcept>
#include <unordered_set>
#include <utility>

namespace caesura {
namespace {

const Shape& add_fault(Format& format, const DistributionShapes& distributions) {
  const auto& yes = add(format, {.scalar = {{.kind = ScalarForm::Kind::yes}}});
  const auto& token = add_whole(format, 1, most_tokens.value);
  const auto& reset = add(
      format, {.expected = "true, or {token: 5} for within the answer",
               .scalar = {{.kind = ScalarForm::Kind::yes}},
               .mapping = {{.keys = {{"token", &token,
                                      "The connection is reset once it has been sent.", true}}}}});
  const auto& stall =
      add(format, {.expected = "{token: 5, for: 10s}, or {token: 5} for good",
                   .mapping = {{.keys = {{"token", &token, "Silence once it has been sent.", true},
                                         {"for", distributions.positive_duration,
                                          "How long. Default: for good."}}}}});
  const auto& slow =
      add(format, {.expected = "{factor: 10}",
                   .mapping = {{.keys = {{"factor", &add_number(format, 1, 1'000'000),
                                          "It takes so many times as long.", true}}}}});
  const auto& attempt = add(format, {.scalar = {{.kind = ScalarForm::Kind::whole,
                                                 .least = 1,
                                                 .most = 1'000'000,
                                                 .words = {{"every", "Each of its attempts."}}}}});
  MappingForm form{
      .keys = {{"operation", &add(format, {.scalar = {{.kind = ScalarForm::Kind::operation}}}),
                "The operation's number in the plan, from 1; \"2.1\": the first of what the "
                "second, a sub-agent, does.",
                true},
               {"attempt", &attempt, "Which attempt at it, from 1, or every.", false, "1"},
               {"status", &add_whole(format, 400, 599),
                "This status of HTTP instead of an answer; no work is done."},
               {"retry_after", distributions.plain_duration,
                "When to try again, said with the status."},
               {"reset", &reset,
                "The connection is reset: true, before the answer; {token}, in it."},
               {"lost", &yes,
                "The work is done, its effect committed; then the connection is reset."},
               {"hang", &yes, "No answer ever comes."},
               {"stall", &stall, "The answer stands still after a token; of a model."},
               {"slow", &slow, "It takes longer."},
               {"error", &add_text(format),
                "It fails with this message, as the service's protocol tells errors."}},
      .choices =
          {{.groups = {{"status"}, {"reset"}, {"lost"}, {"hang"}, {"stall"}, {"slow"}, {"error"}}}},
      .needs = {{"retry_after", "status"}}};
  return add(format, {.id = "call_fault",
                      .expected = "a fault such as {operation: 1, status: 429}",
                      .mapping = {std::move(form)}});
}

const Shape* shape_of(const Shape& mapping, const char* key) {
  const auto& keys = mapping.mapping.front().keys;
  return std::find_if(keys.begin(), keys.end(), [&](const KeyForm& k) { return k.name == key; })
      ->shape;
}

bool is_true(const Value* value) {
  return value != nullptr && (value->text.front() == 't' || value->text.front() == 'T');
}

std::uint32_t token_of(const Value& mapping) {
  return static_cast<std::uint32_t>(whole_from(mapping.find("token")->text));
}

std::optional<Duration> duration_or_none(const Value* value) {
  return value == nullptr ? std::nullopt : std::optional(duration_from(value->text));
}

decltype(CallFault::what) read_what(const Value& fault) {
  if (const auto* status = fault.find("status")) {
    return CallFault::Status{.status = static_cast<unsigned>(whole_from(status->text)),
                             .retry_after = duration_or_none(fault.find("retry_after"))};
  }
  if (const auto* reset = fault.find("reset"))
    return CallFault::Reset{reset->kind == Value::Kind::mapping ? token_of(*reset) : 0};
  if (fault.find("lost") != nullptr) return CallFault::Lost{};
  if (fault.find("hang") != nullptr) return CallFault::Hang{};
  if (const auto* stall = fault.find("stall"))
    return CallFault::Stall{.token = token_of(*stall),
                            .for_ = duration_or_none(stall->find("for"))};
  if (const auto* slow = fault.find("slow"))
    return CallFault::Slow{number_from(slow->find("factor")->text)};
  return CallFault::Error{fault.find("error")->text};
}

std::vector<CallFault> read_faults(const Value& list) {
  std::vector<CallFault> faults;
  for (const auto& item : list.items) {
    CallFault fault;
    fault.operation = operation_from(item.find("operation")->text);
    if (const auto* attempt = item.find("attempt")) {
      fault.attempt.reset();
      if (attempt->text != "every")
        fault.attempt = static_cast<std::uint32_t>(whole_from(attempt->text));
    }
    fault.what = read_what(item);
    faults.push_back(std::move(fault));
  }
  return faults;
}

bool is_at_token(const CallFault& fault) {
  const auto* reset = std::get_if<CallFault::Reset>(&fault.what);
  return std::holds_alternative<CallFault::Stall>(fault.what) ||
         (reset != nullptr && reset->token > 0);
}

/// Which operations requests have, and those below them.
class Operations {
 public:
  explicit Operations(const Model& model) : model_(model) {}

  /// Why no request can meet the fault; empty if one may, as far as can be told.
  struct Reason {
    std::string text;
    bool at_operation = true;  ///< else at what happens to it
    bool is_sure = true;       ///< every request has the same plan
  };
  Reason why_unmet(const CallFault& fault) {
    std::vector<const Workflow*> workflows{&model_.workflow};
    bool is_sure = true;
    for (std::size_t depth = 0; depth < fault.operation.size(); ++depth) {
      const std::uint32_t number = fault.operation[depth];
      const bool is_last = depth + 1 == fault.operation.size();
      const Plan* plan = is_sure ? plan_of(*workflows.front()) : nullptr;
      if (plan != nullptr) {
        const auto step =
            std::find_if(plan->steps.begin(), plan->steps.end(), [&](const PlanStep& s) {
              return s.what == PlanStep::What::operation && s.number == number;
            });
        if (step == plan->steps.end()) return too_few(plan->operations, depth, true);
        if (is_last) return about_tokens(fault, *step);
        if (!step->is_child)
          return no_agent("operation " + std::to_string(number) + " is not", true);
        workflows = {&model_.children[step->service]->workflow};
        continue;
      }
      is_sure = false;
      int128 most = 0;
      for (const auto* workflow : workflows)
        most = std::max(most, most_operations_of(model_, *workflow));
      if (number > most) return too_few(most, depth, false);
      if (is_last) break;
      workflows = below(workflows);
      if (workflows.empty()) return no_agent("no operation there is", false);
    }
    return {};
  }

 private:
  static Reason too_few(int128 most, std::size_t depth, bool is_sure) {
    const std::string whose = depth == 0 ? "a request has " : "what this sub-agent does has ";
    return {.text = whose + (is_sure ? "" : "at most ") + to_string(most) + " operation" +
                    (most == 1 ? "" : "s") + "; name one of these",
            .is_sure = is_sure};
  }
  static Reason no_agent(const std::string& what, bool is_sure) {
    return {.text = what +
                    " an agent with a workflow, and only such has operations below it; name one "
                    "without a point",
            .is_sure = is_sure};
  }
  Reason about_tokens(const CallFault& fault, const PlanStep& step) const {
    const bool streams = step.kind == OperationKind::llm || step.kind == OperationKind::decompose;
    if (streams || !is_at_token(fault)) return {};
    return {.text = std::string("this operation is of kind ") + name_of(step.kind) +
                    ", and only models stream tokens; write 'reset: true' or 'hang: true', or name "
                    "one of a model",
            .at_operation = false};
  }

  /// The one plan of all, or null.
  const Plan* plan_of(const Workflow& workflow) {
    const auto [known, is_new] = plans_.try_emplace(&workflow);
    if (is_new) known->second = shared_plan(model_, workflow);
    return known->second ? &*known->second : nullptr;
  }

  /// The workflows of all agents that these may ask.
  std::vector<const Workflow*> below(const std::vector<const Workflow*>& workflows) const {
    std::vector<bool> asked(model_.services.size());
    for (const auto* workflow : workflows) note_asked(*workflow, asked);
    std::vector<const Workflow*> result;
    for (std::size_t service = 0; service < asked.size(); ++service) {
      const auto* child = model_.child_of(static_cast<std::uint16_t>(service));
      if (asked[service] && child != nullptr) result.push_back(&child->workflow);
    }
    return result;
  }
  static void note_asked(const Workflow& workflow, std::vector<bool>& asked) {
    for (const auto& step : workflow) {
      if (const auto* call = std::get_if<ServiceCall>(&step.what)) {
        asked[call->service] = true;
      } else if (const auto* repeat = std::get_if<Repeat>(&step.what)) {
        note_asked(repeat->body, asked);
      } else if (const auto* times = std::get_if<ParallelTimes>(&step.what)) {
        note_asked(times->branch, asked);
      } else if (const auto* choose = std::get_if<Choose>(&step.what)) {
        for (const auto& branch : choose->branches) note_asked(branch, asked);
      } else if (const auto* parallel = std::get_if<Parallel>(&step.what)) {
        for (const auto& branch : parallel->branches) note_asked(branch, asked);
      }
    }
  }

  const Model& model_;
  std::map<const Workflow*, std::optional<Plan>> plans_;  // looked up only: no order matters
};

const Shape& faults_shape() {
  return *shape_of(*shape_of(*scenario_format().root, "world"), "faults");
}

/// Makes a list of JSON values into one tree, each with a source of its own that says which it is.
/// Throws ScenarioError for what no list of faults looks like.
class FaultsText : public nlohmann::json_sax<nlohmann::json> {
 public:
  Value take(const std::string& json) {
    nlohmann::json::sax_parse(json, this);
    return std::move(root_);
  }

  bool null() override { return put(make_value(Value::Kind::null, place())); }
  bool boolean(bool value) override { return plain(value ? "true" : "false"); }
  bool number_integer(std::int64_t value) override { return plain(std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) override { return plain(std::to_string(value)); }
  bool number_float(double, const std::string& text) override { return plain(text); }
  bool string(std::string& text) override {
    Value value = make_value(Value::Kind::scalar, place(), std::move(text));
    value.quoted = true;
    return put(std::move(value));
  }
  bool binary(nlohmann::json::binary_t&) override { return put({}); }  // not in JSON's text
  bool start_object(std::size_t) override { return start(Value::Kind::mapping); }
  bool end_object() override { return end(); }
  bool start_array(std::size_t) override { return start(Value::Kind::list); }
  bool end_array() override { return end(); }
  bool key(std::string& text) override {
    auto& open = open_.back();
    if (!open.keys.insert(text).second)
      fail(place(), "the key " + cited(text) + " appears twice; remove one");
    open.key = std::move(text);
    return true;
  }
  bool parse_error(std::size_t byte, const std::string&,
                   const nlohmann::json::exception&) override {
    fail(whole(), "not valid JSON at byte " + std::to_string(byte));
  }

 private:
  struct Open {
    Value value;
    std::string key = {};
    std::unordered_set<std::string> keys = {};
  };
  static constexpr std::size_t deepest = 20;
  static constexpr std::size_t most_values = 20 * most_faults;

  Place whole() const { return {&sources_.front(), 1, 1}; }
  Place place() {
    if (open_.size() == 1) {
      if (sources_.size() > most_faults)
        fail(whole(), "more than " + std::to_string(most_faults) + "; name fewer");
      sources_.push_back({"faults[" + std::to_string(sources_.size() - 1) + "]", true});
    }
    return {&sources_.back(), 1, 1};
  }

  void check_root(Value::Kind kind) const {
    if (kind != Value::Kind::list) fail(whole(), "must be " + expected(faults_shape()));
  }
  bool plain(std::string text) {
    return put(make_value(Value::Kind::scalar, place(), std::move(text)));
  }
  bool start(Value::Kind kind) {
    const Place at = place();
    if (open_.empty()) check_root(kind);
    if (open_.size() >= deepest)
      fail(at, "nested deeper than " + std::to_string(deepest) + " levels; a fault needs two");
    open_.push_back({make_value(kind, at)});
    return true;
  }
  bool end() {
    Value value = std::move(open_.back().value);
    open_.pop_back();
    return put(std::move(value));
  }
  bool put(Value value) {
    if (++values_ > most_values) fail(whole(), "too many values; name fewer");
    if (open_.empty()) {
      check_root(value.kind);
      root_ = std::move(value);
    } else if (auto& [into, key, keys] = open_.back(); into.kind == Value::Kind::list) {
      into.items.push_back(std::move(value));
    } else {
      const Place at = value.place;
      into.entries.push_back({std::move(key), at, std::move(value)});
    }
    return true;
  }

  std::deque<Source> sources_{{"faults", true}};
  std::vector<Open> open_;
  Value root_;
  std::size_t values_ = 0;
};

}  // namespace

const Shape& add_world(Format& format, const DistributionShapes& distributions) {
  const auto& era = add_words(format, {{"both", "Either, as the client asks."},
                                       {"2025-11-25", "With sessions."},
                                       {"2026-07-28", "Without."}});
  const auto& version = add_words(
      format,
      {{"both", "Either, as the client asks."}, {"0.3", "The first."}, {"1.0", "The second."}});
  const auto& faults =
      add(format, {.expected = "a list such as [{operation: 1, status: 429}]",
                   .list = {{.item = &add_fault(format, distributions), .most = most_faults}}});
  const auto& tools =
      add(format, {.expected = "a mapping such as {era: both}",
                   .mapping = {{.keys = {{"era", &era, "Which revisions of MCP they speak.", false,
                                          "\"both\""}}}}});
  const auto& agents =
      add(format, {.expected = "a mapping such as {version: both}",
                   .mapping = {{.keys = {{"version", &version, "Which versions of A2A they speak.",
                                          false, "\"both\""}}}}});
  return add(
      format,
      {.expected = "a mapping with the keys tools, agents, lenient, faults",
       .mapping = {{.keys = {{"tools", &tools, "How tools are served."},
                             {"agents", &agents, "How agents are served."},
                             {"lenient", &add_boolean(format),
                              "Whether conversations that real providers refuse are answered.",
                              false, "false"},
                             {"faults", &faults, "Faults of single calls, certain, for tests.",
                              false, "[]"}}}}});
}

WorldBlock read_world(const Value& world) {
  WorldBlock block;
  const auto text = [&](const char* part, const char* key) -> std::string {
    const auto* mapping = world.find(part);
    const auto* value = mapping == nullptr ? nullptr : mapping->find(key);
    return value == nullptr ? "both" : value->text;
  };
  const auto era = text("tools", "era");
  block.tools_era = era == "both"         ? WorldBlock::ToolsEra::both
                    : era == "2025-11-25" ? WorldBlock::ToolsEra::v2025_11_25
                                          : WorldBlock::ToolsEra::v2026_07_28;
  const auto version = text("agents", "version");
  block.agents_version = version == "both"  ? WorldBlock::AgentsVersion::both
                         : version == "0.3" ? WorldBlock::AgentsVersion::v0_3
                                            : WorldBlock::AgentsVersion::v1_0;
  block.lenient = is_true(world.find("lenient"));
  if (const auto* faults = world.find("faults")) block.faults = read_faults(*faults);
  return block;
}

std::vector<std::string> check_faults(const Value& world, const WorldBlock& block,
                                      const Model& model) {
  std::vector<std::string> warnings;
  Operations operations(model);
  for (std::size_t i = 0; i < block.faults.size(); ++i) {
    const auto reason = operations.why_unmet(block.faults[i]);
    if (reason.text.empty()) continue;
    const auto& fault = world.find("faults")->items[i];
    const auto* at = fault.find("operation");
    if (!reason.at_operation) at = fault.find(fault.find("stall") != nullptr ? "stall" : "reset");
    const std::string message = "no request can meet this fault: " + reason.text;
    if (reason.is_sure) fail(at->place, message);
    warnings.push_back(location(at->place) + ": warning: " + message);
  }
  return warnings;
}

std::vector<CallFault> faults_from_text(const std::string& json) {
  try {
    FaultsText text;
    const Value list = text.take(json);
    check_part(list, faults_shape(), "faults");
    return read_faults(list);
  } catch (const ScenarioError& problem) {
    throw std::invalid_argument(problem.what());
  }
}

}  // namespace caesura
