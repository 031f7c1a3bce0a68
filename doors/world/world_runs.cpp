#include "doors/world/world_runs.hpp"

#include "model/plan.hpp"
#include "model/turn_number.hpp"
#include "doors/world/refusal.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace caesura {

WorldRuns::WorldRuns(const Model& model, OwnSeeds& seeds, const Limits& limits)
    : model_(model), seeds_(seeds), limits_(limits) {}

void WorldRuns::check_name(const std::string& name) const {
  if (!is_run_name(name)) {
    throw Refusal(RefusalKind::bad_request, 400,
                  "A run's name is made of a-z, 0-9 and -, and is 32 characters long at most",
                  "id");
  }
  if (runs_.contains(name))
    throw Refusal(RefusalKind::bad_request, 409, fmt::format("There is a run {} already", name),
                  "id");
}

RunRecord& WorldRuns::make(const RunWishes& wishes, Time now) {
  if (wishes.name) check_name(*wishes.name);
  // Of those that have ended, some may have calls in progress still, and cannot be forgotten.
  if (in_progress() >= limits_.in_progress ||
      runs_.size() >= 2 * (limits_.in_progress + limits_.ended)) {
    throw Refusal(RefusalKind::overloaded, 503,
                  fmt::format("{} runs are in progress, which is as many as may be; end some with "
                              "POST /caesura/runs/RUN/end, or start with a larger --max-runs",
                              in_progress()));
  }
  if (wishes.request && *wishes.request >= model_.load.requests) {
    throw Refusal(RefusalKind::bad_request, 400,
                  fmt::format("The scenario's load has requests 0 to {}", model_.load.requests - 1),
                  "request");
  }
  std::string name = wishes.name.value_or("");
  while (name.empty() || (!wishes.name && runs_.contains(name)))
    name = fmt::format("run-{}", next_name_++);
  RunRecord run;
  run.name = name;
  run.seed = wishes.seed;
  run.faults = wishes.faults;
  run.held = wishes.held;
  run.made = now;
  run.request = wishes.request.value_or(wishes.seed ? 0 : next_request_);
  if (!wishes.request && !wishes.seed) next_request_ = (next_request_ + 1) % model_.load.requests;
  if (wishes.seed) {
    own_numbers_[name] = next_own_;
    seeds_.add(next_own_++, {.seed = *wishes.seed, .request = run.request});
  }
  return runs_.emplace(name, std::move(run)).first->second;
}

RunRecord* WorldRuns::find(const std::string& name) {
  const auto found = runs_.find(name);
  return found == runs_.end() ? nullptr : &found->second;
}

TurnRecord& WorldRuns::turn(RunRecord& run, std::uint32_t number) {
  if (const auto found = run.turns.find(number); found != run.turns.end()) return found->second;
  if (run.turns.size() >= turns_max) {
    throw Refusal(RefusalKind::bad_request, 400,
                  fmt::format("Run {} has had {} requests, which is as many as one may; begin a "
                              "new run",
                              run.name, turns_max));
  }
  const auto own = own_numbers_.find(run.name);
  const RequestNumber first = own == own_numbers_.end() ? run.request : own->second;
  try {
    const RequestNumber request = turn_number(model_.seed, first, number);
    return run.turns.try_emplace(number, model_, request, number).first->second;
  } catch (const PlanTooLong& error) {
    throw Refusal(RefusalKind::bad_request, 400, error.what());
  }
}

void WorldRuns::forget(const RunRecord& run) {
  std::erase_if(ended_, [&](const End& end) { return end.name == run.name; });
  drop(run.name);
}

void WorldRuns::drop(const std::string& name) {
  if (const auto own = own_numbers_.find(name); own != own_numbers_.end()) {
    seeds_.forget(own->second);
    own_numbers_.erase(own);
  }
  runs_.erase(name);
}

void WorldRuns::heard(const RunRecord& run, Moment at) {
  if (!run.ended) heard_[run.name] = at;
}

void WorldRuns::ended(RunRecord& run, Moment at) {
  heard_.erase(run.name);
  ended_.push_back({run.name, at});
}

std::vector<RunRecord*> WorldRuns::silent(Moment at) {
  std::vector<RunRecord*> silent;
  for (const auto& [name, last] : heard_) {
    if (at - last >= limits_.silence) silent.push_back(&runs_.at(name));
  }
  return silent;
}

void WorldRuns::forget(Moment at, const std::function<bool(const RunRecord&)>& may_go,
                       const std::function<void(const RunRecord&)>& going) {
  std::vector<End> stay;
  while (!ended_.empty()) {
    const bool is_old =
        at - ended_.front().at >= limits_.kept || ended_.size() + stay.size() > limits_.ended;
    if (!is_old) break;
    End end = std::move(ended_.front());
    ended_.pop_front();
    const auto found = runs_.find(end.name);
    if (!may_go(found->second)) {
      stay.push_back(std::move(end));
      continue;
    }
    going(found->second);
    drop(end.name);
  }
  ended_.insert(ended_.begin(), std::make_move_iterator(stay.begin()),
                std::make_move_iterator(stay.end()));
}

}  // namespace caesura
