// Prints a form of a sample exam, for those who read it with a parser or a browser:
//   print_exam small|hostile text:WIDTH|markdown|json|junit|html

#include "scenarios/results/json_text.hpp"
#include "exam/exam_json.hpp"
#include "exam/exam_junit.hpp"
#include "exam/exam_page.hpp"
#include "exam/exam_report.hpp"
#include "tests/exam/sample_exam.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <string>

namespace caesura {
namespace {

std::string form_of(const ExamResults& results, const std::string& form) {
  if (form.starts_with("text:"))
    return exam_text(results, {.width = std::stoul(form.substr(5))}, false);
  if (form == "markdown") return exam_markdown(results);
  if (form == "json") return json_text(exam_json(results));
  if (form == "junit") return exam_junit(results);
  if (form == "html") return exam_page(results);
  throw std::invalid_argument("no such form: " + form);
}

}  // namespace
}  // namespace caesura

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const bool is_hostile = std::string(argv[1]) == "hostile";
  std::cout << caesura::form_of(is_hostile ? caesura::hostile_exam() : caesura::small_exam(),
                                argv[2]);
}
