#pragma once

#include "sim/distribution.hpp"
#include "sim/time.hpp"
#include "model/quantities.hpp"
#include "model/seed.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace caesura {

enum class ServiceKind : std::uint8_t { llm, tool, agent };
const char* name_of(ServiceKind kind);

/// What an abort of a tool may leave behind.
enum class SideEffects : std::uint8_t { none, idempotent, unsafe };

/// What a model's provider bills for a call that was cut off: input and what was generated; the
/// whole answer; the input; nothing.
enum class OnAbort : std::uint8_t { generated, full, input, none };

/// What a failed operation does to its request.
enum class OnFailure : std::uint8_t { go_on, fail };

/// Price of one token.
struct Price {
  Money input;
  Money cached_input;
  Money output;
};

/// An operation takes `whole`; its tokens come evenly.
struct WholeLatency {
  Distribution whole;  ///< nanoseconds
};

/// The first token of an operation comes time_to_first_token after its start, each other
/// time_per_output_token after the one before. It ends with its last token; without tokens, when
/// the first would have come.
struct TokenLatency {
  Distribution time_to_first_token;    ///< nanoseconds
  Distribution time_per_output_token;  ///< nanoseconds; drawn once per call
};

/// Cached input that grows with each model call of the request: the context so far.
struct GrowingContext {
  Tokens first;
  Tokens per_call;
};

/// A mock LLM, MCP tool or A2A agent: how long an operation takes, how many tokens it makes, what
/// it costs, how it fails.
struct ServiceProfile {
  ServiceKind kind = ServiceKind::llm;
  std::string name;
  std::variant<WholeLatency, TokenLatency> latency;
  Distribution input_tokens;
  std::variant<Distribution, GrowingContext> cached_input_tokens;
  Distribution output_tokens;
  Price price;
  double failure_rate = 0;
  OnFailure on_failure = OnFailure::go_on;
  std::optional<std::uint64_t> concurrency;  ///< operations served at once; none: unlimited
  std::optional<std::uint64_t> queue;        ///< waiting places beyond; none: unlimited
  OnAbort on_abort = OnAbort::generated;
  bool transactional = false;  ///< never cut off once started
  SideEffects side_effects = SideEffects::none;
};

/// Which operation of which request a sample is for.
struct Call {
  Seed seed{};
  std::uint64_t request = 0;
  std::uint32_t key = 0;         ///< of its step in the request's plan (PlanStep)
  std::uint32_t model_call = 0;  ///< how many model calls the plan has before this operation
};

/// What one operation takes and makes if nothing cuts it off.
struct OperationSample {
  Duration duration{0};
  Duration first_token{0};  ///< meaningful if by_token
  Duration per_token{0};    ///< meaningful if by_token
  bool by_token = false;
  bool fails = false;  ///< after its whole duration, having made all its tokens
  TokenCounts tokens{};
};

/// No operation reads or makes more of either; more is cut to this.
inline constexpr Tokens most_tokens{100'000'000};

/// A pure function of its arguments.
OperationSample sample_operation(const ServiceProfile& profile, const Call& call);

/// Sets the duration of a sample by_token to that of its last token, after lowering `per_token` to
/// what longest_duration has room for.
void fit_duration(OperationSample& sample);

/// The sample of each operation of a service of which nothing but a whole latency is drawn, its
/// duration left at 0; none of other services.
std::optional<OperationSample> sample_but_latency(const ServiceProfile& profile);

/// When output token k (1 to tokens.output) exists, counted from the operation's start; never after
/// its duration.
Duration token_time(const OperationSample& sample, std::int64_t k);

/// How many output tokens exist `elapsed` after the start; a token due at that very instant does.
Tokens tokens_generated(const OperationSample& sample, Duration elapsed);

/// What an operation used, and which of its tokens are billed.
struct Usage {
  TokenCounts used;
  TokenCounts billed;
  Duration busy{0};
};

/// Of an operation that ran to its end.
Usage whole_usage(const OperationSample& sample);

/// Of an operation cut off `elapsed` after its start; the whole if it was over by then or is
/// transactional.
Usage usage_if_cut_off(const ServiceProfile& profile, const OperationSample& sample,
                       Duration elapsed);

/// What is used so far, `elapsed` after the start of an operation that goes on: input in full,
/// output as generated; billed alike.
Usage usage_so_far(const OperationSample& sample, Duration elapsed);

Money cost_of(const Price& price, const TokenCounts& tokens);

}  // namespace caesura
