#pragma once

#include "scenarios/format/subject_file.hpp"
#include "exam/subject.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace caesura {

/// A subject as its file says, started where it has a command, with the environment of its first
/// run. The io_context and the file outlive it. Throws CannotStart.
std::unique_ptr<Subject> make_subject(boost::asio::io_context& io, const SubjectFile& file,
                                      const SubjectRun& first, SubjectAudience audience);

/// The version that the subject's file says, or its version command prints: the first line. Empty
/// if neither does, or the command fails.
std::string version_of(const SubjectFile& file);

}  // namespace caesura
