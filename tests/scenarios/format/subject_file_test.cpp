#include "scenarios/format/subject_file.hpp"

#include "scenarios/format/scenario.hpp"
#include "tests/scenarios/loader_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

namespace caesura {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

const std::string small = "subject: my-agent\ncommand: [node, my-agent.mjs]\n";
const std::string small_http =
    "subject: my-server\nspeaks: http\nstart: {post: \"http://127.0.0.1:8080/chat\"}\n";

SubjectFile load(const std::string& yaml) {
  const ScenarioFolder folder;
  return load_subject(folder.write("s.yaml", yaml));
}

/// "" if it is taken.
std::string error(const std::string& yaml) {
  const ScenarioFolder folder;
  try {
    load_subject(folder.write("s.yaml", yaml));
    return "";
  } catch (const ScenarioError& problem) {
    const std::string what = problem.what();
    const std::string path = folder.file("");
    return what.starts_with(path) ? what.substr(path.size()) : what;
  }
}

/// A table: of each case a line "# what it is", lines of YAML behind `before`, and a line "= the
/// message".
void expect_errors_behind(const std::string& before, const std::string& table) {
  std::istringstream stream(table);
  std::string line, name, yaml;
  int cases = 0;
  while (std::getline(stream, line)) {
    if (line.starts_with("# ")) {
      name = line.substr(2);
      yaml = before;
    } else if (line.starts_with("= ")) {
      EXPECT_EQ(error(yaml), "s.yaml:" + line.substr(2)) << name;
      ++cases;
    } else if (!line.empty()) {
      yaml += line + "\n";
    }
  }
  EXPECT_GT(cases, 0);
}

TEST(SubjectFile, ThatIsSmallHasTheDefaults) {
  const auto subject = load(small);
  EXPECT_EQ(subject.name, "my-agent");
  EXPECT_THAT(subject.command, ElementsAre("node", "my-agent.mjs"));
  EXPECT_EQ(subject.speaks, SubjectFile::Speaks::lines);
  EXPECT_EQ(subject.version, "");
  EXPECT_THAT(subject.version_command, IsEmpty());
  EXPECT_EQ(subject.within, Duration(250ms));
  EXPECT_EQ(subject.limits.start, Duration(20s));
  EXPECT_EQ(subject.limits.settle, Duration(10s));
  EXPECT_EQ(subject.limits.end, Duration(5s));
  EXPECT_EQ(subject.limits.watch, Duration(30s));
  EXPECT_FALSE(subject.reuse);
  EXPECT_EQ(subject.parallel, 1u);
  EXPECT_EQ(subject.listen, std::nullopt);
  EXPECT_THAT(subject.env, IsEmpty());
  EXPECT_THAT(subject.expected_failures, IsEmpty());
}

TEST(SubjectFile, IsReadInFull) {
  const auto subject = load(small + R"(
version: 1.2.3
speaks: lines
within: 100ms
limits: {start: 1m, settle: 2s, end: 500ms, watch: 15s}
reuse: true
parallel: 4
listen: 127.0.0.1:9000
env: {LOG_LEVEL: error, NODE_OPTIONS: "--no-warnings"}
expected_failures: [tool-in-progress.told, tool-in-progress@2026-07-28.no-stray]
)");
  EXPECT_EQ(subject.version, "1.2.3");
  EXPECT_EQ(subject.within, Duration(100ms));
  EXPECT_EQ(subject.limits.start, Duration(1min));
  EXPECT_EQ(subject.limits.settle, Duration(2s));
  EXPECT_EQ(subject.limits.end, Duration(500ms));
  EXPECT_EQ(subject.limits.watch, Duration(15s));
  EXPECT_TRUE(subject.reuse);
  EXPECT_EQ(subject.parallel, 4u);
  EXPECT_EQ(subject.listen, "127.0.0.1:9000");
  EXPECT_THAT(subject.env,
              ElementsAre(Pair("LOG_LEVEL", "error"), Pair("NODE_OPTIONS", "--no-warnings")));
  ASSERT_EQ(subject.expected_failures.size(), 2u);
  EXPECT_EQ(subject.expected_failures[0].case_name, "tool-in-progress");
  EXPECT_EQ(subject.expected_failures[0].clause, Clause::told);
  EXPECT_THAT(subject.expected_failures[0].location, HasSubstr("s.yaml:12:21"));
  EXPECT_EQ(subject.expected_failures[1].case_name, "tool-in-progress@2026-07-28");
  EXPECT_EQ(subject.expected_failures[1].clause, Clause::no_stray);
}

TEST(SubjectFile, MayAskACommandForTheVersion) {
  const auto subject = load(small + "version: {command: [node, -p, \"require('x').version\"]}\n");
  EXPECT_EQ(subject.version, "");
  EXPECT_THAT(subject.version_command, ElementsAre("node", "-p", "require('x').version"));
}

TEST(SubjectFile, KnowsItsFolder) {
  const ScenarioFolder folder;
  const auto file = folder.write("s.yaml", small);
  const auto subject = load_subject(file);
  EXPECT_EQ(subject.file, file);
  EXPECT_EQ(subject.folder + "/s.yaml", file);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(subject.folder);
  EXPECT_EQ(load_subject("s.yaml").folder, ".");
  std::filesystem::current_path(before);
}

TEST(SubjectFile, OfAServerSaysHowItIsSpokenTo) {
  const auto subject = load(R"(
subject: my-server
speaks: http
command: [python3, server.py]
ready: http://localhost:8080/health
start:
  post: http://localhost:8080/runs/{run}
  headers: {Authorization: Bearer abc}
  json: {message: "{prompt}", user: "{user}", stream: true}
  stream: sse
prompt: {post: "http://localhost:8080/runs/{run}/more", json: "{prompt}"}
cancel: {post: "http://localhost:8080/runs/{run}/cancel", json: {why: stop}}
outcome: {at: /result/status, cancelled: [cancelled, aborted]}
)");
  EXPECT_EQ(subject.speaks, SubjectFile::Speaks::http);
  const auto& http = subject.http;
  EXPECT_EQ(http.ready, "http://localhost:8080/health");
  EXPECT_EQ(http.start.method, "POST");
  EXPECT_EQ(http.start.url, "http://localhost:8080/runs/{run}");
  EXPECT_THAT(http.start.headers, ElementsAre(Pair("Authorization", "Bearer abc")));
  EXPECT_EQ(http.start.json, R"({"message":"{prompt}","user":"{user}","stream":true})");
  EXPECT_TRUE(http.start.is_stream);
  EXPECT_EQ(http.prompt.url, "http://localhost:8080/runs/{run}/more");
  EXPECT_EQ(http.prompt.json, R"("{prompt}")");
  EXPECT_FALSE(http.prompt.is_stream);
  ASSERT_TRUE(http.cancel.has_value());
  EXPECT_EQ(http.cancel->method, "POST");
  EXPECT_EQ(http.cancel->json, R"({"why":"stop"})");
  EXPECT_EQ(http.outcome_at, "/result/status");
  EXPECT_THAT(http.cancelled, ElementsAre("cancelled", "aborted"));
}

TEST(SubjectFile, OfAServerThatIsSmallPromptsAsItStartsAndCancelsByHangingUp) {
  const auto http = load(small_http + "cancel: hang_up\n").http;
  EXPECT_EQ(http.prompt.url, http.start.url);
  EXPECT_EQ(http.start.json, std::nullopt);
  EXPECT_FALSE(http.cancel.has_value());
  EXPECT_FALSE(load(small_http).http.cancel.has_value());
  EXPECT_EQ(http.outcome_at, std::nullopt);
  const auto deleted = load(small_http + "cancel: {delete: \"http://h/{run}\"}\n").http.cancel;
  ASSERT_TRUE(deleted.has_value());
  EXPECT_EQ(deleted->method, "DELETE");
  EXPECT_EQ(deleted->url, "http://h/{run}");
}

TEST(SubjectFile, OfMuxiHasAnAddressAndAKey) {
  const auto subject =
      load("subject: formation\nspeaks: muxi\nurl: http://127.0.0.1:8001\nkey: fmc_1\n");
  EXPECT_EQ(subject.speaks, SubjectFile::Speaks::muxi);
  EXPECT_EQ(subject.muxi.url, "http://127.0.0.1:8001");
  EXPECT_EQ(subject.muxi.key, "fmc_1");
  EXPECT_EQ(subject.muxi.ready, std::nullopt);
  EXPECT_EQ(load("subject: f\nspeaks: muxi\ncommand: [caesura]\nready: http://[::1]:1/health\nurl: "
                 "http://h\nkey: k\n")
                .muxi.ready,
            "http://[::1]:1/health");
}

TEST(SubjectFile, SendsWhatYamlTakesAValueFor) {
  const auto sent = [](const std::string& yaml) {
    return *load("subject: s\nspeaks: http\nstart: {post: http://h, json: {v: " + yaml + "}}\n")
                .http.start.json;
  };
  for (const auto& [yaml, json] : std::vector<std::pair<std::string, std::string>>{
           {"5", "5"},
           {"-5", "-5"},
           {"+5", "5"},
           {"007", "7"},
           {"0x1f", "31"},
           {"0o17", "15"},
           {"18446744073709551615", "18446744073709551615"},
           {"1.5", "1.5"},
           {".5", "0.5"},
           {"1e3", "1000.0"},
           {"\"5\"", "\"5\""},
           {"'true'", "\"true\""},
           {"true", "true"},
           {"False", "false"},
           {"yes", "\"yes\""},
           {"~", "null"},
           {"null", "null"},
           {"", "null"},
           {"\"\"", "\"\""},
           {"1.2.3", "\"1.2.3\""},
           {"0xyz", "\"0xyz\""},
           {"[1, {b: 2, a: [x]}, []]", "[1,{\"b\":2,\"a\":[\"x\"]},[]]"},
           {"{}", "{}"},
           {"\"\\u00e9\\n\"", "\"\u00e9\\n\""}})
    EXPECT_EQ(sent(yaml), "{\"v\":" + json + "}") << yaml;
}

TEST(SubjectFile, IsRefusedAsAWholeWithWhatToDo) {
  EXPECT_EQ(error(""),
            "s.yaml:1:1: a subject's file is a mapping with the keys subject, command, …");
  EXPECT_EQ(error("[a]\n"),
            "s.yaml:1:1: a subject's file is a mapping with the keys subject, command, …");
  EXPECT_THAT(error("a: [\n"), HasSubstr("not valid YAML"));
  EXPECT_EQ(error("command: [x]\n"),
            "s.yaml:1:1: the key 'subject' is missing; add it: a name of a-z, 0-9 and '-' (1 to 64 "
            "of them), such as my-agent");
  EXPECT_EQ(error("subject: s\n"),
            "s.yaml:1:1: a subject that speaks lines needs 'command'; add it, such as 'command: "
            "[node, my-agent.mjs]'");
  EXPECT_EQ(error("subject: s\nspeaks: http\n"),
            "s.yaml:1:1: a subject that speaks http needs 'start'; add it, such as 'start: {post: "
            "http://127.0.0.1:8080/chat, json: {message: \"{prompt}\"}}'");
  EXPECT_EQ(error("subject: s\nspeaks: muxi\nkey: k\n"),
            "s.yaml:1:1: a subject that speaks muxi needs 'url'; add it, such as 'url: "
            "http://127.0.0.1:8001'");
  EXPECT_EQ(error("subject: s\nspeaks: muxi\nurl: http://h\n"),
            "s.yaml:1:1: a subject that speaks muxi needs 'key'; add it, such as 'key: fmc_…'");
  EXPECT_THROW(load_subject("/no/such/file.yaml"), ScenarioError);
}

TEST(SubjectFile, IsRefusedWithThePlaceAndWhatToDo) {
  expect_errors_behind(small, R"(
# unknown key
wthin: 1s
= 3:1: unknown key 'wthin'; did you mean 'within'?
# the same key again
command: [x]
= 3:1: the key 'command' appears twice; remove one
# unknown way of speaking
speaks: line
= 3:9: unknown speaks 'line'; did you mean 'lines'?
# a way of speaking that is not played
speaks: acp
= 3:9: 'acp' is not played yet; write lines, and a few lines of your own around the agent
# within that is short
within: 9ms
= 3:9: within must be a duration from 10ms to 10s, not '9ms'
# within that is long
within: 11s
= 3:9: within must be a duration from 10ms to 10s, not '11s'
# within without a unit
within: 250
= 3:9: within needs a unit; write 250s if seconds are meant (units: ns, us, ms, s, m, h)
# a limit that is none
limits: {settle: 0s}
= 3:18: settle must be a duration above 0 and of at most 10m, not '0s'
# a limit that is hours
limits: {watch: 1h}
= 3:17: watch must be a duration above 0 and of at most 10m, not '1h'
# unknown limit
limits: {setle: 1s}
= 3:10: unknown key 'setle'; did you mean 'settle'?
# no parallel
parallel: 0
= 3:11: parallel must be a whole number from 1 to 10000, not '0'
# version that is a number
version: 1.2
= 3:10: version must be text; write it in quotes: "1.2"
# version of nothing
version: {}
= 3:10: the key 'command' is missing in version; add it: a list of texts such as [node, my-agent.mjs]
# a variable that is a number
env: {PORT: 8080}
= 3:13: PORT must be text; write it in quotes: "8080"
# a variable of Caesura's
env: {CAESURA_MODEL: x}
= 3:7: 'CAESURA_MODEL' is Caesura's to set: names that begin so say where the world is; remove it
# an address without a port
listen: 127.0.0.1
= 3:9: listen must be an address and a port, such as 127.0.0.1:8002, not '127.0.0.1'
# a name that is no address
listen: example.com:80
= 3:9: listen must be an address and a port, such as 127.0.0.1:8002, not 'example.com:80'
# a port that is none
listen: 127.0.0.1:65536
= 3:9: listen must be an address and a port, such as 127.0.0.1:8002, not '127.0.0.1:65536'
# an expected failure of no clause
expected_failures: [tool-in-progress]
= 3:21: an expected failure is a case and a clause, such as tool-in-progress.told, not 'tool-in-progress'
# an expected failure of no case
expected_failures: [.told]
= 3:21: an expected failure is a case and a clause, such as tool-in-progress.told, not '.told'
# an expected failure of an unknown clause
expected_failures: [twice.told, twice.nothing-start]
= 3:33: unknown clause 'nothing-start'; did you mean 'nothing-starts'?
# an expected failure of a clause that is like none
expected_failures: [twice.x]
= 3:21: unknown clause 'x'; known here: told, children, nothing-starts, truthful, settles, next-turn, usage, effects-once, no-stray
# an expected failure, again
expected_failures: [twice.told, twice.told]
= 3:33: 'twice.told' is named twice; remove one
# what a server has
start: {post: http://h}
= 3:1: 'start' is for subjects that speak http; write 'speaks: http', or remove it
# what MUXI has
key: k
= 3:1: 'key' is for subjects that speak muxi; write 'speaks: muxi', or remove it
# what a server is asked
ready: http://h
= 3:1: a subject that speaks lines says itself that it is ready; remove 'ready', or write 'speaks: http'
)");
}

TEST(SubjectFile, HasANameAndACommandThatCanBe) {
  EXPECT_EQ(error("subject: My_Agent\ncommand: [x]\n"),
            "s.yaml:1:10: subject must be a name of a-z, 0-9 and '-' (1 to 64 of them), such as "
            "my-agent, not 'My_Agent'");
  EXPECT_EQ(error("subject: my agent\ncommand: [x]\n"),
            "s.yaml:1:10: subject must be a name of a-z, 0-9 and '-' (1 to 64 of them), such as "
            "my-agent, not 'my agent'");
  EXPECT_EQ(error("subject: s\ncommand: []\n"),
            "s.yaml:2:10: command is empty; it needs at least one item");
  EXPECT_EQ(error("subject: s\ncommand: [x, \"\"]\n"),
            "s.yaml:2:14: an item of command must not be empty; remove it or write some text");
  EXPECT_EQ(error("subject: s\ncommand: node agent.mjs\n"),
            "s.yaml:2:10: command must be a list of texts such as [node, my-agent.mjs], not 'node "
            "agent.mjs'");
  EXPECT_EQ(error("subject: s\ncommand: [x, \"a\\0b\"]\n"),
            "s.yaml:2:14: a NUL character, which no argument or variable can have; remove it");
}

TEST(SubjectFile, OfAServerIsRefusedWithThePlaceAndWhatToDo) {
  expect_errors_behind(small_http, R"(
# a command, and nothing that says when it is ready
command: [python3, server.py]
= 4:10: nothing says when this is ready; add 'ready' with a URL that answers 200 then
# ready, and nothing that is started
ready: http://h
= 4:8: 'ready' is asked of what 'command' starts; add that, or remove this
# neither a call nor a hang-up
cancel: abort
= 4:9: cancel must be hang_up, {delete: URL} or {post: URL, json: …}, not 'abort'
# two calls
cancel: {delete: http://h, post: http://h}
= 4:28: 'post' and 'delete' exclude each other; keep one of them
# no call
cancel: {json: {}}
= 4:9: cancel needs either post or delete
# a body that is deleted
cancel: {delete: http://h, json: {}}
= 4:28: 'json' needs 'post' beside it; add that or remove this
# a pointer that is none
outcome: {at: status, cancelled: [cancelled]}
= 4:15: at must be a JSON pointer such as /status or /result/0/state, not 'status'
# a pointer with an escape that is none
outcome: {at: /a~2, cancelled: [cancelled]}
= 4:15: at must be a JSON pointer such as /status or /result/0/state, not '/a~2'
# an outcome that nothing is
outcome: {at: /status}
= 4:10: the key 'cancelled' is missing in outcome; add it: a list of texts such as [cancelled]
# a word without quotes
prompt: {post: http://h, json: {messages: [{content: {prompt}}]}}
= 4:54: YAML takes {prompt} for a mapping; write it in quotes: "{prompt}"
# a number that JSON does not have
prompt: {post: http://h, json: [.inf]}
= 4:33: '.inf' is no number that JSON has; write it in quotes
# a number beyond all
prompt: {post: http://h, json: [1e999]}
= 4:33: '1e999' is no number that JSON has; write it in quotes
# a stream of another kind
prompt: {post: http://h, stream: ndjson}
= 4:34: stream must be one of: sse, none, not 'ndjson'
)");
}

TEST(SubjectFile, HasUrlsOfHttpWithAHost) {
  const auto of = [](const std::string& url) {
    return error("subject: s\nspeaks: http\nstart: {post: \"" + url + "\"}\n");
  };
  for (const char* url : {"http://h", "http://h/", "http://127.0.0.1:8080", "http://[::1]:8080/x",
                          "http://[::1]", "http://h:1?q={prompt}", "http://h/{run}"})
    EXPECT_EQ(of(url), "") << url;
  for (const char* url :
       {"h:8080", "https://h", "http://", "http:///x", "http://:80/x", "http://h:/x", "http://h:0/",
        "http://h:65536/", "http://h:80a/", "http://u@h/", "http://[]/", "http://h/a b", "ftp://h"})
    EXPECT_EQ(of(url), "s.yaml:3:15: must be an address such as http://127.0.0.1:8080/chat, not '" +
                           std::string(url) + "'");
}

}  // namespace
}  // namespace caesura
