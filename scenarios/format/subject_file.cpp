#include "scenarios/format/subject_file.hpp"

#include "scenarios/format/format.hpp"
#include "scenarios/format/format_check.hpp"
#include "scenarios/format/format_json.hpp"
#include "scenarios/format/format_number.hpp"
#include "scenarios/format/format_parts.hpp"
#include "scenarios/format/loader_file.hpp"
#include "scenarios/format/loader_yaml.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace caesura {
namespace {

using namespace std::chrono_literals;

// ---- The format

const Shape& add_texts(Format& format, const char* example) {
  return add(format, {.expected = std::string("a list of texts such as ") + example,
                      .list = {{.item = &add_text(format), .least = 1}}});
}

const Shape& add_named_texts(Format& format) {
  return add(format,
             {.mapping = {{.names = MappingForm::Names::slugs, .named = &add_text(format)}}});
}

/// `post`, and what goes with it.
MappingForm call_form(Format& format, bool with_stream) {
  const auto& text = add_text(format);
  MappingForm form{
      .keys = {{"post", &text, "Its URL.", true},
               {"headers", &add_named_texts(format), "What is sent beside it."},
               {"json", &add(format, {.expected = "what is to be sent as JSON", .anything = true}),
                "The body."}}};
  if (with_stream) {
    form.keys.push_back(
        {"stream",
         &add_words(format, {{"sse", "Server-sent events."}, {"none", "One answer at its end."}}),
         "How it is answered.", false, "\"none\""});
  }
  return form;
}

void add_http_keys(Format& format, std::vector<KeyForm>& keys) {
  const auto& text = add_text(format);
  MappingForm cancel = call_form(format, false);
  cancel.keys.front().required = false;
  cancel.keys.push_back({"delete", &text, "The URL that is deleted."});
  cancel.choices = {{.groups = {{"post"}, {"delete"}}}};
  cancel.needs = {{"json", "post"}};
  const auto& call = add(format, {.expected = "a call such as {post: http://127.0.0.1:8080/chat}",
                                  .mapping = {call_form(format, true)}});
  keys.push_back(
      {"ready", &text, "Its command has started once this URL answers 200; of http and muxi."});
  keys.push_back({"start", &call, "How a run is begun; of http."});
  keys.push_back({"prompt", &call, "How the next prompt is sent; of http. Default: as start."});
  keys.push_back({"cancel",
                  &add(format, {.expected = "hang_up, {delete: URL} or {post: URL, json: …}",
                                .scalar = {{.kind = ScalarForm::Kind::word,
                                            .words = {{"hang_up", "The connection is closed."}}}},
                                .mapping = {std::move(cancel)}}),
                  "How the user says stop; of http.", false, "\"hang_up\""});
  keys.push_back(
      {"outcome",
       &add(format,
            {.mapping = {{.keys = {{"at", &text,
                                    "A JSON pointer into the answer, or the last event's data.",
                                    true},
                                   {"cancelled", &add_texts(format, "[cancelled]"),
                                    "What it says there of one that was cancelled.", true}}}}}),
       "How an answer says that it was cancelled; of http."});
  keys.push_back({"url", &text, "Where it is; of muxi."});
  keys.push_back({"key", &text, "Its key; of muxi."});
}

const Shape& add_limits(Format& format) {
  const auto& limit =
      add_duration(format, "a duration above 0 and of at most 10m", Duration(1), 10min);
  return add(
      format,
      {.expected = "a mapping such as {start: 20s, settle: 10s, end: 5s, watch: 30s}",
       .mapping = {{.keys = {{"start", &limit, "Until it is ready.", false, "\"20s\""},
                             {"settle", &limit, "After which it hangs.", false, "\"10s\""},
                             {"end", &limit, "From its last line to SIGTERM.", false, "\"5s\""},
                             {"watch", &limit, "After the cancel, at most.", false, "\"30s\""}}}}});
}

Format make_format() {
  Format format;
  const auto& text = add_text(format);
  const auto& name =
      add(format, {.expected = "a name of a-z, 0-9 and '-' (1 to 64 of them), such as my-agent",
                   .scalar = {{.kind = ScalarForm::Kind::slug}}});
  const auto& within =
      add_duration(format, "a duration from 10ms to 10s", within_least, within_most);
  const auto& command = add_texts(format, "[node, my-agent.mjs]");
  const auto& version =
      add(format,
          {.expected = "text, or {command: […]}",
           .scalar = {{.kind = ScalarForm::Kind::text}},
           .mapping = {{.keys = {{"command", &command, "What it prints is the version.", true}}}}});
  std::vector<KeyForm> keys{
      {"subject", &name, "Its name in reports.", true},
      {"version", &version, "Shown in reports."},
      {"command", &command, "What is started, in the file's folder, without a shell."},
      {"speaks",
       &add_words(
           format,
           {{"lines", "JSON, a line each."},
            {"http", "HTTP, as this file describes it."},
            {"muxi", "MUXI's API."},
            {"acp", "ACP.",
             "is not played yet; write lines, and a few lines of your own around the agent"}}),
       "How it is spoken to.", false, "\"lines\""},
      {"within", &within, "What counts as in time.", false, "\"250ms\""},
      {"limits", &add_limits(format), "How long is waited."},
      {"reuse", &add_boolean(format), "One process for all cases.", false, "false"},
      {"parallel", &add_whole(format, 1, 10'000), "Runs at a time in one process.", false, "1"},
      {"env", &add_named_texts(format), "Added to its environment."},
      {"listen", &text, "Where the world is for it. Default: any free port."},
      {"expected_failures",
       &add(format,
            {.expected = "a list such as [tool-in-progress.told]", .list = {{.item = &text}}}),
       "Which clauses of which cases are known to fail.", false, "[]"}};
  add_http_keys(format, keys);
  format.root = &add(format, {.expected = "a mapping with the keys subject, command, …",
                              .mapping = {{.keys = std::move(keys)}}});
  return format;
}

const Format& subject_format() {
  static const Format format = make_format();
  return format;
}

// ---- Its reader

/// What the system takes for the end of a text cannot be within it.
const std::string& system_text(const Value& value) {
  if (value.text.find('\0') != std::string::npos)
    fail(value.place, "a NUL character, which no argument or variable can have; remove it");
  return value.text;
}

std::vector<std::string> texts_of(const Value* list) {
  std::vector<std::string> texts;
  if (list == nullptr) return texts;
  for (const Value& item : list->items) texts.push_back(system_text(item));
  return texts;
}

std::vector<std::pair<std::string, std::string>> named_texts_of(const Value* mapping) {
  std::vector<std::pair<std::string, std::string>> texts;
  if (mapping == nullptr) return texts;
  for (const ValueEntry& entry : mapping->entries)
    texts.emplace_back(entry.key, system_text(entry.value));
  return texts;
}

std::vector<std::pair<std::string, std::string>> read_env(const Value* env) {
  if (env != nullptr) {
    for (const ValueEntry& entry : env->entries) {
      if (entry.key.starts_with("CAESURA_")) {
        fail(entry.place, cited(entry.key) +
                              " is Caesura's to set: names that begin so say where the world is; "
                              "remove it");
      }
    }
  }
  return named_texts_of(env);
}

/// A word that is filled in is, without quotes, a mapping to YAML.
void refuse_bare_words(const Value& value) {
  static constexpr std::array<std::string_view, 3> words{"run", "prompt", "user"};
  for (const Value& item : value.items) refuse_bare_words(item);
  for (const auto& [key, place, below] : value.entries) {
    refuse_bare_words(below);
    const bool is_word = value.entries.size() == 1 && below.kind == Value::Kind::null &&
                         std::find(words.begin(), words.end(), key) != words.end();
    if (is_word)
      fail(value.place,
           "YAML takes {" + key + "} for a mapping; write it in quotes: \"{" + key + "}\"");
  }
}

bool is_port(std::string_view text, unsigned least) {
  unsigned port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  return error == std::errc() && stop == end && port >= least && port <= 65535;
}

std::string url_of(const Value& value) {
  constexpr std::string_view scheme = "http://";
  const std::string& url = value.text;
  const auto refuse = [&] {
    fail(value.place, "must be an address such as http://127.0.0.1:8080/chat, not " + cited(url));
  };
  const bool is_plain = std::all_of(url.begin(), url.end(), [](char c) { return c > ' '; });
  if (!url.starts_with(scheme) || !is_plain) refuse();
  const std::string_view authority = std::string_view(url).substr(
      scheme.size(), url.find_first_of("/?#", scheme.size()) - scheme.size());
  const std::size_t bracket = authority.rfind(']');  // of [::1]
  const std::size_t colon = authority.find(':', bracket == authority.npos ? 0 : bracket);
  const std::string_view host = authority.substr(0, colon);
  if (host.empty() || host == "[]" || authority.find('@') != authority.npos) refuse();
  if (colon != authority.npos && !is_port(authority.substr(colon + 1), 1)) refuse();
  return url;
}

std::string listen_of(const Value& value) {
  const std::string& text = value.text;
  const std::size_t colon = text.rfind(':');
  std::string address = text.substr(0, colon);
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  int family = AF_INET;
  if (address.starts_with('[') && address.ends_with(']')) {
    family = AF_INET6;
    address = address.substr(1, address.size() - 2);
  }
  const bool is_address =
      address == "localhost" || ::inet_pton(family, address.c_str(), bytes.data()) == 1;
  if (colon == text.npos || !is_address || !is_port(std::string_view(text).substr(colon + 1), 0)) {
    fail(value.place,
         "listen must be an address and a port, such as 127.0.0.1:8002, not " + cited(text));
  }
  return text;
}

std::string pointer_of(const Value& value) {
  try {
    const nlohmann::json::json_pointer pointer(value.text);
    return value.text;
  } catch (const nlohmann::json::exception&) {
    fail(value.place,
         "at must be a JSON pointer such as /status or /result/0/state, not " + cited(value.text));
  }
}

SubjectHttpCall read_call(const Value& value) {
  SubjectHttpCall call{.method = "POST", .url = {}};
  const Value* deleted = value.find("delete");
  if (deleted != nullptr) call.method = "DELETE";
  call.url = url_of(deleted != nullptr ? *deleted : *value.find("post"));
  call.headers = named_texts_of(value.find("headers"));
  if (const auto* json = value.find("json")) {
    refuse_bare_words(*json);
    call.json = json_text(*json);
  }
  const auto* stream = value.find("stream");
  call.is_stream = stream != nullptr && stream->text == "sse";
  return call;
}

HttpSubjectFile read_http(const Value& root) {
  HttpSubjectFile http{.start = read_call(*root.find("start")), .prompt = {}};
  const auto* prompt = root.find("prompt");
  http.prompt = prompt == nullptr ? http.start : read_call(*prompt);
  if (const auto* ready = root.find("ready")) http.ready = url_of(*ready);
  const auto* cancel = root.find("cancel");
  if (cancel != nullptr && cancel->kind == Value::Kind::mapping) http.cancel = read_call(*cancel);
  if (const auto* outcome = root.find("outcome")) {
    http.outcome_at = pointer_of(*outcome->find("at"));
    http.cancelled = texts_of(outcome->find("cancelled"));
  }
  return http;
}

MuxiSubjectFile read_muxi(const Value& root) {
  MuxiSubjectFile muxi{.url = url_of(*root.find("url")), .key = root.find("key")->text};
  if (const auto* ready = root.find("ready")) muxi.ready = url_of(*ready);
  return muxi;
}

std::vector<ExpectedFailure> read_expected(const Value* list) {
  std::vector<ExpectedFailure> expected;
  if (list == nullptr) return expected;
  for (const Value& item : list->items) {
    const std::size_t dot = item.text.rfind('.');
    if (dot == std::string::npos || dot == 0 || dot + 1 == item.text.size()) {
      fail(item.place,
           "an expected failure is a case and a clause, such as tool-in-progress.told, not " +
               cited(item.text));
    }
    const std::string name = item.text.substr(dot + 1);
    const auto clause = clause_named(name);
    if (!clause) {
      std::vector<std::string> known;
      for (const Clause one : all_clauses) known.emplace_back(name_of(one));
      fail(item.place, "unknown clause " + cited(name) + suggestion(name, known));
    }
    ExpectedFailure failure{item.text.substr(0, dot), *clause, location(item.place)};
    if (std::any_of(expected.begin(), expected.end(), [&](const ExpectedFailure& other) {
          return other.case_name == failure.case_name && other.clause == *clause;
        }))
      fail(item.place, cited(item.text) + " is named twice; remove one");
    expected.push_back(std::move(failure));
  }
  return expected;
}

using Speaks = SubjectFile::Speaks;

Speaks read_speaks(const Value* speaks) {
  if (speaks == nullptr || speaks->text == "lines") return Speaks::lines;
  return speaks->text == "http" ? Speaks::http : Speaks::muxi;
}

const char* name_of(Speaks speaks) {
  switch (speaks) {
    case Speaks::lines:
      return "lines";
    case Speaks::http:
      return "http";
    case Speaks::muxi:
      return "muxi";
  }
  return "";
}

/// Refuses keys that mean something to another way of speaking only, and misses those of this one.
void check_keys(const Value& root, Speaks speaks) {
  struct Part {
    const char* key;
    Speaks of;
    const char* example;  ///< empty: may be left out
  };
  static constexpr std::array<Part, 7> parts{{
      {"start", Speaks::http,
       "start: {post: http://127.0.0.1:8080/chat, json: {message: \"{prompt}\"}}"},
      {"prompt", Speaks::http, ""},
      {"cancel", Speaks::http, ""},
      {"outcome", Speaks::http, ""},
      {"url", Speaks::muxi, "url: http://127.0.0.1:8001"},
      {"key", Speaks::muxi, "key: fmc_…"},
      {"command", Speaks::lines, "command: [node, my-agent.mjs]"},
  }};
  for (const ValueEntry& entry : root.entries) {
    if (entry.key == "ready" && speaks == Speaks::lines) {
      fail(entry.place,
           "a subject that speaks lines says itself that it is ready; remove 'ready', or write "
           "'speaks: http'");
    }
    for (const Part& part : parts) {
      if (entry.key != part.key || part.of == speaks || part.of == Speaks::lines) continue;
      fail(entry.place, cited(entry.key) + " is for subjects that speak " + name_of(part.of) +
                            "; write 'speaks: " + name_of(part.of) + "', or remove it");
    }
  }
  for (const Part& part : parts) {
    const bool is_needed = part.of == speaks && *part.example != '\0';
    if (!is_needed || root.find(part.key) != nullptr) continue;
    fail(root.place, std::string("a subject that speaks ") + name_of(speaks) + " needs '" +
                         part.key + "'; add it, such as '" + part.example + "'");
  }
  const bool has_command = root.find("command") != nullptr;
  const auto* ready = root.find("ready");
  if (ready != nullptr && !has_command)
    fail(ready->place, "'ready' is asked of what 'command' starts; add that, or remove this");
  if (ready == nullptr && has_command && speaks != Speaks::lines) {
    fail(root.find("command")->place,
         "nothing says when this is ready; add 'ready' with a URL that answers 200 then");
  }
}

Duration duration_or(const Value* mapping, const char* key, Duration otherwise) {
  const auto* value = mapping == nullptr ? nullptr : mapping->find(key);
  return value == nullptr ? otherwise : duration_from(value->text);
}

SubjectFile::Limits read_limits(const Value* limits) {
  const SubjectFile::Limits usual;
  return {.start = duration_or(limits, "start", usual.start),
          .settle = duration_or(limits, "settle", usual.settle),
          .end = duration_or(limits, "end", usual.end),
          .watch = duration_or(limits, "watch", usual.watch)};
}

/// It becomes a policy's name in results.
const std::string& read_name(const Value& name) {
  if (name.text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos)
    return name.text;
  fail(name.place, "subject must be " +
                       expected(*subject_format().root->mapping.front().keys.front().shape) +
                       ", not " + cited(name.text));
}

}  // namespace

SubjectFile load_subject(const std::string& file) {
  const Source source{file};
  Value root = parse_yaml(read_file(file, largest_scenario_bytes, {&source, 1, 1}), source);
  if (root.kind != Value::Kind::mapping)
    fail({&source, 1, 1}, "a subject's file is a mapping with the keys subject, command, …");
  root.place = {&source, 1, 1};
  check_part(root, *subject_format().root, "");

  SubjectFile subject;
  subject.file = file;
  const auto folder = std::filesystem::path(file).parent_path();
  subject.folder = folder.empty() ? "." : folder.string();
  subject.name = read_name(*root.find("subject"));
  if (const auto* version = root.find("version")) {
    subject.version = version->text;
    subject.version_command = texts_of(version->find("command"));
  }
  subject.command = texts_of(root.find("command"));
  subject.speaks = read_speaks(root.find("speaks"));
  check_keys(root, subject.speaks);
  if (subject.speaks == Speaks::http) subject.http = read_http(root);
  if (subject.speaks == Speaks::muxi) subject.muxi = read_muxi(root);
  if (const auto* listen = root.find("listen")) subject.listen = listen_of(*listen);
  subject.within = duration_or(&root, "within", subject.within);
  subject.limits = read_limits(root.find("limits"));
  const auto* reuse = root.find("reuse");
  subject.reuse = reuse != nullptr && reuse->text.front() != 'f' && reuse->text.front() != 'F';
  if (const auto* parallel = root.find("parallel"))
    subject.parallel = static_cast<std::uint32_t>(whole_from(parallel->text));
  subject.env = read_env(root.find("env"));
  subject.expected_failures = read_expected(root.find("expected_failures"));
  return subject;
}

}  // namespace caesura
