#include "exam/shipped_cases.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace caesura {

const std::vector<std::string>& shipped_cases() {
  static const std::vector<std::string> cases{"before-start",
                                              "before-first-token",
                                              "mid-text",
                                              "mid-arguments",
                                              "between-model-and-tool",
                                              "tool-in-progress",
                                              "one-of-three-tools",
                                              "after-tool",
                                              "text-after-tool",
                                              "backing-off",
                                              "second-attempt",
                                              "hanging",
                                              "sub-agent",
                                              "as-answered",
                                              "twice",
                                              "walk-away",
                                              "own-timeout",
                                              "answer-lost",
                                              "next-turn"};
  return cases;
}

std::string file_of_shipped_case(std::string_view name) {
  namespace fs = std::filesystem;
  std::error_code none;
  const fs::path program = fs::read_symlink("/proc/self/exe", none);
  const std::string file = fmt::format("scenarios/exam/{}.yaml", name);
  // The build folder is build/PRESET; an installed program is in bin.
  const std::array<fs::path, 3> places{program.parent_path() / "../share/caesura" / file,
                                       program.parent_path() / "../.." / file, fs::path(file)};
  for (const fs::path& place : places) {
    if (fs::is_regular_file(place, none)) return place.lexically_normal().string();
  }
  throw std::runtime_error(fmt::format(
      "the exam's cases are not where they were built or installed ({}); name a case's file",
      places[0].string()));
}

}  // namespace caesura
