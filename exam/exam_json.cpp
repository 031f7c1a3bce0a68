#include "exam/exam_json.hpp"

#include "scenarios/results/json_numbers.hpp"

#include <nlohmann/json.hpp>

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

Json ran_on_json(const RanOn& ran_on) {
  return {{"seconds", seconds_json(ran_on.busy.count())},
          {"tokens", ran_on.tokens},
          {"cost_usd", usd_json(ran_on.cost.picos)},
          {"effects", ran_on.effects}};
}

Json reasons_json(const CaseResult& result) {
  Json list = Json::array();
  for (const Clause clause : all_clauses) {
    const PlayResult* play = worst_play(result, clause);
    if (play == nullptr) continue;
    for (const Reason& reason : play->judgement.reasons) {
      if (reason.clause != clause) continue;
      list.push_back(
          {{"clause", name_of(reason.clause)},
           {"verdict", name_of(reason.verdict)},
           {"operation", reason.operation.empty() ? Json(nullptr) : Json(reason.operation)},
           {"text", reason.text}});
    }
  }
  return list;
}

Json case_json(const CaseResult& result, const SubjectFile& subject) {
  Json verdicts = Json::object();
  for (const Clause clause : all_clauses) {
    const auto outcome = outcome_of(result, clause, subject);
    verdicts[name_of(clause)] = outcome ? Json(name_of(outcome->worst)) : Json(nullptr);
  }
  const PlayResult* shown = shown_play(result);
  Json json{{"case", result.name},
            {"plays", result.plays.size()},
            {"verdicts", std::move(verdicts)},
            {"reasons", reasons_json(result)},
            {"ran_on", shown == nullptr ? Json(nullptr) : ran_on_json(shown->judgement.ran_on)}};
  json["not_judged"] = shown == nullptr && !result.plays.empty()
                           ? Json(result.plays.front().not_judged)
                           : Json(nullptr);
  Json failed = Json::object();
  for (const Clause clause : all_clauses) {
    const auto outcome = outcome_of(result, clause, subject);
    if (outcome && outcome->failed > 0)
      failed[name_of(clause)] = {{"plays", outcome->failed}, {"of", outcome->judged}};
  }
  json["failed"] = std::move(failed);
  return json;
}

}  // namespace

nlohmann::ordered_json exam_json(const ExamResults& results) {
  Json cases = Json::array();
  for (const CaseResult& result : results.cases)
    cases.push_back(case_json(result, results.subject));
  Json json{{"schema", "caesura.exam/1"},
            {"subject", results.subject.name},
            {"version", results.version.empty() ? Json(nullptr) : Json(results.version)},
            {"seed", results.seed},
            {"within_s", seconds_json(results.subject.within.count())},
            {"cases", std::move(cases)}};
  if (results.is_partial) json["partial"] = true;
  return json;
}

std::string line_jsonl(const SpokenLine& line) {
  const Json json{{"at_s", seconds_json(line.at.time_since_epoch().count())},
                  {"to", line.is_to_subject ? "subject" : "caesura"},
                  {"line", line.text}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::string lines_jsonl(const PlayResult& play) {
  std::string text;
  for (const SpokenLine& line : play.lines) text += line_jsonl(line);
  return text;
}

}  // namespace caesura
