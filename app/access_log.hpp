#pragma once

#include <nlohmann/json_fwd.hpp>

#include <fstream>
#include <string>

namespace caesura {

/// A line of JSON a call.
class AccessLog {
 public:
  /// Appends to what is there. Throws OutputError.
  explicit AccessLog(std::string file);

  /// What cannot be written (a full disk) is said once, and costs the log alone.
  void add(const nlohmann::ordered_json& call);

 private:
  std::string fault() const;

  std::string file_;
  std::ofstream stream_;
};

}  // namespace caesura
