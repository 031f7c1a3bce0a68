#include "model/plan.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace caesura {
namespace {

bool is_model_call(OperationKind kind) {
  return kind == OperationKind::llm || kind == OperationKind::decompose;
}

/// Expands a workflow depth first into a plan.
class Expansion {
 public:
  Expansion(const Model& model, const Places& places, RequestNumber request, Plan& plan)
      : model_(model), places_(places), request_(request), plan_(plan) {}

  void add(const Workflow& workflow) {
    for (const WorkflowStep& step : workflow) {
      ++place_;
      std::visit([this](const auto& what) { add(what); }, step.what);
    }
  }

 private:
  void pass_over(const Workflow& workflow) { place_ = places_.end_of(workflow, place_); }

  // Each is called with place_ at its step, and leaves it at the last step inside that.
  void add(const ServiceCall& call) {
    add_operation({.kind = call.kind,
                   .is_child = model_.child_of(call.service) != nullptr,
                   .service = call.service,
                   .model_call = model_calls_,
                   .chunk_tokens = call.chunk_tokens});
    if (is_model_call(call.kind)) ++model_calls_;
    plan_.has_children = plan_.has_children || plan_.steps.back().is_child;
  }
  void add(const Transaction& transaction) {
    add_operation({.kind = OperationKind::transaction, .duration = &transaction.duration});
  }
  void add(const Wait& wait) {
    push({.what = PlanStep::What::wait, .key = key(), .duration = &wait.duration});
  }
  void add(const Repeat& repeat) {
    const std::int64_t times = count_of(repeat.times, Purpose::repeat_times);
    add_rounds(times, repeat.body, [&] {
      ++rounds_;
      check_length();
      add(repeat.body);
    });
  }
  void add(const Choose& choose) {
    double total = 0;
    for (const double weight : choose.weights) total += weight;
    double rest = draw(model_.seed, request_, key(), Purpose::choice) * total;
    std::size_t chosen = 0;
    while (chosen + 1 < choose.weights.size() && rest >= choose.weights[chosen])
      rest -= choose.weights[chosen++];
    // Rounding may leave a rest beyond the last weight: that one may be zero, and is never to be
    // taken.
    while (choose.weights[chosen] <= 0) --chosen;
    for (std::size_t i = 0; i < choose.branches.size(); ++i) {
      if (i == chosen) {
        add(choose.branches[i]);
      } else {
        pass_over(choose.branches[i]);
      }
    }
  }
  void add(const Parallel& parallel) {
    const std::size_t fork = begin_fork();
    for (const Workflow& branch : parallel.branches) add_branch(branch);
    end_fork(fork, parallel.branches.size());
  }
  void add(const ParallelTimes& parallel) {
    const std::int64_t times = count_of(parallel.times, Purpose::parallel_times);
    const std::size_t fork = begin_fork();
    add_rounds(times, parallel.branch, [&] { add_branch(parallel.branch); });
    end_fork(fork, static_cast<std::size_t>(times));
  }

  /// Adds the body of the step at place_ so many times.
  template <class AddBody>
  void add_rounds(std::int64_t times, const Workflow& body, AddBody add_body) {
    const std::uint32_t place = place_;
    const std::uint32_t outer_round = round_;
    // A body in no other has begun in one go alone, so that no account need be kept.
    const bool is_nested = depth_++ > 0;
    std::uint32_t begun = 0;
    if (is_nested) {
      begun_.resize(places_.count() + std::size_t{1});
      begun = begun_[place];
    }
    if (times == 0) pass_over(body);
    for (std::int64_t i = 0; i < times; ++i) {
      place_ = place;
      round_ = begun++;
      add_body();
    }
    if (is_nested) begun_[place] = begun;
    --depth_;
    round_ = outer_round;
  }

  std::size_t begin_fork() {
    plan_.has_forks = true;
    push({.what = PlanStep::What::fork});
    return plan_.steps.size() - 1;
  }
  void add_branch(const Workflow& branch) {
    const std::size_t begin = plan_.steps.size();
    push({.what = PlanStep::What::branch_begin});
    add(branch);
    push({.what = PlanStep::What::branch_end});
    plan_.steps[begin].chunk_tokens = static_cast<std::uint32_t>(plan_.steps.size());
  }
  void end_fork(std::size_t fork, std::size_t branches) {
    plan_.steps[fork].model_call = static_cast<std::uint32_t>(branches);
    plan_.steps[fork].chunk_tokens = static_cast<std::uint32_t>(plan_.steps.size());
  }

  void add_operation(PlanStep step) {
    bool& seen = kinds_seen_[index_of(step.kind)];
    step.first_of_kind = !std::exchange(seen, true);
    step.number = ++plan_.operations;
    step.key = key();
    push(step);
  }
  void push(const PlanStep& step) {
    plan_.steps.push_back(step);
    check_length();
  }
  void check_length() const {
    // Rounds count too: a body that draws nothing at all must not spin for ever.
    if (plan_.steps.size() + rounds_ <= 4 * std::size_t{most_operations} &&
        plan_.operations <= most_operations)
      return;
    throw PlanTooLong("request " + std::to_string(request_) + " draws more than " +
                      std::to_string(most_operations) +
                      " operations; lower the `times` of its repeats, or clamp them with `max`");
  }
  std::int64_t count_of(const Distribution& times, Purpose purpose) {
    return to_count(
        times.quantile(times.is_constant() ? 0.5 : draw(model_.seed, request_, key(), purpose)));
  }
  /// As PlanStep::key; a step that decides the plan's shape is drawn by its own likewise.
  std::uint32_t key() const { return place_ + places_.count() * round_; }

  const Model& model_;
  const Places& places_;
  RequestNumber request_;
  Plan& plan_;
  std::uint32_t model_calls_ = 0;
  std::uint32_t place_ = 0;
  std::uint32_t round_ = 0;           // of the innermost body
  std::uint32_t depth_ = 0;           // bodies around
  std::vector<std::uint32_t> begun_;  // by place: how often the body of a step in another has
  std::size_t rounds_ = 0;
  std::array<bool, operation_kinds> kinds_seen_{};
};

bool shape_is_drawn(const Workflow& workflow);

bool shape_is_drawn(const WorkflowStep& step) {
  struct Visitor {
    bool operator()(const ServiceCall&) const { return false; }
    bool operator()(const Transaction&) const { return false; }
    bool operator()(const Wait&) const { return false; }
    bool operator()(const Repeat& repeat) const {
      return !repeat.times.is_constant() || shape_is_drawn(repeat.body);
    }
    bool operator()(const Choose&) const { return true; }
    bool operator()(const Parallel& parallel) const {
      return std::any_of(parallel.branches.begin(), parallel.branches.end(),
                         [](const Workflow& branch) { return shape_is_drawn(branch); });
    }
    bool operator()(const ParallelTimes& parallel) const {
      return !parallel.times.is_constant() || shape_is_drawn(parallel.branch);
    }
  };
  return std::visit(Visitor{}, step.what);
}

bool shape_is_drawn(const Workflow& workflow) {
  return std::any_of(workflow.begin(), workflow.end(),
                     [](const WorkflowStep& step) { return shape_is_drawn(step); });
}

/// Walks the plan as if every operation were served at once; along two timelines at a time, which
/// only the failures of children part.
class PlannedWalk {
 public:
  PlannedWalk(const Model& model, RequestNumber request, const Plan& plan)
      : model_(model), request_(request), plan_(plan) {
    times_.starts.resize(plan.operations);
    ends_.resize(plan.operations);
  }

  PlannedTimes run() {
    const Moment end = walk(0, {}).second;
    times_.duration = end.whole;
    times_.stop = end.real;
    if (times_.fatal) {
      times_.stop = *times_.fatal;
      for (std::size_t i = 0; i < ends_.size(); ++i) {
        if (times_.starts[i] < *times_.fatal) times_.stop = std::max(times_.stop, ends_[i]);
      }
    }
    return std::move(times_);
  }

 private:
  struct Moment {
    Duration whole{0};  ///< children last as long as they are planned
    Duration real{0};   ///< a child that fails stops earlier
  };

  /// From step `i` at `t` to the end of its branch or of the plan: the step after, and the moment
  /// then.
  std::pair<std::size_t, Moment> walk(std::size_t i, Moment t) {
    while (i < plan_.steps.size()) {
      const PlanStep& step = plan_.steps[i++];
      switch (step.what) {
        case PlanStep::What::operation:
          t = end_of(step, t);
          break;
        case PlanStep::What::wait:
          t = later(t, wait_of(model_, request_, step));
          break;
        case PlanStep::What::branch_begin:
          break;
        case PlanStep::What::branch_end:
          return {i, t};
        case PlanStep::What::fork: {
          Moment joined = t;
          for (std::uint32_t branch = 0; branch < step.branches(); ++branch) {
            const auto [after, end] = walk(i, t);
            joined = {std::max(joined.whole, end.whole), std::max(joined.real, end.real)};
            i = after;
          }
          t = joined;
          break;
        }
      }
    }
    return {i, t};
  }

  static Duration later(Duration t, Duration delay) {
    return after(Time{t}, delay).time_since_epoch();
  }
  static Moment later(Moment t, Duration delay) {
    return {later(t.whole, delay), later(t.real, delay)};
  }

  Moment end_of(const PlanStep& step, Moment asked) {
    Duration& start_of_step = times_.starts[step.number - 1];
    const OperationSample sample = sample_of(model_, request_, step);
    if (step.kind == OperationKind::transaction) {
      start_of_step = asked.real;
      const Moment ended = later(asked, sample.duration);
      ends_[step.number - 1] = ended.real;
      return ended;
    }
    const ServiceProfile& service = model_.services[step.service];
    const Distribution& link = link_to(model_.links, service.kind);
    const Moment start =
        later(asked, link_delay(link, model_.seed, request_, step.key, Purpose::link_ask));
    start_of_step = start.real;
    Moment ended = later(start, sample.duration);
    bool fails = sample.fails;
    if (step.is_child) {
      const ChildPlan child = plan_of_child(model_, request_, step);
      const PlannedTimes times = planned_times(model_, child.number, child.plan);
      ended = {later(start.whole, times.duration), later(start.real, times.stop)};
      fails = fails || times.fatal;
    }
    ended = later(ended, link_delay(link, model_.seed, request_, step.key, Purpose::link_reply));
    ends_[step.number - 1] = ended.real;
    if (fails && service.on_failure == OnFailure::fail)
      times_.fatal = std::min(times_.fatal.value_or(ended.real), ended.real);
    return ended;
  }

  const Model& model_;
  RequestNumber request_;
  const Plan& plan_;
  PlannedTimes times_;
  std::vector<Duration> ends_;  ///< by operation number - 1: when its reply comes
};

}  // namespace

Places::Places(const Workflow& workflow) { measure(workflow); }

void Places::measure(const Workflow& list) {
  if (list.empty()) return;
  const std::size_t before = ends_.size();
  for (const WorkflowStep& step : list) {
    ends_.push_back(0);
    std::visit([this](const auto& what) { measure_inside(what); }, step.what);
  }
  ends_[before] = count();
}

void Places::measure_inside(const Repeat& repeat) { measure(repeat.body); }
void Places::measure_inside(const ParallelTimes& parallel) { measure(parallel.branch); }
void Places::measure_inside(const Choose& choose) {
  for (const Workflow& branch : choose.branches) measure(branch);
}
void Places::measure_inside(const Parallel& parallel) {
  for (const Workflow& branch : parallel.branches) measure(branch);
}

void expand(const Model& model, const Workflow& workflow, const Places& places,
            RequestNumber request, Plan& plan) {
  plan.steps.clear();
  plan.operations = 0;
  plan.has_forks = plan.has_children = false;
  Expansion(model, places, request, plan).add(workflow);
  const auto last = std::find_if(plan.steps.rbegin(), plan.steps.rend(), [](const PlanStep& step) {
    return step.what == PlanStep::What::operation && is_model_call(step.kind);
  });
  if (last != plan.steps.rend()) last->last_model_call = true;
}

std::optional<Plan> shared_plan(const Model& model, const Workflow& workflow) {
  if (shape_is_drawn(workflow)) return std::nullopt;
  Plan plan;
  expand(model, workflow, 0, plan);
  return plan;
}

ChildPlan plan_of_child(const Model& model, RequestNumber parent, const PlanStep& step) {
  ChildPlan child{.number = child_number(model.seed, parent, step.key), .plan = {}};
  expand(model, model.child_of(step.service)->workflow, child.number, child.plan);
  return child;
}

OperationSample sample_of(const Model& model, RequestNumber request, const PlanStep& step) {
  if (step.kind == OperationKind::transaction) {
    OperationSample sample;
    sample.duration = to_duration(
        step.duration->quantile(draw(model.seed, request, step.key, Purpose::transaction)));
    return sample;
  }
  return sample_operation(
      model.services[step.service],
      {.seed = model.seed, .request = request, .key = step.key, .model_call = step.model_call});
}

Duration wait_of(const Model& model, RequestNumber request, const PlanStep& step) {
  return to_duration(step.duration->quantile(draw(model.seed, request, step.key, Purpose::wait)));
}

PlannedTimes planned_times(const Model& model, RequestNumber request, const Plan& plan) {
  return PlannedWalk(model, request, plan).run();
}

const Distribution& link_to(const Links& links, ServiceKind kind) {
  switch (kind) {
    case ServiceKind::llm:
      return links.llm;
    case ServiceKind::tool:
      return links.tool;
    case ServiceKind::agent:
      return links.agent;
  }
  return links.llm;
}

}  // namespace caesura
