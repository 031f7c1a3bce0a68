#include "exam/subject_places.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace caesura {
namespace {

TEST(SubjectPlaces, StartNothingOnceTheyEnd) {
  boost::asio::io_context io{1};
  SubjectFile file;
  file.name = "cat";
  file.command = {"cat"};
  file.folder = ".";
  SubjectPlaces places(io, file,
                       {.changed = [] {},
                        .settled = [](const std::string&, const SettledLine&) {},
                        .lost = [](const std::string&) {},
                        .problem = [](const std::string&) {}});
  const SubjectRun run{.run = "n-0", .prompt = "", .env = {}};
  places.prepare(run);
  EXPECT_FALSE(places.are_gone());
  for (places.end(true); !places.are_gone(); places.end(true)) io.run_one();
  places.prepare(run);
  EXPECT_TRUE(places.are_gone());
}

}  // namespace
}  // namespace caesura
