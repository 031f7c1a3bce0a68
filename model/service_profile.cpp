#include "model/service_profile.hpp"

#include "sim/statistics.hpp"
#include "model/purpose.hpp"

#include <algorithm>

namespace caesura {
namespace {

double value_of(const Distribution& distribution, const Call& call, Purpose purpose) {
  // A constant needs no draw, and most figures of most scenarios are constants.
  if (distribution.is_constant()) return distribution.lowest();
  return distribution.quantile(draw(call.seed, call.request, call.key, purpose));
}

Duration duration_of(const Distribution& distribution, const Call& call, Purpose purpose) {
  return to_duration(value_of(distribution, call, purpose));
}

Tokens tokens_of(const Distribution& distribution, const Call& call, Purpose purpose) {
  return std::min(Tokens{to_count(value_of(distribution, call, purpose))}, most_tokens);
}

Tokens cached_tokens_of(const ServiceProfile& profile, const Call& call) {
  if (const auto* growing = std::get_if<GrowingContext>(&profile.cached_input_tokens)) {
    return std::min(growing->first + Tokens{growing->per_call.value * call.model_call},
                    most_tokens);
  }
  return tokens_of(std::get<Distribution>(profile.cached_input_tokens), call,
                   Purpose::cached_input_tokens);
}

TokenCounts tokens_of(const ServiceProfile& profile, const Call& call) {
  return {.input = tokens_of(profile.input_tokens, call, Purpose::input_tokens),
          .cached_input = cached_tokens_of(profile, call),
          .output = tokens_of(profile.output_tokens, call, Purpose::output_tokens)};
}

bool tokens_are_constant(const ServiceProfile& profile) {
  const auto* cached = std::get_if<Distribution>(&profile.cached_input_tokens);
  return cached != nullptr && cached->is_constant() && profile.input_tokens.is_constant() &&
         profile.output_tokens.is_constant();
}

/// ⌊a·b/c⌋ for non-negative numbers whose product may need 128 bits; c > 0.
std::int64_t multiply_divide(std::int64_t a, std::int64_t b, std::int64_t c) {
  return static_cast<std::int64_t>(static_cast<int128>(a) * b / c);
}

}  // namespace

const char* name_of(OperationKind kind) {
  switch (kind) {
    case OperationKind::llm:
      return "llm";
    case OperationKind::decompose:
      return "decompose";
    case OperationKind::tool:
      return "tool";
    case OperationKind::agent:
      return "agent";
    case OperationKind::transaction:
      return "transaction";
  }
  return "";
}

const char* name_of(ServiceKind kind) {
  switch (kind) {
    case ServiceKind::llm:
      return "llm";
    case ServiceKind::tool:
      return "tool";
    case ServiceKind::agent:
      return "agent";
  }
  return "";
}

OperationSample sample_operation(const ServiceProfile& profile, const Call& call) {
  OperationSample sample;
  sample.tokens = tokens_of(profile, call);
  if (const auto* by_token = std::get_if<TokenLatency>(&profile.latency)) {
    sample.by_token = true;
    sample.first_token =
        duration_of(by_token->time_to_first_token, call, Purpose::time_to_first_token);
    sample.per_token =
        duration_of(by_token->time_per_output_token, call, Purpose::time_per_output_token);
    fit_duration(sample);
  } else {
    sample.duration =
        duration_of(std::get<WholeLatency>(profile.latency).whole, call, Purpose::latency);
  }
  sample.fails = profile.failure_rate > 0 &&
                 draw(call.seed, call.request, call.key, Purpose::failure) < profile.failure_rate;
  return sample;
}

void fit_duration(OperationSample& sample) {
  const std::int64_t room = (longest_duration - sample.first_token).count();
  const std::int64_t gaps = std::max<std::int64_t>(sample.tokens.output.value - 1, 0);
  const bool fits = gaps == 0 || sample.per_token.count() <= room / gaps;
  if (!fits) sample.per_token = Duration{room / gaps};
  sample.duration = sample.first_token + sample.per_token * gaps;
}

std::optional<OperationSample> sample_but_latency(const ServiceProfile& profile) {
  if (!std::holds_alternative<WholeLatency>(profile.latency) || profile.failure_rate > 0 ||
      !tokens_are_constant(profile))
    return std::nullopt;
  OperationSample sample;
  sample.tokens = tokens_of(profile, {});
  return sample;
}

Duration token_time(const OperationSample& sample, std::int64_t k) {
  if (sample.by_token) return sample.first_token + sample.per_token * (k - 1);
  return Duration{multiply_divide(sample.duration.count(), k, sample.tokens.output.value)};
}

Tokens tokens_generated(const OperationSample& sample, Duration elapsed) {
  if (elapsed >= sample.duration) return sample.tokens.output;
  if (elapsed < zero_duration) return {};
  if (sample.by_token) {
    if (elapsed < sample.first_token) return {};
    // Not over, so tokens are to come, and there is time between them.
    return {1 + (elapsed - sample.first_token) / sample.per_token};
  }
  // The largest k with ⌊duration·k/n⌋ <= elapsed.
  const std::int64_t n = sample.tokens.output.value;
  return {n == 0 ? 0
                 : static_cast<std::int64_t>((static_cast<int128>(elapsed.count() + 1) * n - 1) /
                                             sample.duration.count())};
}

Usage whole_usage(const OperationSample& sample) {
  return {.used = sample.tokens, .billed = sample.tokens, .busy = sample.duration};
}

Usage usage_so_far(const OperationSample& sample, Duration elapsed) {
  TokenCounts tokens = sample.tokens;
  tokens.output = tokens_generated(sample, elapsed);
  return {.used = tokens,
          .billed = tokens,
          .busy = std::clamp(elapsed, zero_duration, sample.duration)};
}

Usage usage_if_cut_off(const ServiceProfile& profile, const OperationSample& sample,
                       Duration elapsed) {
  if (elapsed >= sample.duration || profile.transactional) return whole_usage(sample);
  Usage usage = usage_so_far(sample, elapsed);
  switch (profile.on_abort) {
    case OnAbort::generated:
      break;
    case OnAbort::full:
      usage.billed = sample.tokens;
      break;
    case OnAbort::input:
      usage.billed.output = {};
      break;
    case OnAbort::none:
      usage.billed = {};
      break;
  }
  return usage;
}

Money cost_of(const Price& price, const TokenCounts& tokens) {
  return price.input * tokens.input + price.cached_input * tokens.cached_input +
         price.output * tokens.output;
}

}  // namespace caesura
