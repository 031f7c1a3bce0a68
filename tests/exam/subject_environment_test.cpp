#include "exam/subject_environment.hpp"

#include "exam/world_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Pair;

const SubjectRun run{.run = "one",
                     .prompt = "[caesura one/1] please",
                     .env = {{"CAESURA_RUN", "one"}},
                     .env_of_any_run = {{"CAESURA_MODEL", "planner"}}};

SubjectFile file(SubjectFile::Speaks speaks) {
  SubjectFile made;
  made.name = "subject";
  made.folder = "/folder";
  made.command = {"program", "--option"};
  made.speaks = speaks;
  made.env = {{"LOG_LEVEL", "error"}};
  made.limits.end = 3s;
  return made;
}

TEST(ProcessOptions, AreWhatTheFileSaysAndTheEnvironmentOfTheFirstRun) {
  for (const auto speaks :
       {SubjectFile::Speaks::lines, SubjectFile::Speaks::http, SubjectFile::Speaks::muxi}) {
    const SubjectProcess::Options options = process_options(file(speaks), run);
    EXPECT_THAT(options.command, ElementsAre("program", "--option"));
    EXPECT_EQ(options.folder, "/folder");
    EXPECT_EQ(options.patience, 3s);
    EXPECT_THAT(options.env, ElementsAre(Pair("LOG_LEVEL", "error"), Pair("CAESURA_RUN", "one")));
  }
}

TEST(ProcessOptions, NameNoRunToAServerThatPlaysOthersToo) {
  for (const auto speaks : {SubjectFile::Speaks::http, SubjectFile::Speaks::muxi}) {
    SubjectFile again = file(speaks);
    again.reuse = true;
    SubjectFile several = file(speaks);
    several.parallel = 2;
    for (const SubjectFile& one : {again, several}) {
      EXPECT_THAT(process_options(one, run).env,
                  ElementsAre(Pair("LOG_LEVEL", "error"), Pair("CAESURA_MODEL", "planner")));
    }
  }
  SubjectFile lines = file(SubjectFile::Speaks::lines);
  lines.reuse = true;
  EXPECT_THAT(process_options(lines, run).env,
              ElementsAre(Pair("LOG_LEVEL", "error"), Pair("CAESURA_RUN", "one")));
}

TEST(WorldAddress, StaysForWhoIsToldOfItOnce) {
  SubjectFile subject = file(SubjectFile::Speaks::http);
  EXPECT_EQ(world_address_for(subject).port, 0);
  subject.reuse = true;
  EXPECT_EQ(world_address_for(subject).port, 8002);
  subject.speaks = SubjectFile::Speaks::lines;
  EXPECT_EQ(world_address_for(subject).port, 0);
  subject.speaks = SubjectFile::Speaks::http;
  subject.reuse = false;
  subject.command.clear();
  EXPECT_EQ(world_address_for(subject).port, 8002);
  subject.listen = "127.0.0.1:9000";
  EXPECT_EQ(world_address_for(subject).port, 9000);
}

}  // namespace
}  // namespace caesura
