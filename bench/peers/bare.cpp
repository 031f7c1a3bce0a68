// The reference workload with no actors, no messages and no engine: the limit that an engine is
// measured against.
//
// By default requests are interleaved, as they would be on a real server: an event loop with a
// 4-ary heap of 16-byte keys and a slab of 16-byte requests. With --one-by-one there is no queue at
// all: a loop over the operations of one request after another, possible only because these
// requests share nothing.
//
// It is meant to be as fast as such a loop can be. Arrivals do not pass through the heap, as the
// next one is all that is ever needed; an operation's end is replaced by the next one's with one
// pass through the heap; a request is reused as soon as it has stopped. Draws are the project's
// own, so that the outcome must equal Caesura's to the nanosecond; with --fast-draws they are the
// fastest of their kind.
#include "bench/peers/event_heap.hpp"
#include "bench/peers/fast_draws.hpp"
#include "bench/peers/reference_workload.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace caesura::peers {
namespace {

template <class Draws>
class Interleaved {
 public:
  Interleaved(const Options& options, Draws& draws, Tally& tally)
      : requests_(options.requests), draws_(draws), tally_(tally) {}

  void run() {
    next_arrival_ = draws_.gap(0);
    for (;;) {
      while (arrived_ < requests_ && (heap_.empty() || next_arrival_ < heap_.top().due)) arrive();
      if (heap_.empty()) break;
      const Event event = heap_.top();
      if ((event.slot & Event::is_cancel) != 0) {
        heap_.pop();
        InFlight& request = slab_[event.slot ^ Event::is_cancel];
        // The place may have gone to another, if the cancel comes too late.
        if (request.number == event.request && request.operation != 0)
          request.cancelled_at = event.due;
      } else {
        operation_over(event);
      }
    }
    tally_.peak_in_flight = slab_.size();
  }

 private:
  struct InFlight {
    Nanoseconds cancelled_at = never;
    std::uint32_t number = 0;
    std::uint32_t operation = 0;  ///< in progress, from 1; 0: the place is free
  };

  void arrive() {
    const std::uint32_t number = arrived_++;
    const std::uint32_t slot = take_slot();
    slab_[slot] = {.cancelled_at = never, .number = number, .operation = 1};
    const Nanoseconds cancel_after = draws_.cancel_after(number);
    if (cancel_after != never)
      heap_.push({next_arrival_ + cancel_after, number, slot | Event::is_cancel});
    heap_.push({next_arrival_ + start(number, 1), number, slot});
    if (arrived_ < requests_) next_arrival_ += draws_.gap(arrived_);
  }

  void operation_over(const Event& event) {
    InFlight& request = slab_[event.slot];
    const bool cancelled = request.cancelled_at != never;
    if (!cancelled && request.operation < operations) {
      heap_.replace_top(
          {event.due + start(event.request, ++request.operation), event.request, event.slot});
      return;
    }
    heap_.pop();
    if (cancelled) {
      tally_.cancelled(event.due - request.cancelled_at);
      while (request.operation < operations)
        tally_.planned += draws_.operation(event.request, ++request.operation);
    }
    request.operation = 0;
    free_.push_back(event.slot);
  }

  Nanoseconds start(std::uint32_t request, std::uint32_t operation) {
    const Nanoseconds duration = draws_.operation(request, operation);
    tally_.planned += duration;
    tally_.used += duration;
    return duration;
  }

  std::uint32_t take_slot() {
    if (free_.empty()) {
      slab_.emplace_back();
      return static_cast<std::uint32_t>(slab_.size() - 1);
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }

  std::uint32_t requests_;
  Draws& draws_;
  Tally& tally_;
  EventHeap heap_;
  std::vector<InFlight> slab_;
  std::vector<std::uint32_t> free_;
  Nanoseconds next_arrival_ = 0;
  std::uint32_t arrived_ = 0;
};

template <class Draws>
void one_by_one(const Options& options, Draws& draws, Tally& tally) {
  Nanoseconds arrival = 0;
  for (std::uint32_t number = 0; number < options.requests; ++number) {
    arrival += draws.gap(number);
    const Nanoseconds cancel_after = draws.cancel_after(number);
    const Nanoseconds cancel_at = cancel_after == never ? never : arrival + cancel_after;
    Nanoseconds now = arrival;
    std::uint32_t operation = 0;
    do {
      now += draws.operation(number, ++operation);
    } while (operation < operations && now < cancel_at);
    tally.used += now - arrival;
    tally.planned += now - arrival;
    if (now >= cancel_at) {
      tally.cancelled(now - cancel_at);
      while (operation < operations) tally.planned += draws.operation(number, ++operation);
    }
  }
}

template <class Draws>
void simulate(const Options& options) {
  Draws draws(options.seed, options.mean_gap_ns());
  Tally tally;
  const auto started = std::chrono::steady_clock::now();
  if (options.has("--one-by-one")) {
    one_by_one(options, draws, tally);
  } else {
    Interleaved<Draws>(options, draws, tally).run();
  }
  tally.finish_and_print(options.requests, started);
}

}  // namespace
}  // namespace caesura::peers

int main(int argc, char** argv) {
  using namespace caesura::peers;
  const Options options = read_options(argc, argv, {"--one-by-one", "--fast-draws"});
  options.has("--fast-draws") ? simulate<FastDraws>(options) : simulate<KeyedDraws>(options);
  return 0;
}
