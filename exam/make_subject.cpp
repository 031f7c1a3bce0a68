#include "exam/make_subject.hpp"

#include "exam/http_subject.hpp"
#include "exam/lines_subject.hpp"

#include <utility>

namespace caesura {

std::unique_ptr<Subject> make_subject(boost::asio::io_context& io, const SubjectFile& file,
                                      const SubjectRun& first, SubjectAudience audience) {
  switch (file.speaks) {
    case SubjectFile::Speaks::lines:
      return std::make_unique<LinesSubject>(io, file, first, std::move(audience));
    case SubjectFile::Speaks::http:
      return std::make_unique<HttpSubject>(io, file, file.http, first, std::move(audience));
    case SubjectFile::Speaks::muxi:
      return std::make_unique<HttpSubject>(io, file, http_of_muxi(file.muxi), first,
                                           std::move(audience));
  }
  return nullptr;
}

std::string version_of(const SubjectFile& file) {
  if (file.version_command.empty()) return file.version;
  boost::asio::io_context io;
  std::string version;
  bool is_over = false;
  SubjectProcess::Options options{
      .command = file.version_command, .folder = file.folder, .env = file.env};
  SubjectProcess process(io, options,
                         {.line =
                              [&](std::string_view line) {
                                if (version.empty()) version = line;
                              },
                          .ended =
                              [&](bool exited_with_0, std::string_view) {
                                if (!exited_with_0) version.clear();
                                is_over = true;
                              }});
  const auto late = std::chrono::steady_clock::now() + file.limits.start;
  while (!is_over && std::chrono::steady_clock::now() < late) io.run_one_until(late);
  return version;
}

}  // namespace caesura
