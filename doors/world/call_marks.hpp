#pragma once

#include "doors/world/conversation.hpp"
#include "doors/world/marks.hpp"

#include <functional>
#include <optional>
#include <string>

namespace caesura {

/// Tells each text of a JSON document with the name of the member that it is of (empty: of none),
/// in order, as far as the document is well formed; false if it is not. However deep, it does not
/// recurse.
bool each_text(const std::string& json,
               const std::function<void(const std::string& member, const std::string& text)>& tell);

/// Which call of a plan this is, by its id, else by its arguments: caesura_run, else the first mark
/// with an operation in any of their texts. None: neither says it. The mark has a turn and an
/// operation.
std::optional<Mark> mark_of_call(const AskedCall& call);

}  // namespace caesura
