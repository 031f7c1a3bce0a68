#include "model/plan.hpp"
#include "scenarios/format/scenario.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <variant>
#include <vector>

namespace caesura {
namespace {

// The shipped cases of the exam, each by itself and all of them together.

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

std::filesystem::path scenarios() {
  return std::filesystem::path(CAESURA_SOURCE_DIR) / "scenarios";
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// By name, sorted.
std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(scenarios() / "exam"))
    names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

class ShippedCase : public ::testing::TestWithParam<std::string> {
 protected:
  std::string file() const { return (scenarios() / "exam" / (GetParam() + ".yaml")).string(); }
  Scenario load(const ScenarioOptions& options = {}) const {
    return load_exam_case(file(), options);
  }
  /// The comment that it begins with.
  std::string head() const {
    const std::string text = text_of(file());
    return text.substr(0, text.find("\nscenario: "));
  }
};

Duration duration_of(const Scenario& scenario) {
  Plan plan;
  expand(scenario.model, 0, plan);
  return planned_times(scenario.model, 0, plan).duration;
}

/// What the moment's operation takes, by itself.
OperationSample sample_at(const Scenario& scenario) {
  const auto& path = scenario.exam->at->operation.value();
  RequestNumber number = 0;
  Plan plan;
  expand(scenario.model, number, plan);
  for (std::size_t depth = 0;; ++depth) {
    const auto step = std::find_if(plan.steps.begin(), plan.steps.end(), [&](const PlanStep& s) {
      return s.what == PlanStep::What::operation && s.number == path[depth];
    });
    if (depth + 1 == path.size()) return sample_of(scenario.model, number, *step);
    auto child = plan_of_child(scenario.model, number, *step);
    number = child.number;
    plan = std::move(child.plan);
  }
}

TEST_P(ShippedCase, IsOneByItsFilesName) {
  const auto scenario = load();
  EXPECT_EQ(scenario.name, GetParam());
  EXPECT_THAT(scenario.description, ContainsRegex("^[A-Z].*\\.$"));
  EXPECT_THAT(scenario.warnings, IsEmpty());
}

TEST_P(ShippedCase, SaysAtItsHeadWhatItIsAboutAndWhatItRestsOn) {
  const std::string text = head();
  ASSERT_TRUE(text.starts_with("# "));
  EXPECT_THAT(text, HasSubstr("\n# Why. "));
  EXPECT_THAT(text, HasSubstr("\n# What it rests on\n#   "));
  EXPECT_TRUE(text.find("Caesura's rule") != text.npos ||
              text.find("(MCP 2025-11-25, ") != text.npos)
      << "neither a specification nor a rule of ours";
}

TEST_P(ShippedCase, QuotesWithTheLink) {
  const std::string text = head();
  const std::regex quote(
      "\"[A-Z][^\"]*\\b(SHOULD|MUST|may)\\b[^\"]*\"\\s*\n#   \\(MCP [^)]*: "
      "https://modelcontextprotocol\\.io/[^)]*\\)");
  const auto all = std::distance(std::sregex_iterator(text.begin(), text.end(), quote), {});
  EXPECT_EQ(all, std::count(text.begin(), text.end(), '"') / 2 -
                     (GetParam() == "next-turn" ? 1 : 0));  // that of an API, without a page
}

TEST_P(ShippedCase, IsShortAndDrawsNothing) {
  const Duration duration = duration_of(load());
  EXPECT_GE(duration, 500ms);
  EXPECT_LE(duration, 6s);
  for (std::uint64_t seed = 2; seed < 10; ++seed) {
    ScenarioOptions options;
    options.seed = seed;
    EXPECT_EQ(duration_of(load(options)), duration) << seed;
  }
}

TEST_P(ShippedCase, HasAPriceForEachToken) {
  for (const auto& service : load().model.services) {
    if (service.kind != ServiceKind::llm) continue;
    EXPECT_EQ(service.price.input, Money{3'000'000}) << service.name;  // $3 a million, in 10^-12
    EXPECT_EQ(service.price.output, Money{15'000'000}) << service.name;
  }
}

TEST_P(ShippedCase, SaysStopWhileThereIsSomethingToBeTold) {
  const auto scenario = load();
  const auto& exam = *scenario.exam;
  EXPECT_EQ(exam.at.has_value() || exam.timeout.has_value(), GetParam() != "rehearsal");
  const bool hangs =
      std::any_of(scenario.world.faults.begin(), scenario.world.faults.end(),
                  [](const auto& f) { return std::holds_alternative<CallFault::Hang>(f.what); });
  if (!exam.at || hangs) return;
  const bool is_within =
      exam.at->event == "operation.started" || exam.at->event == "operation.token";
  if (!is_within) return;
  constexpr Duration in_time = 250ms;
  const auto sample = sample_at(scenario);
  Duration moment = exam.at->after + in_time * static_cast<int>(exam.at->after_within);
  if (exam.at->token) moment += sample.first_token + sample.per_token * (*exam.at->token - 1);
  EXPECT_GE(sample.duration - moment, 4 * in_time);
}

std::string test_name(const ::testing::TestParamInfo<std::string>& shipped) {
  std::string name = shipped.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, ShippedCase, ::testing::ValuesIn(case_names()), test_name);

TEST(ShippedCases, AreThoseOfTheTable) {
  const std::string table = text_of(scenarios() / "README.md");
  const std::regex link("\\[([a-z-]+)\\]\\(exam/([a-z-]+)\\.yaml\\)");
  std::vector<std::string> named;
  for (std::sregex_iterator at(table.begin(), table.end(), link), end; at != end; ++at) {
    EXPECT_EQ((*at)[1], (*at)[2]);
    named.push_back((*at)[1]);
  }
  std::sort(named.begin(), named.end());
  EXPECT_EQ(named, case_names());
  EXPECT_EQ(named.size(), 20u);
}

}  // namespace
}  // namespace caesura
