#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace caesura {

/// An output that cannot be written: "cannot write FILE: why". Exit status 1.
struct OutputError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A file that appears whole or not at all: written under a temporary name in the folder where it
/// will be, then renamed.
class OutputFile {
 public:
  /// Opens `temporary`. Throws OutputError.
  OutputFile(std::filesystem::path temporary, std::filesystem::path target);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  /// Removes the temporary file unless rename() has moved it.
  ~OutputFile();

  /// Buffered: an error (a full disk) may show only later. Throws OutputError.
  void append(std::string_view text);
  /// Hands everything to the operating system: once this returns, a full disk can no longer do
  /// harm. Throws OutputError.
  void close();
  /// After close(). Replaces what is there. Throws OutputError.
  void rename();

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  [[noreturn]] void fail() const;

  std::filesystem::path temporary_;  // empty once renamed
  std::filesystem::path target_;
  std::unique_ptr<std::FILE, CloseFile> file_;
};

/// Makes the folder and its parents unless it is there. Throws OutputError.
void make_output_folder(const std::filesystem::path& folder);

/// `folder`/`name`, opened under a temporary name that no other process has. Throws OutputError.
OutputFile open_output(const std::filesystem::path& folder, const std::string& name);

/// The folder of one scenario's results: requests.csv, which grows during the run, and
/// results.json, report.md and scenario.yaml at its end. Until finish() no file of these names is
/// touched; if it is never reached, or fails before its first rename, the folder is as before (but
/// it exists).
class OutputFolder {
 public:
  /// Creates the folder and its parents unless it is there, and opens requests.csv, so that a
  /// folder that cannot be written to is known before the run. Throws OutputError.
  explicit OutputFolder(const std::filesystem::path& folder);

  /// events.jsonl will be there too, with lines as append_events() gives them. Throws OutputError.
  void keep_events();
  /// After keep_events(). Throws OutputError.
  void append_events(std::string_view lines) { events_->append(lines); }
  /// Lines of requests.csv; the header is already there. Throws OutputError.
  void append_requests(std::string_view lines) { requests_.append(lines); }

  struct Texts {
    std::string results_json;
    std::string report_md;
    std::string scenario_yaml;
  };
  /// Writes the other files, and gives all of them their names. To be called once. Throws
  /// OutputError.
  void finish(const Texts& texts);

 private:
  std::filesystem::path folder_;
  OutputFile requests_;
  std::unique_ptr<OutputFile> events_;
};

}  // namespace caesura
