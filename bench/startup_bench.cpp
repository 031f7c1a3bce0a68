// The whole program as a user starts it, from start to exit: `caesura run` of 1,000 requests under
// three policies, in a process of its own.
#include <benchmark/benchmark.h>

#include <fcntl.h>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace caesura::bench {
namespace {

/// The exit status; -1 if it did not come to one. What the program prints is dropped.
int run_program(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t process = 0;
  const int error = posix_spawn(&process, argv.front(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::system_error(error, std::generic_category(), argv.front());
  int status = 0;
  if (waitpid(process, &status, 0) != process || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

void program(benchmark::State& state, const std::vector<std::string>& arguments) {
  std::vector<std::string> all{CAESURA_PROGRAM};
  all.insert(all.end(), arguments.begin(), arguments.end());
  constexpr int all_well = 0;
  constexpr int threshold_missed = 3;  // those of the file are meant for more requests
  for (auto _ : state) {
    const int status = run_program(all);
    if (status != all_well && status != threshold_missed)
      return state.SkipWithError("the program failed");
  }
}

const bool added = [] {
  const auto add = [](const char* name, const std::vector<std::string>& arguments) {
    benchmark::RegisterBenchmark(name, program, arguments)
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  };
  const std::string scenario = CAESURA_SOURCE_DIR "/scenarios/cancel_after_timeout.yaml";
  add("program/run/caf", {"run", scenario, "--requests", "1000", "--engine", "caf"});
  add("program/run/direct", {"run", scenario, "--requests", "1000", "--engine", "direct"});
  add("program/help", {"--help"});
  return true;
}();

}  // namespace
}  // namespace caesura::bench
