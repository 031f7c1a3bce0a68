#include "model/arrivals.hpp"

#include "sim/statistics.hpp"
#include "model/plan.hpp"

#include <stdexcept>

namespace caesura {
namespace {

Time nth_arrival(const ConstantArrivals& arrivals, RequestNumber n) {
  const int128 nanoseconds = static_cast<int128>(n) * arrivals.per.count() / arrivals.requests;
  if (nanoseconds > Time::max().time_since_epoch().count())
    throw std::overflow_error("the load lasts longer than 292 years");
  return Time{Duration{static_cast<std::int64_t>(nanoseconds)}};
}

}  // namespace

std::optional<Time> Arrivals::next() {
  const Load& load = model_->load;
  if (number_ >= load.requests) return std::nullopt;
  const RequestNumber n = number_++;
  if (const auto* constant = std::get_if<ConstantArrivals>(&load.arrivals)) {
    last_ = nth_arrival(*constant, n);
  } else if (const auto* random = std::get_if<RandomArrivals>(&load.arrivals)) {
    const Duration gap =
        to_duration(random->gap.quantile(draw(model_->seed, n, 0, Purpose::arrival_gap)));
    if (gap > Time::max() - last_)
      throw std::overflow_error("the load lasts longer than 292 years");
    last_ += gap;
  } else if (const auto* trace = std::get_if<TracedArrivals>(&load.arrivals)) {
    if (n >= trace->arrivals.size()) return std::nullopt;
    last_ = trace->arrivals[n];
  }
  if (load.duration && last_ >= Time{*load.duration}) {
    number_ = load.requests;
    return std::nullopt;
  }
  return last_;
}

const ClosedLoad* closed_load(const Model& model) {
  return std::get_if<ClosedLoad>(&model.load.arrivals);
}

}  // namespace caesura
