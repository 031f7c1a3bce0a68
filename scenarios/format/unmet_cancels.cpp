#include "scenarios/format/unmet_cancels.hpp"

#include "sim/statistics.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace caesura {
namespace {

/// Beyond any limit; sums of two, and its product with a count, fit in 128 bits.
constexpr int128 boundless = static_cast<int128>(1'000'000'000'000'000'000) * 1'000'000;

int128 bounded(int128 n) { return std::min(n, boundless); }

/// The most that a request may do of each, by its own workflow.
struct Most {
  int128 operations = 0;
  int128 model_calls = 0;
  int128 chunks = 0;
  int128 tokens = 0;  ///< its children's included
  int128 picos = 0;   ///< likewise
  bool streams = false;
  std::array<bool, operation_kinds> kinds{};

  void add(const Most& other, int128 times = 1) {
    operations = bounded(operations + times * other.operations);
    model_calls = bounded(model_calls + times * other.model_calls);
    chunks = bounded(chunks + times * other.chunks);
    tokens = bounded(tokens + times * other.tokens);
    picos = bounded(picos + times * other.picos);
    if (times > 0) add_sorts(other);
  }
  /// As if either might be done.
  void widen(const Most& other) {
    operations = std::max(operations, other.operations);
    model_calls = std::max(model_calls, other.model_calls);
    chunks = std::max(chunks, other.chunks);
    tokens = std::max(tokens, other.tokens);
    picos = std::max(picos, other.picos);
    add_sorts(other);
  }

 private:
  void add_sorts(const Most& other) {
    streams = streams || other.streams;
    for (std::size_t k = 0; k < kinds.size(); ++k) kinds[k] = kinds[k] || other.kinds[k];
  }
};

std::int64_t most_of(const Distribution& tokens) {
  return std::min(to_count(tokens.highest()), most_tokens.value);
}

/// `model_calls`: at most so many in the request.
std::int64_t most_cached(const ServiceProfile& profile, int128 model_calls) {
  const auto* growing = std::get_if<GrowingContext>(&profile.cached_input_tokens);
  if (growing == nullptr) return most_of(std::get<Distribution>(profile.cached_input_tokens));
  const int128 most = growing->first.value + growing->per_call.value * model_calls;
  return static_cast<std::int64_t>(std::min<int128>(most, most_tokens.value));
}

class Extremes {
 public:
  explicit Extremes(const Model& model) : model_(model), children_(model.services.size()) {}

  /// Twice: how far a growing context grows depends on how many model calls there are.
  Most of(const Workflow& workflow) {
    const Most once = most(workflow, 0);
    return most(workflow, once.model_calls);
  }

 private:
  Most most(const Workflow& workflow, int128 model_calls) {
    Most sum;
    for (const auto& step : workflow) {
      sum.add(
          std::visit([&](const auto& what) { return most_of_step(what, model_calls); }, step.what));
    }
    return sum;
  }

  Most most_of_step(const ServiceCall& call, int128 model_calls) {
    const ServiceProfile& profile = model_.services[call.service];
    Most most{.operations = 1};
    most.kinds[index_of(call.kind)] = true;
    if (call.kind == OperationKind::llm || call.kind == OperationKind::decompose)
      most.model_calls = 1;
    if (model_.child_of(call.service) != nullptr) {
      const Most& child = of_child(call.service);
      most.tokens = child.tokens;
      most.picos = child.picos;
      return most;
    }
    const int128 input = most_of(profile.input_tokens);
    const int128 cached = most_cached(profile, model_calls);
    const int128 output = most_of(profile.output_tokens);
    most.tokens = input + cached + output;
    most.picos =
        bounded(input * profile.price.input.picos + cached * profile.price.cached_input.picos +
                output * profile.price.output.picos);
    most.streams = call.chunk_tokens > 0;
    if (most.streams) most.chunks = (output + call.chunk_tokens - 1) / call.chunk_tokens;
    return most;
  }
  Most most_of_step(const Transaction&, int128) {
    Most most{.operations = 1};
    most.kinds[index_of(OperationKind::transaction)] = true;
    return most;
  }
  Most most_of_step(const Wait&, int128) { return {}; }
  Most most_of_step(const Repeat& repeat, int128 model_calls) {
    return rounds(repeat.times, repeat.body, model_calls);
  }
  Most most_of_step(const ParallelTimes& parallel, int128 model_calls) {
    return rounds(parallel.times, parallel.branch, model_calls);
  }
  Most most_of_step(const Choose& choose, int128 model_calls) {
    Most widest;
    for (std::size_t i = 0; i < choose.branches.size(); ++i) {
      if (choose.weights[i] > 0) widest.widen(most(choose.branches[i], model_calls));
    }
    return widest;
  }
  Most most_of_step(const Parallel& parallel, int128 model_calls) {
    Most sum;
    for (const auto& branch : parallel.branches) sum.add(most(branch, model_calls));
    return sum;
  }
  Most rounds(const Distribution& times, const Workflow& body, int128 model_calls) {
    Most sum;
    sum.add(most(body, model_calls), to_count(times.highest()));
    return sum;
  }

  const Most& of_child(std::uint16_t agent) {
    auto& known = children_[agent];
    if (!known) known = of(model_.child_of(agent)->workflow);
    return *known;
  }

  const Model& model_;
  std::vector<std::optional<Most>> children_;  ///< by service
};

std::string whole_words(int128 n, const char* what) {
  return to_string(n) + ' ' + what + (n == 1 ? "" : "s");
}

/// To the last digit that is not 0, and to the cent.
std::string dollars(int128 picos) {
  constexpr std::int64_t dollar = 1'000'000'000'000;
  std::string decimals = to_string(dollar + picos % dollar).substr(1);
  decimals.erase(std::max<std::size_t>(2, decimals.find_last_not_of('0') + 1));
  return '$' + to_string(picos / dollar) + '.' + decimals;
}

std::string joined_kinds(const std::array<bool, operation_kinds>& kinds) {
  std::string names;
  for (const OperationKind kind : all_operation_kinds) {
    if (kinds[index_of(kind)]) names += std::string(names.empty() ? "" : ", ") + name_of(kind);
  }
  return names;
}

struct Why {
  const Most& most;

  std::string operator()(const CancelAfter&) const { return {}; }
  std::string operator()(const CancelDuringRequest&) const { return {}; }
  std::string operator()(const CancelAfterChunks& moment) const {
    if (most.chunks >= moment.chunks) return {};
    if (!most.streams)
      return "no step that it may reach is streamed; add 'stream' to one, or remove this source";
    return "it is sent at most " + whole_words(most.chunks, "chunk") +
           "; wait for fewer, or make chunks smaller";
  }
  std::string operator()(const CancelDuringOperation& moment) const {
    if (most.operations >= moment.operation) return {};
    return "it has at most " + whole_words(most.operations, "operation") +
           (most.operations == 0 ? "; remove this source" : "; name one of these");
  }
  std::string operator()(const CancelDuringKind& moment) const {
    if (most.kinds[index_of(moment.kind)]) return {};
    const std::string there = joined_kinds(most.kinds);
    return std::string("its workflow never comes to an operation of kind ") + name_of(moment.kind) +
           " (those of its agents are not its own)" +
           (there.empty() ? "; remove this source" : "; name a kind that it has: " + there);
  }
  std::string operator()(const CancelOverCost& moment) const {
    if (most.picos > moment.limit.picos) return {};
    if (most.picos == 0)
      return "nothing that it uses has a price; add 'price' to a service, or remove this source";
    return "it costs at most " + dollars(most.picos) + "; lower the limit";
  }
  std::string operator()(const CancelOverTokens& moment) const {
    if (most.tokens > moment.limit.value) return {};
    if (most.tokens == 0)
      return "nothing that it asks uses tokens; give a service tokens, or remove this source";
    return "it uses at most " + whole_words(most.tokens, "token") + "; lower the limit";
  }
};

}  // namespace

std::vector<std::string> reasons_unmet(const Model& model) {
  std::vector<std::string> reasons;
  if (model.cancels.empty()) return reasons;
  const Most most = Extremes(model).of(model.workflow);
  for (const CancelSource& source : model.cancels)
    reasons.push_back(source.probability > 0 ? std::visit(Why{most}, source.moment) : "");
  return reasons;
}

int128 most_operations_of(const Model& model, const Workflow& workflow) {
  return Extremes(model).of(workflow).operations;
}

}  // namespace caesura
