#include "scenarios/format/scenario.hpp"
#include "tests/scenarios/loader_fixture.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <fcntl.h>
#include <random>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace caesura {
namespace {

std::string repeated(const std::string& text, std::size_t n) {
  std::string all;
  for (std::size_t i = 0; i < n; ++i) all += text;
  return all;
}

TEST(LoaderFiles, OnlyAReadableRegularFileIsRead) {
  const ScenarioFolder folder;
  EXPECT_EQ(folder.error_of_file("none.yaml"),
            "none.yaml:1:1: cannot read 'none.yaml': No such file or directory; check the path");
  ASSERT_EQ(::mkdir(folder.file("d").c_str(), 0700), 0);
  EXPECT_EQ(folder.error_of_file("d"), "d:1:1: 'd' is a directory; name a file in it");
  ASSERT_EQ(::mkfifo(folder.file("pipe").c_str(), 0600), 0);
  EXPECT_EQ(folder.error_of_file("pipe"),
            "pipe:1:1: 'pipe' is a pipe or a device; name a regular file");
  ASSERT_EQ(::symlink("/dev/zero", folder.file("zero").c_str()), 0);
  EXPECT_EQ(folder.error_of_file("zero"),
            "zero:1:1: 'zero' is a pipe or a device; name a regular file");
  EXPECT_EQ(folder.error_of_file("s.yaml/x"),
            "s.yaml/x:1:1: cannot read 's.yaml/x': No such file or directory; check the path");
  folder.write("secret", "");
  ASSERT_EQ(::chmod(folder.file("secret").c_str(), 0), 0);
  if (::geteuid() != 0) {
    EXPECT_EQ(folder.error_of_file("secret"),
              "secret:1:1: cannot read 'secret': Permission denied; check its permissions");
  }
}

TEST(LoaderFiles, DataFilesAreHeldToTheSame) {
  const ScenarioFolder folder;
  ASSERT_EQ(::mkfifo(folder.file("pipe").c_str(), 0600), 0);
  EXPECT_EQ(folder.error(scenario_with({"load: {arrivals: {trace: pipe}}"})),
            "s.yaml:2:26: 'pipe' is a pipe or a device; name a regular file");
  EXPECT_EQ(folder.error(scenario_with({"load: {arrivals: {trace: \"a\\0b\"}}"})),
            "s.yaml:2:26: a path with a NUL byte; check the path");
}

TEST(LoaderFiles, AFileThatHoldsNoScenarioIsRefusedAsAWhole) {
  const ScenarioFolder folder;
  const std::string empty =
      "s.yaml:1:1: the file is empty; a scenario needs the keys scenario, load and workflow";
  for (const char* text :
       {"", "\n\n", "# a comment\n", "---\n", "--- \n...\n", "~", "null", "   ", "\xEF\xBB\xBF"}) {
    EXPECT_EQ(folder.error(text), empty) << text;
  }
  const std::string wrong =
      "s.yaml:1:1: a scenario must be a mapping with the keys scenario, load, services, workflow, "
      "…, not ";
  EXPECT_EQ(folder.error("- a\n"), wrong + "a list");
  EXPECT_EQ(folder.error("hello\n"), wrong + "a plain value");
  EXPECT_EQ(folder.error("- a\n", sets({"seed=1"})), wrong + "a list") << "whatever the options";
  EXPECT_EQ(folder.error(scenario_with({}) + "---\nscenario: two\n"),
            "s.yaml:6:1: a second document; a file holds one scenario");
}

TEST(LoaderFiles, WhatIsNoTextIsRefusedAtItsFirstByte) {
  const ScenarioFolder folder;
  const std::string control =
      "a control character: this is no text file; a scenario is YAML in UTF-8";
  const std::string not_utf8 = "a byte that is not UTF-8; a scenario is YAML in UTF-8";
  EXPECT_EQ(folder.error(std::string("scenario: a\0b", 13)), "s.yaml:1:12: " + control);
  EXPECT_EQ(folder.error("\x7f"
                         "ELF"),
            "s.yaml:1:1: " + control);
  EXPECT_EQ(folder.error("a: 1\nb: \xff\n"), "s.yaml:2:4: " + not_utf8);
  EXPECT_EQ(folder.error("a: \xc3\xa9\xc3"), "s.yaml:1:5: " + not_utf8)
      << "columns count characters";
  EXPECT_EQ(folder.error(std::string("\xff\xfe"
                                     "a\0",
                                     4)),
            "s.yaml:1:1: " + not_utf8)
      << "UTF-16";
  EXPECT_EQ(folder.error("a: \xed\xa0\x80"), "s.yaml:1:4: " + not_utf8) << "a surrogate";
  EXPECT_EQ(folder.error("load:\n\trequests: 5\n"),
            "s.yaml:2:1: a tab in the indentation; use spaces");
  EXPECT_EQ(folder.error("load:\n  \trequests: 5\n"),
            "s.yaml:2:3: a tab in the indentation; use spaces");
  EXPECT_EQ(folder.error(scenario_with({}) + "\t\n  \t# a comment\n"), "")
      << "blank lines and comments may have tabs";
}

TEST(LoaderFiles, WindowsLineEndsAndAByteOrderMarkAreFine) {
  const ScenarioFolder folder;
  std::string text = "\xEF\xBB\xBF" + scenario_with({});
  for (auto at = text.find('\n'); at != text.npos; at = text.find('\n', at + 2))
    text.replace(at, 1, "\r\n");
  EXPECT_EQ(folder.error(text), "");
}

TEST(LoaderFiles, BrokenYamlIsRefusedWithItsPlace) {
  const ScenarioFolder folder;
  const std::string advice = "; check quotes, brackets and indentation from here upwards";
  EXPECT_EQ(folder.error("a: b: c\n"), "s.yaml:1:5: not valid YAML: illegal map value" + advice);
  EXPECT_EQ(folder.error("a: [1, 2\nb: 3\n"),
            "s.yaml:2:2: not valid YAML: end of sequence flow not found" + advice);
  for (const char* open : {"a: \"b", "a: \"b\n", "a: 'b\n", "a: \"b\n\n\n", "a: \"b\nc: 'd'\n"}) {
    EXPECT_NE(
        folder.error(open).find("not valid YAML: illegal document indicator in scalar" + advice),
        std::string::npos)
        << folder.error(open);
  }
}

TEST(LoaderFiles, LargeDeepAndExplodingFilesAreRefusedQuickly) {
  const ScenarioFolder folder;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(folder.error(std::string((8u << 20) + 1, '#')),
            "s.yaml:1:1: 's.yaml' is larger than 8 MiB; shorten it");
  const std::string deep = "nested deeper than 100 levels; a scenario needs a few";
  EXPECT_EQ(folder.error("a: " + repeated("[", 100) + repeated("]", 100)), "s.yaml:1:103: " + deep);
  EXPECT_EQ(folder.error("a: " + repeated("[", 8'000'000)), "s.yaml:1:104: " + deep);
  EXPECT_EQ(folder.error("a: " + repeated("\n {", 1'000'000)), "s.yaml:102:2: " + deep);
  EXPECT_EQ(folder.error("a: " + repeated("{a: ", 100'000)), "s.yaml:1:400: " + deep);
  EXPECT_EQ(folder.error(repeated("- ", 100'000)), "s.yaml:1:201: " + deep);
  EXPECT_EQ(folder.error(repeated("? ", 100'000)),
            "s.yaml:1:3: a list or mapping cannot be a key; a key is plain text (is a bracket not "
            "closed?)");
  EXPECT_EQ(folder.error("a: &a " + repeated("[", 60) + repeated("]", 60) +
                         "\nb: " + repeated("[", 60) + "*a" + repeated("]", 60) + "\n"),
            "s.yaml:2:64: " + deep)
      << "aliases nest, too";
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const auto n = std::to_string(i);
    const auto before = "*a" + std::to_string(i - 1);
    bomb += "a" + n + ": &a" + n + " [" + repeated(before + ", ", 9) + before + "]\n";
  }
  EXPECT_NE(
      folder.error(bomb).find(
          "more than 200000 values, aliases written out; keep long lists in a file of their own"),
      std::string::npos);
  EXPECT_NE(folder.error("a: [" + repeated("1,", 300'000) + "1]\n").find("more than 200000 values"),
            std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(LoaderFiles, AnErrorIsOneLineWhateverTheText) {
  const ScenarioFolder folder;
  EXPECT_EQ(folder.error("\"a\\nb\": 1\n"),
            "s.yaml:1:1: unknown key 'a\\nb'; known here: scenario, description, seed, load, "
            "links, services, "
            "workflow, cancel, policy, timeout, thresholds, world, exam");
  const auto longest = folder.error(scenario_with({"seed: " + std::string(100'000, '9')}));
  EXPECT_LT(longest.size(), 200u);
  folder.write("a\nb.yaml", "x: 1\n");
  EXPECT_EQ(folder.error_of_file("a\nb.yaml").find('\n'), std::string::npos);
}

const std::string sample = R"(scenario: sample
description: |
  Several lines.
load: {requests: 100, arrivals: {gamma: {rate: 2.5/m, cv: 3}}}
links: {client: {quantiles: {p50: 5ms, p90: 22ms}, min: 1ms}, llm: &l {empirical: [1ms, 2ms]}, tool: *l}
services:
  llm:
    m: {latency: {mixture: [{weight: 1, value: 1s}, {weight: 1, value: {weibull: {shape: 0.5, scale: 3s}}}]}, price: {per_1k: 0.5}}
  tool: {t: {latency: {pareto: {min: 1s, alpha: 1.5}, max: 10m}, concurrency: 2, queue: 0}}
workflow:
  - llm: m
    stream: {chunk_tokens: 3}
  - repeat: {times: {geometric: {mean: 2}}, do: [{tool: t}, {wait: 10ns}]}
  - parallel: [[{tool: t}, {llm: m}], {tool: t}]
cancel: {when: {tokens_over: 1e6}, probability: 5e-1}
policy:
  - {named: slow, never: }
  - checkpoint
)";

TEST(LoaderFiles, EveryPrefixOfAScenarioIsAcceptedOrRefusedInOneLine) {
  const ScenarioFolder folder;
  ASSERT_EQ(folder.error(sample), "");
  for (std::size_t n = 0; n < sample.size(); n += 3) {
    const auto error = folder.error(sample.substr(0, n));
    EXPECT_EQ(error.find('\n'), std::string::npos);
    if (n < sample.find("workflow:")) {
      EXPECT_EQ(error.rfind("s.yaml:", 0), 0u) << error;
    }
  }
}

TEST(LoaderFiles, RandomDamageIsAcceptedOrRefusedInOneLine) {
  const ScenarioFolder folder;
  std::mt19937_64 random(1);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::string likely = "{}[]:,-&*!|>'\"#%@`?~ \n\t\\0123456789.esmh";
  for (int round = 0; round < 500; ++round) {
    auto text = sample;
    for (std::size_t i = 0; i <= below(4); ++i) {
      const auto at = below(text.size());
      switch (below(4)) {
        case 0:
          text[at] = static_cast<char>(below(256));
          break;
        case 1:
          text[at] = likely[below(likely.size())];
          break;
        case 2:
          text.erase(at, 1 + below(10));
          break;
        default:
          text.insert(at, text.substr(below(text.size()), below(30)));
      }
      if (text.empty()) text = "x";
    }
    const auto error = folder.error(text);
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    EXPECT_TRUE(error.empty() || error.starts_with("s.yaml:")) << error;
  }
}

}  // namespace
}  // namespace caesura
