#pragma once

#include <cstdint>

#include "sim/random.hpp"

namespace caesura {

/// What a draw is for: the last part of its key. The values are part of every result: append, never renumber.
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
};

/// `index` tells several draws of one operation and purpose apart (a chunk, a cancel source); beyond 2^24 they repeat.
inline double draw(std::uint64_t seed, std::uint64_t request, std::uint32_t operation, Purpose purpose, std::uint32_t index = 0) {
  return uniform_draw(
      {.seed = seed, .request = request, .operation = operation, .purpose = static_cast<std::uint32_t>(purpose) | (index << 8)});
}

}  // namespace caesura
