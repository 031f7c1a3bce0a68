#include "scenarios/results/row_order.hpp"

#include "scenarios/format/format_value.hpp"

namespace caesura {

ExpectedRows expected_rows(const nlohmann::ordered_json& document) {
  ExpectedRows expected;
  for (const auto& policy : document.at("policies")) {
    expected.requests[policy.at("policy").get<std::string>()] =
        policy.at("requests").at("total").get<std::uint64_t>();
  }
  expected.served = document.at("scenario").value("served", false);
  expected.gapless = !expected.served && !document.at("run").at("partial").get<bool>();
  return expected;
}

void RowOrder::add(const CsvReader& csv, std::string_view policy, std::uint64_t number) {
  if (rows_of_policy_ == nullptr || policy != policy_) {
    policy_ = policy;
    const auto known = expected_.requests.find(policy_);
    if (known == expected_.requests.end())
      csv.fail("results.json beside it has no policy " + cited(policy_));
    rows_of_policy_ = &rows_[policy_];
    most_rows_ = known->second;
    if (!expected_.served) {
      if (*rows_of_policy_ > 0)
        csv.fail("the lines of policy " + cited(policy_) + " do not stand together");
      least_number_ = 0;
    }
  }
  if (number < least_number_) csv.fail("the requests of a policy are not in ascending order");
  if (expected_.gapless && number > least_number_) {
    csv.fail("request " + std::to_string(least_number_) + " of policy " + cited(policy_) +
             " is missing before this line");
  }
  least_number_ = number + 1;
  if (++*rows_of_policy_ > most_rows_)
    csv.fail("policy " + cited(policy_) + " has more requests than in results.json beside it");
}

void RowOrder::finish(const CsvReader& csv) const {
  for (const auto& [policy, requests] : expected_.requests) {
    const auto found = rows_.find(policy);
    const std::uint64_t rows = found == rows_.end() ? 0 : found->second;
    if (rows == requests) continue;
    csv.fail("the file ends; it has " + std::to_string(rows) + " requests of policy " +
             cited(policy) + ", and results.json " + std::to_string(requests) +
             "; the two are not of one run");
  }
}

}  // namespace caesura
