#pragma once

#include "sim/time.hpp"
#include "scenarios/format/shapes.hpp"

#include <string>

namespace caesura {

/// The parts of the description; format.cpp joins them.

Shape& add(Format& format, Shape shape);
const Shape& add_whole(Format& format, int128 least, int128 most);
const Shape& add_number(Format& format, double low, double high);
const Shape& add_words(Format& format, std::vector<Word> words);
const Shape& add_boolean(Format& format);
const Shape& add_text(Format& format);
const Shape& add_slug(Format& format);
/// `expected` names the bounds, both of which are allowed.
const Shape& add_duration(Format& format, std::string expected, Duration least, Duration most);

/// What a distribution is of.
struct DistributionShapes {
  const Shape* duration = nullptr;             ///< a duration
  const Shape* tokens = nullptr;               ///< a count of tokens
  const Shape* times = nullptr;                ///< a number of repetitions
  const Shape* share = nullptr;                ///< 0 to 1
  const Shape* cached_input_tokens = nullptr;  ///< tokens, or {first, per_call}
  const Shape* plain_duration = nullptr;
  const Shape* positive_duration = nullptr;
};
DistributionShapes add_distributions(Format& format);

const Shape& add_services(Format& format, const DistributionShapes& distributions,
                          const Shape& workflow);
/// A list of steps, which the steps themselves contain.
const Shape& add_workflow(Format& format, const DistributionShapes& distributions);
const Shape& add_cancel(Format& format, const DistributionShapes& distributions);
const Shape& add_policy(Format& format, const DistributionShapes& distributions);
const Shape& add_load(Format& format, const DistributionShapes& distributions);
const Shape& add_world(Format& format, const DistributionShapes& distributions);
const Shape& add_exam(Format& format);

}  // namespace caesura
