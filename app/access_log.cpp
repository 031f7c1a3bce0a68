#include "app/access_log.hpp"

#include "scenarios/results/output_folder.hpp"
#include "doors/control/plain_json.hpp"
#include "app/terminal.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <utility>

namespace caesura {

AccessLog::AccessLog(std::string file)
    : file_(std::move(file)), stream_(file_, std::ios::app | std::ios::binary) {
  if (!stream_) throw OutputError(fault());
}

void AccessLog::add(const nlohmann::ordered_json& call) {
  if (stream_ && !(stream_ << compact(call) << '\n' << std::flush))
    print_complaint(fault() + "; nothing more is logged");
}

std::string AccessLog::fault() const {
  return fmt::format("cannot write {}: {}", file_, std::strerror(errno));
}

}  // namespace caesura
