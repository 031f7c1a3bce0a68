#include "exam/lines_subject.hpp"

#include "exam/lines_codec.hpp"
#include "exam/subject_environment.hpp"

#include <utility>
#include <variant>

namespace caesura {

LinesSubject::LinesSubject(boost::asio::io_context& io, const SubjectFile& file,
                           const SubjectRun& first, SubjectAudience audience)
    : audience_(std::move(audience)),
      process_(io, process_options(file, first),
               {.line = [this](std::string_view line) { hear(line); },
                .ended =
                    [this](bool exited_with_0, std::string_view how) {
                      if (audience_.ended) audience_.ended(exited_with_0, how);
                    }}) {}

void LinesSubject::hear(std::string_view line) {
  if (audience_.line) audience_.line(false, line);
  SubjectLine said = decode_subject_line(line);
  if (std::holds_alternative<OtherOutput>(said)) return;
  if (std::holds_alternative<ReadyLine>(said)) {
    if (std::exchange(is_ready_, true)) {
      audience_.broken({}, "a second `ready`");
    } else {
      audience_.ready();
    }
  } else if (const auto* text = std::get_if<TextLine>(&said)) {
    audience_.text(text->run, text->text);
  } else if (const auto* outcome = std::get_if<OutcomeLine>(&said)) {
    audience_.settled(outcome->run, outcome->settled);
  } else if (const auto* wrong = std::get_if<WrongLine>(&said)) {
    audience_.broken(wrong->run, wrong->what_is_wrong);
  }
}

void LinesSubject::say(std::string line, Handed handed) {
  const auto told = [this, line, handed = std::move(handed)] {
    if (audience_.line) audience_.line(true, line);
    if (handed) handed();
  };
  process_.write(line, told);
}

void LinesSubject::start(const SubjectRun& run, Handed handed) {
  say(start_line(run), std::move(handed));
}

void LinesSubject::cancel(const std::string& run, Handed handed) {
  say(cancel_line(run), std::move(handed));
}

void LinesSubject::leave(const std::string& run, Handed handed) {
  say(leave_line(run), std::move(handed));
}

void LinesSubject::prompt(const std::string& run, const std::string& prompt, Handed handed) {
  say(prompt_line(run, prompt), std::move(handed));
}

void LinesSubject::end(std::function<void(std::vector<std::string> left)> gone) {
  say(end_line(), {});
  process_.end(std::move(gone));
}

void LinesSubject::kill(std::function<void(std::vector<std::string> left)> gone) {
  process_.kill(std::move(gone));
}

}  // namespace caesura
