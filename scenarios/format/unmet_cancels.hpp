#pragma once

#include "sim/statistics.hpp"
#include "model/model.hpp"

#include <string>
#include <vector>

namespace caesura {

/// By source of cancels: why no request of this model can meet its moment, and what to do about
/// it; continues "no request can meet this cancel: ". Empty if one may: whatever is drawn counts as
/// drawn at its largest, every branch that can be taken as taken, and agents' workflows where the
/// source looks at them, as budgets do; a source of
/// probability 0 is switched off. So what it says is certain, but it does not see everything.
std::vector<std::string> reasons_unmet(const Model& model);

/// The most operations, drawn likewise, that a request with this workflow may have, its children's
/// not counted.
int128 most_operations_of(const Model& model, const Workflow& workflow);

}  // namespace caesura
