#include "scenarios/results/output_folder.hpp"

#include "scenarios/results/csv.hpp"

#include <array>
#include <cerrno>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace caesura {
namespace {

[[noreturn]] void fail_to_write(const std::filesystem::path& path, const std::string& why) {
  throw OutputError("cannot write " + path.string() + ": " + why);
}

/// Two runs may write to one folder at a time: the last to finish wins, and neither sees half a
/// file of the other's.
std::filesystem::path temporary_in(const std::filesystem::path& folder, const std::string& name) {
  return folder / ("." + name + "." + std::to_string(::getpid()) + ".partial");
}

std::filesystem::path created(const std::filesystem::path& folder) {
  make_output_folder(folder);
  return folder;
}

}  // namespace

void make_output_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail_to_write(folder, error.message());
  if (!std::filesystem::is_directory(folder, error)) fail_to_write(folder, "it is not a folder");
}

OutputFile open_output(const std::filesystem::path& folder, const std::string& name) {
  return {temporary_in(folder, name), folder / name};
}

OutputFile::OutputFile(std::filesystem::path temporary, std::filesystem::path target)
    : temporary_(std::move(temporary)),
      target_(std::move(target)),
      file_(std::fopen(temporary_.c_str(), "wb")) {
  if (!file_) fail();
  std::error_code ignored;
  if (std::filesystem::is_directory(target_, ignored)) fail_to_write(target_, "it is a folder");
}

OutputFile::~OutputFile() {
  if (temporary_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
}

void OutputFile::append(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size()) fail();
}

void OutputFile::close() {
  errno = 0;
  if (std::fclose(file_.release()) != 0) fail();
}

void OutputFile::rename() {
  std::error_code error;
  std::filesystem::rename(temporary_, target_, error);
  if (error) fail_to_write(target_, error.message());
  temporary_.clear();
}

void OutputFile::fail() const { fail_to_write(target_, std::generic_category().message(errno)); }

OutputFolder::OutputFolder(const std::filesystem::path& folder)
    : folder_(created(folder)), requests_(open_output(folder_, "requests.csv")) {
  std::string header;
  append_csv_header(header);
  requests_.append(header);
}

void OutputFolder::keep_events() {
  const std::string name = "events.jsonl";
  events_ = std::make_unique<OutputFile>(temporary_in(folder_, name), folder_ / name);
}

void OutputFolder::finish(const Texts& texts) {
  std::array<OutputFile, 3> others{open_output(folder_, "results.json"),
                                   open_output(folder_, "report.md"),
                                   open_output(folder_, "scenario.yaml")};
  others[0].append(texts.results_json);
  others[1].append(texts.report_md);
  others[2].append(texts.scenario_yaml);
  // Everything that can fill the disk comes before the first rename.
  requests_.close();
  if (events_) events_->close();
  for (auto& file : others) file.close();
  requests_.rename();
  if (events_) events_->rename();
  for (auto& file : others) file.rename();
}

}  // namespace caesura
