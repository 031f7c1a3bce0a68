#include "scenarios/study/advise.hpp"

#include "sim/random.hpp"
#include "scenarios/results/noise.hpp"
#include "scenarios/study/refinement.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace caesura {
namespace {

constexpr int most_rounds = 8;
// beyond, one after another: 3^n points a round are too many
constexpr std::size_t most_axes_together = 3;

struct Tried {
  Point point;
  BatchResult result;
};

/// One policy at one of the points tried.
struct Candidate {
  std::size_t tried;
  std::size_t policy;
  Standing standing;
  friend bool operator==(const Candidate& a, const Candidate& b) {
    return a.tried == b.tried && a.policy == b.policy;
  }
};

class Search {
 public:
  Search(const Question& question, const std::atomic<bool>& stop, BatchProgress& progress)
      : question_(question), stop_(stop), progress_(progress) {
    for (const auto& variation : question.variations)
      kinds_.push_back(numeric_kind(variation.values));
  }

  void run_grid() {
    BatchProgress checked;
    const auto options = [&](std::size_t i) {
      return options_at(question_.options, question_.variations, point_of(question_.variations, i));
    };
    warnings_ = check_batch({.file = question_.file,
                             .runs = points_in(question_.variations),
                             .options = options,
                             .threads = question_.threads},
                            stop_, checked);
    std::vector<Point> points;
    for (std::size_t i = 0; i < points_in(question_.variations); ++i)
      points.push_back(point_of(question_.variations, i));
    try_points(points);
    grid_points_ = tried_.size();
  }

  void refine() {
    for (int round = 0; round < most_rounds && !stop_; ++round) {
      const auto best = ranked();
      if (best.empty() || !try_points(around(tried_[best.front().tried].point))) return;
    }
  }

  /// Runs those that are new and that are scenarios; whether there were any.
  bool try_points(const std::vector<Point>& points) {
    std::vector<Point> fresh;
    for (const auto& point : points) {
      if (!known_.contains(point) && is_scenario(point)) fresh.push_back(point);
      known_.insert(point);
    }
    auto results = run(fresh.size(), [&](std::size_t i) {
      return options_at(question_.options, question_.variations, fresh[i]);
    });
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      if (results[i]) tried_.push_back({std::move(fresh[i]), std::move(*results[i])});
    }
    return !fresh.empty();
  }

  /// All candidates that have a value, the best first, of equals the one that was tried first.
  std::vector<Candidate> ranked() const { return ranked_by(question_.target); }
  std::vector<Candidate> ranked_by(const Target& target) const {
    std::vector<Candidate> all;
    for (std::size_t t = 0; t < tried_.size(); ++t) {
      for (std::size_t p = 0; p < tried_[t].result.policies.size(); ++p) {
        const Candidate candidate{t, p, standing_of(tried_[t].result.policies[p], target)};
        if (candidate.standing.usable()) all.push_back(candidate);
      }
    }
    std::stable_sort(all.begin(), all.end(), [&](const Candidate& a, const Candidate& b) {
      return is_better(a.standing, b.standing, target.objective.goal);
    });
    return all;
  }

  Assessed assess(const Candidate& candidate) {
    const auto [tried, policy, standing] = candidate;
    if (const auto known = assessed_.find({tried, policy}); known != assessed_.end())
      return known->second;
    Assessed assessed{
        .point = tried_[tried].point, .search = tried_[tried].result.policies[policy], .fresh = {}};
    repeat(assessed, options_at(question_.options, question_.variations, assessed.point),
           tried_[tried].result.seed);
    return assessed_.emplace(std::pair(tried, policy), std::move(assessed)).first->second;
  }

  /// The scenario with none of the varied values: under the policy that is meant, or else the first
  /// that can cancel.
  std::optional<Assessed> as_written(const std::string& policy) {
    try {
      load_scenario(question_.file, question_.options);
    } catch (const ScenarioError&) {
      return std::nullopt;  // it needs a value that is varied
    }
    const auto results = run(1, [&](std::size_t) { return question_.options; });
    if (!results[0]) return std::nullopt;
    const auto& policies = results[0]->policies;
    const auto named = [&](const std::string& name) {
      return std::find_if(policies.begin(), policies.end(),
                          [&](const PolicyFigures& p) { return p.policy == name; });
    };
    auto found = named(policy);
    if (found == policies.end()) {
      found = std::find_if(policies.begin(), policies.end(), [](const PolicyFigures& p) {
        return figure_at(p, "cancels.effective") > 0;
      });
    }
    if (found == policies.end()) found = policies.begin();
    Assessed assessed{.point = {}, .search = *found, .fresh = {}};
    repeat(assessed, question_.options, results[0]->seed);
    return assessed;
  }

  Curve curve(std::size_t axis, const Assessed& through) {
    const Variation& variation = question_.variations[axis];
    std::vector<Point> points;
    for (const auto& value : variation.values) {
      points.push_back(through.point);
      points.back()[axis] = value;
    }
    try_points(points);
    Curve curve{.path = variation.path, .steps = {}};
    for (const auto& [point, result] : tried_) {
      Point here = point;
      here[axis] = through.point[axis];
      if (here == through.point) curve.steps.push_back({point[axis], like(through.search, result)});
    }
    sort_steps(curve, axis);
    return curve;
  }

  const std::vector<Tried>& tried() const { return tried_; }
  std::size_t grid_points() const { return grid_points_; }
  const std::vector<std::string>& warnings() const { return warnings_; }
  std::size_t runs() const { return runs_; }
  std::uint64_t requests() const { return requests_; }

 private:
  std::vector<std::optional<BatchResult>> run(
      std::size_t runs, const std::function<ScenarioOptions(std::size_t)>& options,
      const std::string& only_policy = {}) {
    auto results = run_batch({.file = question_.file,
                              .runs = runs,
                              .options = options,
                              .only_policy = only_policy,
                              .engine = question_.engine,
                              .threads = question_.threads},
                             stop_, progress_);
    for (const auto& result : results) {
      if (!result) continue;
      ++runs_;
      requests_ += result->requests * result->policies.size();
    }
    return results;
  }

  void repeat(Assessed& assessed, const ScenarioOptions& options, std::uint64_t seed) {
    const auto with_seed = [&](std::size_t i) {
      ScenarioOptions replication = options;
      replication.seed = replication_seed(seed, static_cast<std::uint32_t>(i) + 1);
      return replication;
    };
    for (auto& result : run(fresh_seeds, with_seed, assessed.search.policy)) {
      if (result) assessed.fresh.push_back(std::move(result->policies.at(0)));
    }
    if (assessed.fresh.size() < fresh_seeds) assessed.fresh.clear();
  }

  /// A point between two scenarios may be none: half a place in a queue.
  bool is_scenario(const Point& point) const {
    if (grid_points_ == 0) return true;  // the grid has been checked
    try {
      load_scenario(question_.file, options_at(question_.options, question_.variations, point));
      return true;
    } catch (const ScenarioError&) {
      return false;
    }
  }

  bool differ_in_numbers_only(const Point& a, const Point& b) const {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!kinds_[i] && a[i] != b[i]) return false;
    }
    return true;
  }

  /// Values next to that of `point` on a numeric axis, among the points tried, and half way to
  /// them.
  std::vector<std::string> half_ways(const Point& point, std::size_t axis) const {
    const NumericKind kind = *kinds_[axis];
    const double at = number_of(kind, point[axis]);
    std::optional<std::string> below, above;
    for (const auto& [other, result] : tried_) {
      if (!differ_in_numbers_only(point, other)) continue;
      const double x = number_of(kind, other[axis]);
      if (x < at && (!below || x > number_of(kind, *below))) below = other[axis];
      if (x > at && (!above || x < number_of(kind, *above))) above = other[axis];
    }
    std::vector<std::string> values;
    for (const auto& neighbour : {below, above}) {
      const auto value = neighbour ? half_way(kind, point[axis], *neighbour) : std::nullopt;
      if (value) values.push_back(*value);
    }
    return values;
  }

  std::vector<Point> around(const Point& point) const {
    const auto numeric = static_cast<std::size_t>(std::count_if(
        kinds_.begin(), kinds_.end(), [](const auto& kind) { return kind.has_value(); }));
    std::vector<Point> points{point};
    for (std::size_t axis = 0; axis < point.size(); ++axis) {
      if (!kinds_[axis]) continue;
      const auto values = half_ways(point, axis);
      const std::size_t n = numeric <= most_axes_together ? points.size() : 1;
      for (std::size_t i = 0; i < n; ++i) {
        for (const auto& value : values) {
          points.push_back(points[i]);
          points.back()[axis] = value;
        }
      }
    }
    return points;
  }

  const PolicyFigures& like(const PolicyFigures& wanted, const BatchResult& result) const {
    const PolicyFigures* best = &result.policies.front();
    for (const auto& policy : result.policies) {
      if (policy.policy == wanted.policy) return policy;
      if (is_better(standing_of(policy, question_.target), standing_of(*best, question_.target),
                    question_.target.objective.goal))
        best = &policy;
    }
    return *best;
  }

  void sort_steps(Curve& curve, std::size_t axis) const {
    const auto& values = question_.variations[axis].values;
    std::stable_sort(
        curve.steps.begin(), curve.steps.end(), [&](const Curve::Step& a, const Curve::Step& b) {
          if (kinds_[axis])
            return number_of(*kinds_[axis], a.value) < number_of(*kinds_[axis], b.value);
          return std::find(values.begin(), values.end(), a.value) <
                 std::find(values.begin(), values.end(), b.value);
        });
  }

  const Question& question_;
  const std::atomic<bool>& stop_;
  BatchProgress& progress_;
  std::vector<std::optional<NumericKind>> kinds_;  // by variation
  std::vector<Tried> tried_;
  std::set<Point> known_;
  std::map<std::pair<std::size_t, std::size_t>, Assessed> assessed_;
  std::size_t grid_points_ = 0;
  std::vector<std::string> warnings_;
  std::size_t runs_ = 0;
  std::uint64_t requests_ = 0;
};

bool holds_all(const Assessed& assessed, const Target& target, Hold at_worst) {
  return std::all_of(target.holds.begin(), target.holds.end(),
                     [&](const Threshold& hold) { return judge_hold(assessed, hold) <= at_worst; });
}

/// Of candidates that all hold with one seed, which holds for sure? The better they are the nearer
/// they mostly are to a limit: in steps that double, then back by halves.
Candidate choose(Search& search, const std::vector<Candidate>& held, const Target& target,
                 const std::atomic<bool>& stop) {
  std::optional<Candidate> on_average;
  const auto is_sure = [&](std::size_t rank) {
    const Assessed assessed = search.assess(held[rank]);
    if (assessed.fresh.empty()) return true;  // interrupted: no more is known
    if (!on_average && holds_all(assessed, target, Hold::just)) on_average = held[rank];
    return holds_all(assessed, target, Hold::with_room);
  };
  std::size_t unsure = 0;
  std::size_t rank = 0;
  while (!stop && !is_sure(rank)) {
    if (rank + 1 == held.size()) return on_average.value_or(held.front());
    unsure = rank;
    rank = std::min(rank == 0 ? 1 : 2 * rank, held.size() - 1);
  }
  while (!stop && rank > unsure + 1) {
    const std::size_t middle = unsure + (rank - unsure) / 2;
    (is_sure(middle) ? rank : unsure) = middle;
  }
  return stop ? held.front() : held[rank];
}

void find_others(Advice& advice, Search& search, const std::vector<Candidate>& ranked,
                 const Candidate& chosen) {
  const Target& target = advice.question.target;
  const Candidate& first = ranked.front();
  if (advice.found && !(first == chosen)) {
    advice.looked_better = search.assess(first);
  } else if (advice.found) {
    const auto other = std::find_if(ranked.begin(), ranked.end(), [&](const Candidate& candidate) {
      return !(candidate == chosen) && candidate.tried < search.grid_points() &&
             candidate.standing.held();
    });
    if (other != ranked.end()) advice.runner_up = search.assess(*other);
  }
  if (!target.holds.empty()) {
    const auto free = search.ranked_by({.objective = target.objective, .holds = {}}).front();
    const bool holds =
        standing_of(search.tried()[free.tried].result.policies[free.policy], target).held();
    if (!(free == chosen) && !holds) advice.unconstrained = search.assess(free);
  }
  advice.as_written = search.as_written(advice.recommended->search.policy);
}

}  // namespace

const char* name_of(Hold hold) {
  switch (hold) {
    case Hold::with_room:
      return "with_room";
    case Hold::just:
      return "just";
    case Hold::missed:
      return "missed";
  }
  return "";
}

ReplicatedMean replicated_mean(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double x : values) sum += x;
  const double mean = sum / n;
  if (values.size() < 2 || std::isnan(mean)) {
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    return {none, none, none};
  }
  double squares = 0;
  for (const double x : values) squares += (x - mean) * (x - mean);
  const bool all_equal =
      std::all_of(values.begin(), values.end(), [&](double x) { return x == values.front(); });
  if (all_equal)
    return {values.front(), values.front(),
            values.front()};  // whatever rounding made of their mean
  const double half = student_t95(n - 1) * std::sqrt(squares / (n - 1) / n);
  return {mean, mean - half, mean + half};
}

ReplicatedMean replicated_mean(const Assessed& assessed, const std::string& field) {
  std::vector<double> values;
  for (const auto& fresh : assessed.fresh) values.push_back(figure_at(fresh, field));
  return replicated_mean(values);
}

ReplicatedMean replicated_difference(const Assessed& a, const Assessed& b,
                                     const std::string& field) {
  std::vector<double> values;
  for (std::size_t i = 0; i < std::min(a.fresh.size(), b.fresh.size()); ++i) {
    values.push_back(figure_at(a.fresh[i], field) - figure_at(b.fresh[i], field));
  }
  return replicated_mean(values);
}

Hold judge_hold(const Assessed& assessed, const Threshold& hold) {
  const ReplicatedMean value = replicated_mean(assessed, hold.field);
  const auto does = [&](double x) {
    return !std::isnan(x) && holds(x, hold.comparison, hold.limit);
  };
  if (!does(value.mean)) return Hold::missed;
  return does(value.low) && does(value.high) ? Hold::with_room : Hold::just;
}

std::size_t held_in(const Assessed& assessed, const Threshold& hold) {
  return static_cast<std::size_t>(
      std::count_if(assessed.fresh.begin(), assessed.fresh.end(), [&](const PolicyFigures& fresh) {
        const double x = figure_at(fresh, hold.field);
        return !std::isnan(x) && holds(x, hold.comparison, hold.limit);
      }));
}

bool is_held(const Advice& advice) {
  if (!advice.found || !advice.recommended) return false;
  return advice.recommended->fresh.empty() ||
         holds_all(*advice.recommended, advice.question.target, Hold::just);
}

Advice advise(const Question& question, const std::atomic<bool>& stop, BatchProgress& progress) {
  Advice advice;
  advice.question = question;
  Search search(advice.question, stop, progress);
  search.run_grid();
  if (!stop) search.refine();
  const auto ranked = search.ranked();
  if (!search.tried().empty()) advice.seed = search.tried().front().result.seed;
  if (!ranked.empty()) {
    const auto first_miss = std::find_if(ranked.begin(), ranked.end(),
                                         [](const Candidate& c) { return !c.standing.held(); });
    const std::vector<Candidate> held(ranked.begin(), first_miss);
    advice.found = !held.empty();
    const Candidate chosen =
        advice.found && !stop ? choose(search, held, question.target, stop) : ranked.front();
    advice.recommended = search.assess(chosen);
    if (!stop) find_others(advice, search, ranked, chosen);
    for (std::size_t axis = 0; axis < question.variations.size() && !stop; ++axis) {
      advice.curves.push_back(search.curve(axis, *advice.recommended));
    }
  }
  advice.grid_points = search.grid_points();
  advice.warnings = search.warnings();
  advice.points = search.tried().size();
  advice.runs = search.runs();
  advice.requests = search.requests();
  return advice;
}

}  // namespace caesura
