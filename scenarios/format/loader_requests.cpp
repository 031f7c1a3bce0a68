#include "scenarios/format/loader_requests.hpp"

#include "scenarios/format/format_number.hpp"
#include "scenarios/format/loader_file.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

namespace caesura {
namespace {

constexpr std::uint64_t most_requests = 1'000'000'000;
/// Time is 64 bits of nanoseconds, 292 years: this leaves room for the requests themselves.
constexpr double longest_load_ns = 100 * 365.0 * 24 * 3600 * 1e9;

std::uint64_t whole(const Value& value) {
  return static_cast<std::uint64_t>(whole_from(value.text));
}

/// Refuses loads whose arrivals run out of numbers or out of time.
void check_extent(const Value& load, const Rate& rate) {
  if (const auto* requests = load.find("requests")) {
    if (static_cast<double>(whole(*requests)) * rate.mean_gap_ns() > longest_load_ns) {
      fail(requests->place,
           "at this rate, so many requests take over 100 years to arrive; have fewer, or a higher "
           "rate");
    }
  } else if (const auto* duration = load.find("duration")) {
    if (static_cast<double>(duration_from(duration->text).count()) / rate.mean_gap_ns() >
        static_cast<double>(most_requests)) {
      fail(duration->place,
           "over 1000000000 requests arrive in this time; shorten it, or lower the rate");
    }
  }
}

std::vector<Time> read_trace(const Value& trace, const std::string& scenario_file) {
  const Source source{beside(scenario_file, trace.text)};
  const auto text = read_file(source.name, largest_data_bytes, trace.place);
  std::vector<Time> arrivals;
  DataLines lines(text, source);
  while (const auto line = lines.next()) {
    try {
      arrivals.emplace_back(seconds_from(line->text));
    } catch (const std::invalid_argument& problem) {
      const std::string what = problem.what();
      fail(line->place, "an arrival " + (what.empty() ? "must be a number of seconds" : what) +
                            ", not " + cited(line->text));
    }
    if (arrivals.size() > 1 && arrivals.back() < arrivals[arrivals.size() - 2]) {
      fail(line->place, "this arrival is before the one above; sort the file");
    }
    if (arrivals.size() > most_requests)
      fail(line->place, "more than 1000000000 arrivals; shorten the file");
  }
  if (arrivals.empty())
    fail(trace.place, cited(source.name) + " holds no arrivals; write seconds, one a line");
  return arrivals;
}

void read_arrivals_of_trace(const Value& trace, const Value& value,
                            const std::string& scenario_file, Load& load) {
  auto arrivals = read_trace(trace, scenario_file);
  if (load.duration) {
    arrivals.erase(std::lower_bound(arrivals.begin(), arrivals.end(), Time{*load.duration}),
                   arrivals.end());
    if (arrivals.empty())
      fail(value.find("duration")->place, "no arrival of the trace is before this; make it longer");
  }
  load.requests = std::min<std::uint64_t>(load.requests, arrivals.size());
  arrivals.resize(load.requests);
  load.arrivals = TracedArrivals{std::move(arrivals)};
}

void read_closed(const Value& closed, const Value& value, const DistributionReader& distributions,
                 Load& load) {
  if (const auto* duration = value.find("duration"))
    fail(duration->place, "'duration' does not go with closed; write requests instead");
  if (const auto* users = value.find("users"))
    fail(users->place,
         "'users' does not go with closed, which has users of its own; remove it here");
  load.users = whole(*closed.find("users"));
  load.arrivals = ClosedLoad{
      .users = load.users, .think = distributions.read_or(closed, "think", Quantity::duration, {})};
}

void read_gamma(const Value& gamma, const Value& value, Load& load) {
  const auto rate = rate_from(gamma.find("rate")->text);
  check_extent(value, rate);
  const auto& cv = *gamma.find("cv");
  try {
    load.arrivals = RandomArrivals{Distribution::gamma(rate.mean_gap_ns(), number_from(cv.text))};
  } catch (const std::invalid_argument& problem) {
    fail(cv.place, problem.what());
  }
}

decltype(CancelSource::moment) read_during(const Value& during,
                                           const DistributionReader& distributions) {
  if (const auto* share = during.find("request"))
    return CancelDuringRequest{distributions.read(*share, Quantity::share)};
  auto at = distributions.read(*during.find("at"), Quantity::share);
  if (const auto* operation = during.find("operation")) {
    return CancelDuringOperation{.operation = static_cast<std::uint32_t>(whole(*operation)),
                                 .at = std::move(at)};
  }
  const auto& text = during.find("kind")->text;
  const auto kind = std::find_if(all_operation_kinds.begin(), all_operation_kinds.end(),
                                 [&](OperationKind k) { return text == name_of(k); });
  return CancelDuringKind{.kind = *kind, .at = std::move(at)};
}

decltype(CancelSource::moment) read_budget(const Value& when) {
  if (const auto* tokens = when.find("tokens_over"))
    return CancelOverTokens{Tokens{static_cast<std::int64_t>(whole(*tokens))}};
  const auto& dollars = *when.find("cost_over");
  try {
    return CancelOverCost{price_from(dollars.text, 1)};
  } catch (const std::invalid_argument& problem) {
    fail(dollars.place, std::string("this amount ") + problem.what());
  }
}

CancelSource read_cancel(const Value& value, const DistributionReader& distributions) {
  CancelSource source;
  if (const auto* after = value.find("after")) {
    source.moment = CancelAfter{distributions.read(*after, Quantity::duration)};
  } else if (const auto* chunks = value.find("after_chunks")) {
    source.moment = CancelAfterChunks{static_cast<std::uint32_t>(whole(*chunks))};
  } else if (const auto* during = value.find("during")) {
    source.moment = read_during(*during, distributions);
  } else {
    source.moment = read_budget(*value.find("when"));
  }
  if (const auto* probability = value.find("probability"))
    source.probability = number_from(probability->text);
  if (const auto* times = value.find("times")) {
    source.times = static_cast<std::uint16_t>(whole(*times));
    if (source.times > 1 && value.find("every") == nullptr) {
      fail(times->place,
           "'times' above 1 needs 'every' beside it; add the time between two sends, such as "
           "every: 500ms");
    }
  }
  if (const auto* every = value.find("every")) source.every = duration_from(every->text);
  if (const auto* finished = value.find("even_if_finished"))
    source.even_if_finished = finished->text[0] == 't' || finished->text[0] == 'T';
  return source;
}

/// Of one item: its name, or "" if it has none that could be told.
std::string policy_name(const Value& item) {
  if (item.kind == Value::Kind::scalar) return item.text;
  if (const auto* named = item.find("named")) return named->text;
  return item.entries.empty() ? "" : item.entries.front().key;
}

Duration duration_or(const Value* options, const char* key, Duration fallback) {
  const Value* value = options == nullptr ? nullptr : options->find(key);
  return value == nullptr ? fallback : duration_from(value->text);
}

/// The kinds of operation that `options` of a policy name; without: all that can be aborted.
std::array<bool, operation_kinds> read_aborted(const Value* options) {
  const Value* named = options == nullptr ? nullptr : options->find("operations");
  std::array<bool, operation_kinds> aborted{};
  for (const OperationKind kind : all_operation_kinds) {
    const auto is_kind = [&](const Value& item) { return item.text == name_of(kind); };
    aborted[index_of(kind)] = named == nullptr
                                  ? kind != OperationKind::transaction
                                  : std::any_of(named->items.begin(), named->items.end(), is_kind);
  }
  return aborted;
}

constexpr std::array policy_kinds{PolicyKind::never, PolicyKind::checkpoint, PolicyKind::abort,
                                  PolicyKind::disconnect, PolicyKind::escalate};
constexpr Duration default_detect = std::chrono::milliseconds(25);
constexpr Duration default_detect_of_disconnect = std::chrono::seconds(2);
constexpr Duration default_after = std::chrono::seconds(5);

Policy read_policy(const Value& item) {
  Policy policy;
  policy.name = policy_name(item);
  const Value* options = nullptr;
  for (const PolicyKind kind : policy_kinds) {
    const Value* found = item.kind == Value::Kind::scalar ? nullptr : item.find(name_of(kind));
    if (found == nullptr && item.text != name_of(kind)) continue;
    policy.kind = kind;
    options = found;
  }
  switch (policy.kind) {
    case PolicyKind::never:
    case PolicyKind::checkpoint:
      break;
    case PolicyKind::abort:
      policy.aborts = read_aborted(options);
      policy.abort_delay = duration_or(options, "detect", default_detect);
      break;
    case PolicyKind::disconnect:
      policy.aborts[index_of(OperationKind::llm)] =
          policy.aborts[index_of(OperationKind::decompose)] = true;
      policy.abort_delay = duration_or(options, "detect", default_detect_of_disconnect);
      break;
    case PolicyKind::escalate:
      policy.aborts = read_aborted(options);
      policy.abort_delay = duration_or(options, "after", default_after) +
                           duration_or(options, "detect", default_detect);
      break;
  }
  return policy;
}

}  // namespace

Load read_load(const Value& value, const DistributionReader& distributions) {
  Load load;
  const auto& arrivals = *value.find("arrivals");
  const auto* requests = value.find("requests");
  const auto* duration = value.find("duration");
  const auto* trace = arrivals.find("trace");
  if (requests == nullptr && duration == nullptr && trace == nullptr) {
    fail(value.place, "load needs either requests or duration; add one, such as requests: 1000");
  }
  load.requests = requests == nullptr ? most_requests : whole(*requests);
  if (duration != nullptr) load.duration = duration_from(duration->text);
  if (const auto* users = value.find("users")) load.users = whole(*users);

  if (arrivals.kind == Value::Kind::scalar) {
    if (duration != nullptr)
      fail(duration->place,
           "'duration' does not go with at_once, since all arrive at 0; write requests instead");
    load.arrivals = ArrivalsAtOnce{};
  } else if (trace != nullptr) {
    read_arrivals_of_trace(*trace, value, distributions.scenario_file(), load);
  } else if (const auto* closed = arrivals.find("closed")) {
    read_closed(*closed, value, distributions, load);
  } else if (const auto* gamma = arrivals.find("gamma")) {
    read_gamma(*gamma, value, load);
  } else if (const auto* constant = arrivals.find("constant")) {
    const auto rate = rate_from(constant->text);
    check_extent(value, rate);
    load.arrivals = ConstantArrivals{.requests = rate.requests, .per = rate.per};
  } else {
    const auto rate = rate_from(arrivals.find("poisson")->text);
    check_extent(value, rate);
    load.arrivals = RandomArrivals{Distribution::exponential(rate.mean_gap_ns())};
  }
  return load;
}

std::vector<CancelSource> read_cancels(const Value& cancel,
                                       const DistributionReader& distributions) {
  std::vector<CancelSource> sources;
  if (cancel.kind == Value::Kind::mapping) return {read_cancel(cancel, distributions)};
  for (const auto& item : cancel.items) sources.push_back(read_cancel(item, distributions));
  return sources;
}

std::vector<Policy> read_policies(const Value& policy) {
  if (policy.kind != Value::Kind::list) return {read_policy(policy)};
  std::vector<Policy> policies;
  for (const auto& item : policy.items) {
    policies.push_back(read_policy(item));
    const auto& name = policies.back().name;
    if (std::any_of(policies.begin(), policies.end() - 1,
                    [&](const Policy& other) { return other.name == name; })) {
      fail(item.place, "two policies are called " + cited(name) +
                           "; remove one, or give it another name with 'named'");
    }
  }
  return policies;
}

std::vector<std::string> policy_names(const Value& policy) {
  if (policy.kind != Value::Kind::list) return {policy_name(policy)};
  std::vector<std::string> names;
  for (const auto& item : policy.items) names.push_back(policy_name(item));
  return names;
}

}  // namespace caesura
