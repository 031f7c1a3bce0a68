#include "doors/world/world_session.hpp"

#include "doors/live/filler.hpp"
#include "doors/world/refusal.hpp"
#include "doors/world/shortened.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace caesura {
namespace {

using namespace std::chrono_literals;

constexpr auto sweep_interval = 5s;
/// Words of what a tool answers that makes no tokens.
constexpr std::uint32_t least_answer = 8;
/// The draws of calls outside the plan go by keys that no plan comes to.
constexpr std::uint32_t first_unplanned_key = 0xfff0'0000;

Model played_model(const Model& model, const OwnSeeds& seeds) {
  Model played = model;
  played.seed.own = &seeds;
  return played;
}

std::optional<std::uint16_t> service_named(const Model& model, ServiceKind kind,
                                           std::string_view name) {
  for (std::size_t s = 0; s < model.services.size(); ++s) {
    if (model.services[s].kind == kind && model.services[s].name == name)
      return static_cast<std::uint16_t>(s);
  }
  return std::nullopt;
}

/// Whether the last answer of a loop has been given.
bool is_played(const TurnRecord& turn, const AgentLoop& loop) {
  const LoopStep& last = loop.steps.back();
  const OperationPath& end = last.hands_off ? last.calls.front().operation : last.operation;
  bool played = false;
  for (const OperationRecord& operation : turn.operations) {
    if (operation.planned->path.is_within(end)) played = operation.completed;
  }
  return played;
}

std::string text_of_tool(const OperationSample& sample) {
  return filler(0, std::max(static_cast<std::uint32_t>(sample.tokens.output.value), least_answer));
}

}  // namespace

WorldSession::WorldSession(Loop& loop, const Scenario& scenario, WorldSessionOptions options)
    : loop_(loop),
      scenario_(scenario),
      options_(std::move(options)),
      model_(played_model(scenario.model, seeds_)),
      runs_(model_, seeds_, options_.runs),
      results_(scenario, options_.subject, options_.requests_csv),
      journal_(loop, options_.events),
      calls_(loop, scenario,
             {.manual_clock = options_.manual_clock,
              .time_scale = options_.time_scale,
              .own_seeds = &seeds_},
             journal_) {}

// ---- What the doors ask

std::vector<std::string> WorldSession::models() const {
  std::vector<std::string> names;
  for (const ServiceProfile& service : model_.services) {
    if (service.kind == ServiceKind::llm) names.push_back(service.name);
  }
  return names;
}

std::vector<WorldTool> WorldSession::tools() const {
  std::vector<WorldTool> tools;
  for (const ServiceProfile& service : model_.services) {
    if (service.kind != ServiceKind::tool) continue;
    tools.push_back({.name = service.name,
                     .read_only = service.side_effects == SideEffects::none,
                     .idempotent = service.side_effects != SideEffects::unsafe});
  }
  return tools;
}

std::int64_t WorldSession::created() const {
  return std::chrono::duration_cast<std::chrono::seconds>(options_.start.time_since_epoch())
      .count();
}

BegunModelCall WorldSession::call_model(const CallHint& hint, const Conversation& conversation,
                                        std::shared_ptr<CallAudience> audience) {
  calls_.take_events();
  const auto service = service_named(model_, ServiceKind::llm, conversation.model);
  if (!service) {
    throw Refusal(RefusalKind::unknown_model, 404,
                  fmt::format("The model `{}` does not exist; this world has {}",
                              shortened(conversation.model), fmt::join(models(), ", ")),
                  "model");
  }
  const Trace trace = trace_of(hint, conversation);
  RunRecord& run = run_of(trace.run);
  TurnRecord* turn = &runs_.turn(run, trace.turn.value_or(newest_open_turn(run)));
  const auto is_open = [&](const AgentLoop& loop) { return !is_played(*turn, loop); };
  const AgentLoop* loop = loop_for(trace, turn->plan, conversation, is_open);
  const Mark mark{.run = run.name, .turn = turn->number, .operation = {}};
  Direction said;
  try {
    said = direct(mark, turn->plan, loop, conversation);
  } catch (const Refusal& refusal) {
    note_refusal(run, *turn, refusal.what());
    throw;
  }
  BegunModelCall begun{.id = 0,
                       .answer = {.key = std::move(said.key),
                                  .model = conversation.model,
                                  .calls = std::move(said.calls),
                                  .text = std::move(said.text),
                                  .usage = {}}};
  if (OperationRecord* operation = turn->find(said.operation)) {
    begun.answer.usage = operation->planned->sample.tokens;
    begun.id = calls_.begin_planned(
        run, *turn, *operation, said.standing == Direction::Standing::added, std::move(audience));
    return begun;
  }
  // A call without trace and place belongs to the request before, if this one has not begun.
  if (!trace.turn && !turn->is_real()) {
    for (auto& [number, other] : run.turns) {
      if (other.is_real()) turn = &other;
    }
  }
  const CallPlan plan = unplanned_call(*turn, *service, said.tokens);
  begun.answer.usage = plan.sample.tokens;
  begun.id = calls_.begin_unplanned(run, *turn, plan, std::move(audience));
  return begun;
}

void WorldSession::note_refusal(const CallHint& hint, const Conversation& conversation,
                                std::string_view why) {
  calls_.take_events();
  const Trace trace = trace_of(hint, conversation);
  RunRecord& run = run_of(trace.run);
  note_refusal(run, runs_.turn(run, trace.turn.value_or(newest_open_turn(run))), why);
}

void WorldSession::note_refusal(RunRecord& run, TurnRecord& turn, std::string_view why) {
  ++turn.refused_calls;
  journal_.add(run, {.kind = EventKind::call_refused,
                     .at = now(),
                     .turn = turn.number,
                     .text = std::string(why)});
}

BegunToolCall WorldSession::call_tool(const CallHint& hint, std::string_view tool,
                                      const nlohmann::json& arguments,
                                      std::shared_ptr<CallAudience> audience) {
  calls_.take_events();
  const auto service = service_named(model_, ServiceKind::tool, tool);
  if (!service)
    throw Refusal(RefusalKind::not_found, 404, fmt::format("Unknown tool: {}", shortened(tool)));
  std::optional<Mark> mark;
  if (arguments.is_object()) {
    const auto said = arguments.find("caesura_run");
    if (said != arguments.end() && said->is_string())
      mark = mark_reference(said->get_ref<const std::string&>());
  }
  const std::string name = hint.path_run  ? *hint.path_run
                           : hint.key_run ? *hint.key_run
                           : mark         ? mark->run
                                          : std::string(default_run);
  RunRecord& run = run_of(name);
  const bool is_own = mark && mark->run == run.name && mark->turn;
  TurnRecord& turn = runs_.turn(run, is_own ? *mark->turn : last_unsettled_turn(run));
  OperationRecord* operation = is_own ? turn.find(mark->operation) : nullptr;
  const auto is_of_tool = [&](const OperationRecord& other) {
    return other.planned->step.service == *service;
  };
  if (operation == nullptr || !is_of_tool(*operation)) {
    const auto first = [&](const auto& is_due) {
      const auto found = std::find_if(
          turn.operations.begin(), turn.operations.end(),
          [&](const OperationRecord& other) { return is_of_tool(other) && is_due(other); });
      return found == turn.operations.end() ? nullptr : &*found;
    };
    operation = first([](const OperationRecord& other) { return other.attempts.empty(); });
    // Else it is one that has been asked for in vain.
    if (operation == nullptr) {
      operation = first([](const OperationRecord& other) {
        return !other.completed && other.attempts.back().is_over();
      });
    }
  }
  if (operation != nullptr) {
    const std::string text = text_of_tool(operation->planned->sample);
    return {calls_.begin_planned(run, turn, *operation, false, std::move(audience)), text};
  }
  const CallPlan plan = unplanned_call(turn, *service, std::nullopt);
  const std::string text = text_of_tool(plan.sample);
  return {calls_.begin_unplanned(run, turn, plan, std::move(audience)), text};
}

RunRecord& WorldSession::run_of(const std::string& name) {
  RunRecord* run = runs_.find(name);
  if (run != nullptr && run->ended && name == default_run && run->open_calls == 0) {
    calls_.forget(*run);
    runs_.forget(*run);
    run = nullptr;
  }
  if (run == nullptr) run = &make_run({.name = name});
  if (run->ended)
    throw Refusal(RefusalKind::bad_request, 410,
                  fmt::format("Run {} has ended; begin another one", name));
  runs_.heard(*run, std::chrono::steady_clock::now());
  return *run;
}

/// The first request that is not over for its user.
std::uint32_t WorldSession::newest_open_turn(const RunRecord& run) const {
  std::uint32_t number = 1;
  for (const auto& [n, turn] : run.turns) {
    if (n == number && (turn.is_settled() || turn.is_played())) ++number;
  }
  return number;
}

/// The last request that has begun and is not settled; if there is none, the first that is open.
std::uint32_t WorldSession::last_unsettled_turn(const RunRecord& run) const {
  for (auto turn = run.turns.rbegin(); turn != run.turns.rend(); ++turn) {
    if (turn->second.is_real() && !turn->second.is_settled()) return turn->first;
  }
  return newest_open_turn(run);
}

/// The last request that has begun and is not settled, else the last that has begun, as what is
/// told twice is told of the same; else the first that is open.
std::uint32_t WorldSession::turn_of_note(const RunRecord& run) const {
  std::optional<std::uint32_t> last;
  for (auto turn = run.turns.rbegin(); turn != run.turns.rend(); ++turn) {
    if (!turn->second.is_real()) continue;
    if (!turn->second.is_settled()) return turn->first;
    if (!last) last = turn->first;
  }
  return last ? *last : newest_open_turn(run);
}

CallPlan WorldSession::unplanned_call(const TurnRecord& turn, std::uint16_t service,
                                      std::optional<std::uint32_t> tokens) const {
  CallPlan plan{.service = service,
                .request = turn.plan.request(),
                .key = first_unplanned_key + static_cast<std::uint32_t>(turn.unplanned.size()),
                .sample = {}};
  plan.sample = sample_operation(model_.services[service],
                                 {.seed = model_.seed, .request = plan.request, .key = plan.key});
  plan.sample.fails = false;
  if (!tokens) return plan;
  plan.sample.tokens.output = Tokens{*tokens};
  if (plan.sample.by_token) {
    const std::int64_t gaps = std::max<std::int64_t>(*tokens, 1) - 1;
    plan.sample.duration = plan.sample.first_token + gaps * plan.sample.per_token;
  }
  return plan;
}

void WorldSession::signal(WorldCallId call, SignalKind kind, SignalMeaning meaning) {
  const RunRecord* run = calls_.signal(call, kind, meaning);
  if (run != nullptr) runs_.heard(*run, std::chrono::steady_clock::now());
}

void WorldSession::stray_signal(const CallHint& hint, SignalKind kind) {
  calls_.take_events();
  const std::string name = hint.path_run.value_or(hint.key_run.value_or(std::string(default_run)));
  RunRecord* run = runs_.find(name);
  // It begins none: a late cancel must not change which requests the next runs play.
  if (run == nullptr) return results_.note_stray();
  runs_.heard(*run, std::chrono::steady_clock::now());
  TurnRecord& turn = runs_.turn(*run, turn_of_note(*run));
  ++turn.stray_signals;
  journal_.add(*run,
               {.kind = EventKind::stray_signal, .at = now(), .turn = turn.number, .signal = kind});
}

// ---- What drivers ask

RunRecord& WorldSession::make_run(const RunWishes& wishes) {
  RunRecord& run = runs_.make(wishes, now());
  try {
    check_wishes(run);
  } catch (const Refusal&) {
    runs_.forget(run);
    throw;
  }
  runs_.heard(run, std::chrono::steady_clock::now());
  journal_.add(run, {.kind = EventKind::run_made, .at = now()});
  arm_sweep();
  return run;
}

/// What a run is wished to do wrong, or to wait for, its first request must come to: else a test
/// would test nothing. Throws Refusal.
void WorldSession::check_wishes(RunRecord& run) {
  if (run.faults.empty() && run.held.empty()) return;
  const TurnPlan& plan = runs_.turn(run, 1).plan;
  const auto planned = [&](const OperationPath& path) -> const PlannedOperation& {
    if (const PlannedOperation* operation = plan.find(path)) return *operation;
    throw Refusal(RefusalKind::bad_request, 400,
                  fmt::format("Request {} has no operation {}", run.request, path.text()));
  };
  for (const OperationPath& path : run.held) planned(path);
  for (const CallFault& fault : run.faults) {
    const OperationPath path{fault.operation};
    const std::int64_t tokens = planned(path).sample.tokens.output.value;
    const auto* reset = std::get_if<CallFault::Reset>(&fault.what);
    const auto* stall = std::get_if<CallFault::Stall>(&fault.what);
    const std::int64_t token = reset != nullptr   ? reset->token
                               : stall != nullptr ? stall->token
                                                  : 0;
    if (token <= tokens) continue;
    throw Refusal(RefusalKind::bad_request, 400,
                  fmt::format("Operation {} has {} output tokens, and so no token {}", path.text(),
                              tokens, token));
  }
}

/// The request that a driver's note is about. Of a run's requests the next one may be meant too, of
/// which no call has come yet.
TurnRecord& WorldSession::noted_turn(RunRecord& run, std::optional<std::uint32_t> number) {
  if (!number) return runs_.turn(run, turn_of_note(run));
  std::uint32_t begun = 0;
  for (const auto& [n, turn] : run.turns) begun = turn.is_real() ? n : begun;
  if (*number <= begun + 1) return runs_.turn(run, *number);
  throw Refusal(
      RefusalKind::bad_request, 400,
      fmt::format("Request {} of run {} has not begun; its last is {}", *number, run.name, begun),
      "turn");
}

bool WorldSession::note_cancelled(RunRecord& run, std::optional<std::uint32_t> number) {
  calls_.take_events();
  TurnRecord& turn = noted_turn(run, number);
  runs_.heard(run, std::chrono::steady_clock::now());
  const bool is_first = !turn.cancelled && !run.ended;
  if (is_first) {
    turn.cancelled = now();
    for (OperationRecord& operation : turn.operations) {
      for (Attempt& attempt : operation.attempts) {
        attempt.started_before_cancel = attempt.started.has_value();
        attempt.was_in_progress_at_cancel = attempt.started && !attempt.is_over();
      }
    }
  }
  journal_.add(run, {.kind = is_first ? EventKind::cancelled : EventKind::noted_again,
                     .at = now(),
                     .turn = turn.number,
                     .text = is_first ? "" : "cancelled"});
  return is_first;
}

bool WorldSession::note_settled(RunRecord& run, std::optional<std::uint32_t> number,
                                Settlement settlement) {
  calls_.take_events();
  TurnRecord& turn = noted_turn(run, number);
  runs_.heard(run, std::chrono::steady_clock::now());
  const bool is_first = !turn.settlement && !run.ended;
  settlement.at = now();
  if (is_first) {
    turn.settlement = settlement;
    for (OperationRecord& operation : turn.operations) {
      for (Attempt& attempt : operation.attempts) attempt.generated_at_settled = attempt.generated;
    }
    for (UnplannedRecord& call : turn.unplanned)
      call.attempt.generated_at_settled = call.attempt.generated;
  }
  journal_.add(run, {.kind = is_first ? EventKind::settled : EventKind::noted_again,
                     .at = now(),
                     .turn = turn.number,
                     .text = is_first ? name_of(settlement.outcome) : "settled"});
  return is_first;
}

bool WorldSession::release(RunRecord& run, const OperationPath& operation) {
  return calls_.release(run, operation);
}

void WorldSession::end_run(RunRecord& run) {
  calls_.take_events();
  if (run.ended) return;
  for (auto& [number, turn] : run.turns) {
    if (turn.is_real() || !turn.unplanned.empty() || turn.stray_signals > 0)
      results_.close(run, turn, now());
  }
  run.ended = now();
  journal_.add(run, {.kind = EventKind::run_ended, .at = now()});
  runs_.ended(run, std::chrono::steady_clock::now());
  journal_.close(run);
  calls_.let_go(run);
  loop_.post([this] { forget_old(); });  // whoever ends it may still look at it
}

// ---- As a whole

void WorldSession::arm_sweep() {
  if (std::exchange(sweep_armed_, true)) return;
  loop_.at(std::chrono::steady_clock::now() + sweep_interval, [this] {
    sweep_armed_ = false;
    sweep();
    if (!runs_.all().empty()) arm_sweep();
  });
}

void WorldSession::sweep() {
  for (RunRecord* run : runs_.silent(std::chrono::steady_clock::now())) {
    // Whoever comes without a name, later too, needs that one.
    if (run->name != default_run && !calls_.has_work(*run)) end_run(*run);
  }
  loop_.post([this] { forget_old(); });  // when connections that were let go are broken
}

void WorldSession::forget_old() {
  runs_.forget(
      std::chrono::steady_clock::now(), [](const RunRecord& run) { return run.open_calls == 0; },
      [this](const RunRecord& run) { calls_.forget(run); });
}

void WorldSession::close() {
  calls_.take_events();
  std::vector<std::string> names;
  for (const auto& [name, run] : runs_.all()) {
    if (!run.ended && (run.open_calls == 0 || run.is_settled())) names.push_back(name);
  }
  for (const std::string& name : names) {
    if (RunRecord* run = runs_.find(name)) end_run(*run);
  }
  give_rows();
}

void WorldSession::give_rows() { results_.give_rows(); }

Results WorldSession::results() const {
  std::uint64_t open = 0;
  for (const auto& [name, run] : runs_.all()) {
    for (const auto& [number, turn] : run.turns)
      open += turn.is_real() && !turn.is_closed ? 1U : 0U;
  }
  Results results = results_.results(open);
  const LiveServices& services = calls_.services();
  results.engine = options_.manual_clock ? "caf" : "caf-realtime";
  results.run.simulated_seconds = seconds(now());
  results.run.messages = services.messages();
  results.run.peak_in_flight = services.open_peak();
  if (!options_.manual_clock) results.background.lateness_max = services.greatest_lateness();
  return results;
}

nlohmann::ordered_json WorldSession::results_json() const { return json_of(results()); }

nlohmann::ordered_json WorldSession::json_of(const Results& results) const {
  return results_.json_of(results);
}

}  // namespace caesura
