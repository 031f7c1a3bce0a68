#pragma once

#include "sim/random.hpp"
#include "model/seed.hpp"

#include <cstdint>
#include <span>

namespace caesura {

/// What a draw is for: the last part of its key. The values are part of every result: append, never
/// renumber.
enum class Purpose : std::uint8_t {
  latency = 1,
  time_to_first_token,
  time_per_output_token,
  input_tokens,
  cached_input_tokens,
  output_tokens,
  failure,
  repeat_times,
  choice,
  parallel_times,
  wait,
  transaction,
  arrival_gap,
  think,
  cancel_probability,
  cancel_moment,
  link_start,
  link_cancel,
  link_cancel_answer,
  link_answer,
  link_chunk_to_client,
  link_chunk_to_request,
  link_ask,
  link_reply,
  child_request,
  link_cancel_to_agent,
};

/// The number by which the draws of a child request go, which an operation of request `parent`
/// starts that is drawn for at `key`. Beyond the numbers of requests that clients send; two of
/// these differ, but for one chance in 2^63.
inline std::uint64_t child_number(const Seed& seed, std::uint64_t parent, std::uint32_t key) {
  constexpr std::uint64_t no_client = std::uint64_t{1} << 63;
  const DrawnAs as = seed.of(parent);
  const std::uint64_t child =
      no_client | random_bits({.seed = as.seed,
                               .request = as.request,
                               .operation = key,
                               .purpose = static_cast<std::uint32_t>(Purpose::child_request)});
  if (seed.own != nullptr) seed.own->add_child(parent, child);
  return child;
}

/// `key`: of a step of the request's plan (PlanStep); 0: the request's own. `index` tells several
/// draws of one key and purpose apart (a chunk, a cancel source); beyond 2^24 they repeat.
inline double draw(const Seed& seed, std::uint64_t request, std::uint32_t key, Purpose purpose,
                   std::uint32_t index = 0) {
  const DrawnAs as = seed.of(request);
  return uniform_draw({.seed = as.seed,
                       .request = as.request,
                       .operation = key,
                       .purpose = static_cast<std::uint32_t>(purpose) | (index << 8)});
}

/// draw() for several keys, in one go: u[i] becomes that of keys[i], of which there are as many.
inline void draws(const Seed& seed, std::uint64_t request, std::span<const std::uint32_t> keys,
                  Purpose purpose, std::span<double> u) {
  const DrawnAs as = seed.of(request);
  uniform_draws({.seed = as.seed,
                 .request = as.request,
                 .operation = 0,
                 .purpose = static_cast<std::uint32_t>(purpose)},
                keys, u);
}

}  // namespace caesura
