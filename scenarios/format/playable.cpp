#include "scenarios/format/playable.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace caesura {
namespace {

/// A step that a request may come to.
struct Met {
  std::string text;  ///< "llm: planner"
  Place place;
};

/// At one end of what a list of steps may expand to: the first in the text of each sort.
struct End {
  std::optional<Met> model = {};
  std::optional<Met> tools = {};
  std::optional<Met> handoff =
      {};  ///< at the last end: an agent with a workflow; then not in `tools`

  void add(const End& other) {
    if (!model) model = other.model;
    if (!tools) tools = other.tools;
    if (!handoff) handoff = other.handoff;
  }
};

/// All that a list of steps may expand to, as far as its neighbours are concerned.
struct Extent {
  End first = {};
  End last = {};
  bool may_be_empty = true;
};

std::string line_of(const Place& place) {
  return place.source->is_option ? "" : " (line " + std::to_string(place.line) + ")";
}

/// The step `next` may come right after `before`.
void check_neighbours(const End& before, const End& next) {
  if (before.model && next.model) {
    fail(next.model->place,
         next.model->text + " may come right after " + before.model->text +
             line_of(before.model->place) +
             ": no tool lies between two answers of the model; put a tool or an agent there that "
             "is asked in any case (at least 1 time), or remove one of the two");
  }
  const auto& asked = before.tools ? before.tools : before.handoff;
  if (asked && next.tools) {
    fail(next.tools->place,
         next.tools->text + " may come right after " + asked->text + line_of(asked->place) +
             ": a model asks for each; put an llm step between them that is done in any case, or "
             "both into one 'parallel'");
  }
}

/// One branch of a parallel step: a model asks for several tools at once, and hears of all of them
/// before it goes on.
class Branch {
 public:
  explicit Branch(const Model& model) : model_(model) {}

  /// Throws ScenarioError unless it is a single tool or agent, whatever is drawn. `branch` is a
  /// step or a list of them.
  void check(const Value& branch, const Workflow& workflow) const {
    const bool is_list = branch.kind == Value::Kind::list;
    const Count count = is_list ? list(branch.items, workflow) : list({branch}, workflow);
    if (count.least == 0) {
      fail(is_list ? branch.items.front().place : branch.place,
           "a parallel branch may have no step at all; put a tool or an agent into it in any case");
    }
  }

 private:
  struct Count {
    std::int64_t least = 0;
    std::int64_t most = 0;
  };

  [[noreturn]] static void refuse(const Place& place) {
    fail(place,
         "a parallel branch must be a single tool or agent, so that a model can ask for it; give "
         "what is more to an agent with a workflow of its own, and ask that");
  }

  Count list(const std::vector<Value>& steps, const Workflow& workflow) const {
    Count sum;
    for (std::size_t i = 0; i < workflow.size(); ++i) {
      const Count one =
          std::visit([&](const auto& what) { return step(steps[i], what); }, workflow[i].what);
      sum = {sum.least + one.least, sum.most + one.most};
      if (sum.most > 1) refuse(steps[i].place);
    }
    return sum;
  }

  Count step(const Value& item, const ServiceCall& call) const {
    if (model_.services[call.service].kind != ServiceKind::llm) return {1, 1};
    fail(item.place,
         "no model goes on in a parallel branch; give the branch to an agent with a "
         "workflow of its own, and ask that");
  }
  Count step(const Value& item, const Repeat& repeat) const {
    const std::int64_t most = to_count(repeat.times.highest());
    if (most == 0) return {};
    const Count body = list(item.find("repeat")->find("do")->items, repeat.body);
    return {std::min<std::int64_t>(body.least, to_count(repeat.times.lowest())), body.most * most};
  }
  Count step(const Value& item, const Choose& choose) const {
    Count any{1, 0};
    for (std::size_t i = 0; i < choose.branches.size(); ++i) {
      if (choose.weights[i] <= 0) continue;
      const auto& branch = item.find("choose")->items[i];
      const Count one = list(branch.find("do")->items, choose.branches[i]);
      any = {std::min(any.least, one.least), std::max(any.most, one.most)};
    }
    return any;
  }
  Count step(const Value& item, const Transaction&) const { refuse(item.place); }
  Count step(const Value& item, const Wait&) const { refuse(item.place); }
  Count step(const Value& item, const Parallel&) const { refuse(item.place); }
  Count step(const Value& item, const ParallelTimes&) const { refuse(item.place); }

  const Model& model_;
};

/// The loop of one agent: the request's own, or that of an agent with a workflow.
class Loop {
 public:
  /// `whose` continues "the model of".
  Loop(const Model& model, std::string whose) : model_(model), whose_(std::move(whose)) {}

  /// Throws ScenarioError unless `steps`, of which `workflow` was made, can be played.
  void check(const Value& steps, const Workflow& workflow) {
    const Extent all = list(steps, workflow);
    if (all.first.tools) {
      fail(all.first.tools->place, all.first.tools->text +
                                       " may come first: a loop begins with its model; put an llm "
                                       "step before it that is done in any case");
    }
    if (all.may_be_empty)
      fail(steps.place,
           "it may have no step at all; put an llm step into it that is done in any "
           "case");
    if (all.last.tools) {
      const bool is_agent = all.last.tools->text.starts_with("agent: ");
      fail(all.last.tools->place,
           all.last.tools->text +
               " may come last: the model answers last; put an llm step "
               "after it that is done in any case" +
               (is_agent ? ", or give the agent a workflow (a handoff)" : ""));
    }
  }

  /// The one model, and its first step.
  struct Used {
    std::uint16_t service;
    Place place;
  };
  const std::optional<Used>& used() const { return used_; }

 private:
  Extent list(const Value& steps, const Workflow& workflow) {
    Extent all;
    for (std::size_t i = 0; i < workflow.size(); ++i) {
      const Extent one = std::visit([&](const auto& what) { return step(steps.items[i], what); },
                                    workflow[i].what);
      check_neighbours(all.last, one.first);
      if (all.may_be_empty) all.first.add(one.first);
      if (!one.may_be_empty) all.last = {};
      all.last.add(one.last);
      all.may_be_empty = all.may_be_empty && one.may_be_empty;
    }
    return all;
  }

  Extent step(const Value& item, const ServiceCall& call) {
    const auto& profile = model_.services[call.service];
    const Met met{std::string(name_of(call.kind)) + ": " + profile.name, item.place};
    Extent one{.may_be_empty = false};
    if (profile.kind == ServiceKind::llm) {
      note_model(met, call.service);
      one.first.model = one.last.model = met;
    } else {
      one.first.tools = met;
      (model_.child_of(call.service) != nullptr ? one.last.handoff : one.last.tools) = met;
    }
    return one;
  }
  Extent step(const Value& item, const Transaction&) const {
    fail(item.place,
         "a loop of model and tools has no transaction; write it as a tool with "
         "'transactional: true'");
  }
  Extent step(const Value& item, const Wait&) const {
    fail(item.place,
         "a loop of model and tools cannot wait; remove it, or write it as a tool that "
         "takes so long");
  }
  Extent step(const Value& item, const Repeat& repeat) {
    if (most(repeat.times) == 0) return {};
    Extent body = list(*item.find("repeat")->find("do"), repeat.body);
    if (most(repeat.times) > 1) check_neighbours(body.last, body.first);
    body.may_be_empty = body.may_be_empty || least(repeat.times) == 0;
    return body;
  }
  Extent step(const Value& item, const Choose& choose) {
    Extent any{.may_be_empty = false};
    for (std::size_t i = 0; i < choose.branches.size(); ++i) {
      if (choose.weights[i] <= 0) continue;
      const auto& branch = item.find("choose")->items[i];
      const Extent one = list(*branch.find("do"), choose.branches[i]);
      any.first.add(one.first);
      any.last.add(one.last);
      any.may_be_empty = any.may_be_empty || one.may_be_empty;
    }
    return any;
  }
  Extent step(const Value& item, const Parallel& parallel) {
    const auto& branches = item.find("parallel")->items;
    for (std::size_t i = 0; i < branches.size(); ++i) {
      Branch(model_).check(branches[i], parallel.branches[i]);
    }
    return side_by_side(item);
  }
  Extent step(const Value& item, const ParallelTimes& parallel) {
    if (most(parallel.times) == 0) return {};
    const auto& mapping = *item.find("parallel");
    if (least(parallel.times) == 0) {
      fail(mapping.find("times")->place,
           "a model asks for at least one tool; write times of at least 1 (with 'min: 1' a "
           "distribution has none below)");
    }
    Branch(model_).check(*mapping.find("do"), parallel.branch);
    return side_by_side(item);
  }

  static Extent side_by_side(const Value& item) {
    const Met met{"parallel", item.place};
    return {.first = {.tools = met}, .last = {.tools = met}, .may_be_empty = false};
  }

  void note_model(const Met& met, std::uint16_t service) {
    if (!used_) used_ = Used{service, met.place};
    if (used_->service == service) return;
    const auto& name = model_.services[used_->service].name;
    fail(met.place, "the model of " + whose_ + " is " + cited(name) + line_of(used_->place) +
                        ", and a loop has one; name it here too, or give this step to an agent "
                        "with a workflow");
  }

  static std::int64_t least(const Distribution& times) { return to_count(times.lowest()); }
  static std::int64_t most(const Distribution& times) { return to_count(times.highest()); }

  const Model& model_;
  std::string whose_;
  std::optional<Used> used_;
};

class Playable {
 public:
  Playable(const Value& root, const Model& model) : root_(root), model_(model) {}

  void check() {
    check_names();
    loop("the workflow", *root_.find("workflow"), model_.workflow);
    for_each_service(ServiceKind::agent, [this](const ValueEntry& agent, std::uint16_t service) {
      if (const auto* child = model_.child_of(service))
        loop("the agent " + cited(agent.key), *agent.value.find("workflow"), child->workflow);
    });
  }

 private:
  static constexpr std::size_t longest_name = 40;

  /// Services of one kind are in the model in the order of the file.
  template <typename Visitor>
  void for_each_service(ServiceKind kind, const Visitor& visit) const {
    const auto* services = root_.find("services");
    const auto* named = services == nullptr ? nullptr : services->find(name_of(kind));
    if (named == nullptr) return;
    auto entry = named->entries.begin();
    for (std::size_t service = 0; service < model_.services.size(); ++service) {
      if (model_.services[service].kind == kind)
        visit(*entry++, static_cast<std::uint16_t>(service));
    }
  }

  void check_names() const {
    std::unordered_map<std::string, std::string> known;  // as it is compared: as it is written
    for (const auto kind : {ServiceKind::tool, ServiceKind::agent}) {
      for_each_service(kind, [&](const ValueEntry& entry, std::uint16_t) {
        const std::string what = std::string("the ") + name_of(kind) + ' ' + cited(entry.key);
        if (entry.key.size() > longest_name) {
          fail(entry.place, what + " has a name of " + std::to_string(entry.key.size()) +
                                " characters; give it one of at most " +
                                std::to_string(longest_name) +
                                ", since frameworks put something before it");
        }
        const auto [other, is_new] = known.emplace(compared(entry.key), what);
        if (is_new) return;
        fail(entry.place, what + " cannot be told from " + other->second +
                              ": case does not count in a call, nor '-' or '_'; rename one of "
                              "them");
      });
    }
  }

  static std::string compared(std::string name) {
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      if (c == '_') c = '-';
    }
    return name;
  }

  void loop(const std::string& whose, const Value& steps, const Workflow& workflow) {
    Loop loop(model_, whose);
    loop.check(steps, workflow);
    const auto& used = *loop.used();
    const auto [other, is_new] = owners_.emplace(used.service, whose);
    if (is_new) return;
    fail(used.place, cited(model_.services[used.service].name) + " is the model of " +
                         other->second + ", and a call's model says whose loop it is; give " +
                         whose + " a model of its own in services.llm, and name that");
  }

  const Value& root_;
  const Model& model_;
  std::unordered_map<std::uint16_t, std::string> owners_;  // of models
};

}  // namespace

void require_playable(const Value& root, const Model& model) { Playable(root, model).check(); }

}  // namespace caesura
