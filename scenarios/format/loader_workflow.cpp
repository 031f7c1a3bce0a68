#include "scenarios/format/loader_workflow.hpp"

#include "model/plan.hpp"
#include "scenarios/format/format_number.hpp"

#include <algorithm>
#include <utility>

namespace caesura {
namespace {

constexpr std::array<ServiceKind, 3> service_kinds{ServiceKind::llm, ServiceKind::tool,
                                                   ServiceKind::agent};

bool is_true(const Value* value) {
  return value != nullptr && (value->text.front() == 't' || value->text.front() == 'T');
}

Price read_price(const Value* value) {
  if (value == nullptr) return {};
  const auto read = [](const Value& dollars, std::int64_t tokens) {
    try {
      return price_from(dollars.text, tokens);
    } catch (const std::invalid_argument& problem) {
      fail(dollars.place, std::string("this price ") + problem.what());
    }
  };
  if (const auto* flat = value->find("per_1k")) {
    const auto each = read(*flat, 1000);
    return {.input = each, .cached_input = each, .output = each};
  }
  constexpr std::int64_t million = 1'000'000;
  const auto input = read(*value->find("input"), million);
  const auto* cached = value->find("cached_input");
  return {.input = input,
          .cached_input = cached == nullptr ? input : read(*cached, million),
          .output = read(*value->find("output"), million)};
}

OnAbort read_on_abort(const Value* value) {
  if (value == nullptr || value->text == "generated") return OnAbort::generated;
  return value->text == "full"    ? OnAbort::full
         : value->text == "input" ? OnAbort::input
                                  : OnAbort::none;
}

SideEffects read_side_effects(const Value* value) {
  if (value == nullptr || value->text == "none") return SideEffects::none;
  return value->text == "idempotent" ? SideEffects::idempotent : SideEffects::unsafe;
}

std::optional<std::uint64_t> read_places(const Value* value) {
  return value == nullptr ? std::nullopt
                          : std::optional(static_cast<std::uint64_t>(whole_from(value->text)));
}

/// An agent with a workflow uses what its child requests use.
void refuse_what_children_use(const Value& agent) {
  for (const char* key :
       {"input_tokens", "cached_input_tokens", "output_tokens", "price", "on_abort"}) {
    const Value* value = agent.find(key);
    if (value == nullptr) continue;
    fail(value->place, cited(key) +
                           " does not go with workflow: such an agent uses what the services in "
                           "its workflow use; remove it here");
  }
}

ServiceProfile read_profile(const ValueEntry& entry, ServiceKind kind,
                            const DistributionReader& distributions) {
  const auto& value = entry.value;
  ServiceProfile profile;
  profile.kind = kind;
  profile.name = entry.key;
  if (value.find("workflow") != nullptr) {
    refuse_what_children_use(value);
  } else if (const auto* latency = value.find("latency")) {
    profile.latency = WholeLatency{distributions.read(*latency, Quantity::duration)};
  } else {
    profile.latency =
        TokenLatency{distributions.read(*value.find("time_to_first_token"), Quantity::duration),
                     distributions.read(*value.find("time_per_output_token"), Quantity::duration)};
  }
  profile.input_tokens = distributions.read_or(value, "input_tokens", Quantity::count, {});
  profile.output_tokens = distributions.read_or(value, "output_tokens", Quantity::count, {});
  if (const auto* cached = value.find("cached_input_tokens"))
    profile.cached_input_tokens = distributions.read_cached_input(*cached);
  profile.price = read_price(value.find("price"));
  if (const auto* rate = value.find("failure_rate")) profile.failure_rate = number_from(rate->text);
  profile.on_failure = kind == ServiceKind::llm ? OnFailure::fail : OnFailure::go_on;
  if (const auto* text = value.find("on_failure"))
    profile.on_failure = text->text == "fail" ? OnFailure::fail : OnFailure::go_on;
  profile.concurrency = read_places(value.find("concurrency"));
  profile.queue = read_places(value.find("queue"));
  profile.on_abort = read_on_abort(value.find("on_abort"));
  profile.transactional = is_true(value.find("transactional"));
  profile.side_effects = read_side_effects(value.find("side_effects"));
  return profile;
}

class WorkflowReader {
 public:
  enum class Of { request, agent };
  WorkflowReader(Of of, const ServiceTable& services, const DistributionReader& distributions)
      : of_(of), services_(services), distributions_(distributions) {}

  Workflow steps(const Value& list) const {
    Workflow workflow;
    for (const auto& item : list.items) workflow.push_back({step(item)});
    return workflow;
  }

 private:
  static constexpr std::array<std::pair<const char*, OperationKind>, 4> calls{
      {{"decompose", OperationKind::decompose},
       {"llm", OperationKind::llm},
       {"tool", OperationKind::tool},
       {"agent", OperationKind::agent}}};

  decltype(WorkflowStep::what) step(const Value& item) const {
    for (const auto& [key, kind] : calls) {
      if (const auto* reference = item.find(key)) return call(item, *reference, kind);
    }
    if (const auto* duration = item.find("transaction"))
      return Transaction{distributions_.read(*duration, Quantity::duration)};
    if (const auto* duration = item.find("wait"))
      return Wait{distributions_.read(*duration, Quantity::duration)};
    if (const auto* repeat = item.find("repeat"))
      return Repeat{times(*repeat), steps(*repeat->find("do"))};
    if (const auto* choose = item.find("choose")) return this->choose(*choose);
    const auto& parallel = *item.find("parallel");
    if (parallel.kind == Value::Kind::mapping)
      return ParallelTimes{times(parallel), steps(*parallel.find("do"))};
    Parallel branches;
    for (const auto& branch : parallel.items) {
      branches.branches.push_back(branch.kind == Value::Kind::list ? steps(branch)
                                                                   : Workflow{{step(branch)}});
    }
    return branches;
  }

  ServiceCall call(const Value& item, const Value& reference, OperationKind kind) const {
    const auto service_kind = kind == OperationKind::tool    ? ServiceKind::tool
                              : kind == OperationKind::agent ? ServiceKind::agent
                                                             : ServiceKind::llm;
    ServiceCall call{.kind = kind, .service = services_.find(reference, service_kind)};
    if (const auto* stream = item.find("stream")) {
      if (of_ == Of::agent)
        fail(stream->place, "an agent's workflow has no client to stream to; remove 'stream' here");
      call.chunk_tokens =
          static_cast<std::uint32_t>(whole_from(stream->find("chunk_tokens")->text));
    }
    return call;
  }

  Distribution times(const Value& mapping) const {
    return distributions_.read(*mapping.find("times"), Quantity::count);
  }

  Choose choose(const Value& list) const {
    Choose choose;
    double total = 0;
    for (const auto& item : list.items) {
      choose.weights.push_back(number_from(item.find("weight")->text));
      choose.branches.push_back(steps(*item.find("do")));
      total += choose.weights.back();
    }
    if (total <= 0) fail(list.place, "choose: at least one weight must be above 0");
    return choose;
  }

  Of of_;
  const ServiceTable& services_;
  const DistributionReader& distributions_;
};

/// How much work workflows are at least, and whether an agent reaches itself.
class Extent {
 public:
  /// `places`: of the agents' workflows, by index of the service.
  Extent(const std::vector<std::optional<ChildWorkflow>>& children, const ServiceTable& services,
         const std::vector<Place>& places)
      : children_(children), services_(services), places_(places), fewest_(children.size()) {}

  /// The fewest steps that a request may expand to, its children's included, each round of a loop
  /// counted as at least one: beyond the limit its value is of no interest, so doubles do. Throws
  /// ScenarioError if an agent reaches itself.
  double fewest_steps(const Workflow& workflow) {
    double sum = 0;
    for (const auto& step : workflow)
      sum += std::visit([this](const auto& what) { return fewest(what); }, step.what);
    return sum;
  }

 private:
  double fewest(const ServiceCall& call) {
    const bool is_child = call.service < children_.size() && children_[call.service];
    return is_child ? 1 + fewest_of_agent(call.service) : 1;
  }
  double fewest(const Transaction&) { return 1; }
  double fewest(const Wait&) { return 1; }
  double fewest(const Repeat& repeat) { return rounds(repeat.times, repeat.body); }
  double fewest(const ParallelTimes& parallel) { return rounds(parallel.times, parallel.branch); }
  double fewest(const Choose& choose) {
    double least = most_operations + 1.0;
    for (std::size_t i = 0; i < choose.branches.size(); ++i) {
      const double steps = fewest_steps(choose.branches[i]);
      if (choose.weights[i] > 0) least = std::min(least, steps);
    }
    return least;
  }
  double fewest(const Parallel& parallel) {
    double sum = 0;
    for (const auto& branch : parallel.branches) sum += fewest_steps(branch);
    return sum;
  }
  double rounds(const Distribution& times, const Workflow& body) {
    return static_cast<double>(to_count(times.lowest())) * std::max(1.0, fewest_steps(body));
  }

  double fewest_of_agent(std::uint16_t agent) {
    if (fewest_[agent]) return *fewest_[agent];
    if (const auto again = std::find(path_.begin(), path_.end(), agent); again != path_.end()) {
      std::string names;
      for (auto at = again; at != path_.end(); ++at) names += services_.profile(*at).name + " -> ";
      fail(places_[agent], "an agent's workflow must not reach itself: " + names +
                               services_.profile(agent).name + "; remove one of these steps");
    }
    path_.push_back(agent);
    if (path_.size() > deepest_agents) {
      fail(places_[path_.front()], "agents ask agents over " + std::to_string(deepest_agents) +
                                       " deep from here; ask fewer in a row");
    }
    const double steps = fewest_steps(children_[agent]->workflow);
    path_.pop_back();
    fewest_[agent] = steps;
    return steps;
  }

  static constexpr std::size_t deepest_agents = 100;
  const std::vector<std::optional<ChildWorkflow>>& children_;
  const ServiceTable& services_;
  const std::vector<Place>& places_;
  std::vector<std::optional<double>> fewest_;  ///< by agent
  std::vector<std::uint16_t> path_;
};

}  // namespace

ServiceTable::ServiceTable(const Value* services, const DistributionReader& distributions) {
  if (services == nullptr) return;
  for (const auto kind : service_kinds) {
    if (const auto* named = services->find(name_of(kind))) {
      for (const auto& entry : named->entries) add(entry, kind, distributions);
    }
  }
}

void ServiceTable::add(const ValueEntry& entry, ServiceKind kind,
                       const DistributionReader& distributions) {
  if (profiles_.size() > UINT16_MAX) fail(entry.place, "more than 65536 services; remove some");
  by_kind_[static_cast<std::size_t>(kind)].emplace(entry.key,
                                                   static_cast<std::uint16_t>(profiles_.size()));
  profiles_.push_back(read_profile(entry, kind, distributions));
}

std::uint16_t ServiceTable::find(const Value& reference, ServiceKind kind) const {
  const auto& named = by_kind_[static_cast<std::size_t>(kind)];
  if (const auto it = named.find(reference.text); it != named.end()) return it->second;
  const std::string what =
      std::string("no ") + name_of(kind) + " service is called " + cited(reference.text);
  for (const auto other : service_kinds) {
    if (by_kind_[static_cast<std::size_t>(other)].count(reference.text) == 0) continue;
    fail(reference.place, what + ": services." + name_of(other) + " has it; write '" +
                              name_of(other) + ": " + reference.text + "', or name another");
  }
  if (named.empty()) fail(reference.place, what + "; define it below services." + name_of(kind));
  std::vector<std::string> names;
  for (const auto& profile : profiles_) {
    if (profile.kind == kind) names.push_back(profile.name);
  }
  fail(reference.place, what + suggestion(reference.text, names));
}

Work read_work(const Value& steps, const Value* services, const ServiceTable& table,
               const DistributionReader& distributions) {
  Work work;
  work.workflow = WorkflowReader(WorkflowReader::Of::request, table, distributions).steps(steps);
  const Value* agents = services == nullptr ? nullptr : services->find(name_of(ServiceKind::agent));
  const WorkflowReader reader(WorkflowReader::Of::agent, table, distributions);
  std::vector<Place> places;
  for (std::size_t a = 0; agents != nullptr && a < agents->entries.size(); ++a) {
    const auto& [name, place, agent] = agents->entries[a];
    const Value* workflow = agent.find("workflow");
    if (workflow == nullptr) continue;
    const std::uint16_t index = table.index_of_agent(name);
    work.children.resize(index + std::size_t{1});
    places.resize(index + std::size_t{1});
    const Value* propagate = agent.find("propagate");
    work.children[index] = ChildWorkflow{.workflow = reader.steps(*workflow),
                                         .propagate = propagate == nullptr || is_true(propagate)};
    places[index] = workflow->place;
  }
  Extent extent(work.children, table, places);
  for (std::size_t index = 0; index < work.children.size(); ++index) {
    if (work.children[index])
      extent.fewest_steps({{ServiceCall{.kind = OperationKind::agent,
                                        .service = static_cast<std::uint16_t>(index)}}});
  }
  if (extent.fewest_steps(work.workflow) > most_operations) {
    fail(steps.place, "every request would have over " + std::to_string(most_operations) +
                          " steps; repeat less");
  }
  return work;
}

}  // namespace caesura
