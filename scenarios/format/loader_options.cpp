#include "scenarios/format/loader_options.hpp"

#include "scenarios/format/loader_yaml.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace caesura {
namespace {

constexpr std::size_t longest_path = 50;

std::optional<std::size_t> index_from(std::string_view part) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc() || end != part.data() + part.size()) return std::nullopt;
  return index;
}

void erase(Value& mapping, std::string_view key) {
  mapping.entries.erase(std::remove_if(mapping.entries.begin(), mapping.entries.end(),
                                       [&](const ValueEntry& entry) { return entry.key == key; }),
                        mapping.entries.end());
}

/// One option's walk through the tree, creating mappings that are missing.
class Setter {
 public:
  Setter(Value& root, const Source& source) : root_(root), place_{&source, 1, 1} {}

  void set(const std::string& path, Value value) {
    Value* at = &root_;
    std::string walked;
    for (const auto& part : split(path)) {
      if (walked == "load") drop_other_extent(*at, part);
      if (walked == "cancel" || walked == "policy") make_list(*at, part);
      if (walked.starts_with("policy.") &&
          walked.find('.', walked.find('.') + 1) == std::string::npos)
        give_options(*at, part);
      at = &below(*at, part, walked);
      walked += (walked.empty() ? "" : ".") + part;
    }
    *at = std::move(value);
  }

 private:
  std::vector<std::string> split(const std::string& path) const {
    std::vector<std::string> parts(1);
    for (const char c : path) {
      if (c == '.') {
        parts.emplace_back();
      } else {
        parts.back() += c;
      }
    }
    if (std::any_of(parts.begin(), parts.end(),
                    [](const std::string& part) { return part.empty(); })) {
      fail(place_,
           "the path " + cited(path) +
               " has an empty part; write keys and indices joined by dots, such as load.requests");
    }
    if (parts.size() > longest_path)
      fail(place_, "the path has over " + std::to_string(longest_path) +
                       " parts; no scenario is that deep");
    return parts;
  }

  /// A load has requests or a duration: setting one replaces the other.
  static void drop_other_extent(Value& load, const std::string& key) {
    if (key == "requests") erase(load, "duration");
    if (key == "duration") erase(load, "requests");
  }

  /// A single source or policy may stand without a list around it; cancel.0 means it all the same.
  static void make_list(Value& value, const std::string& part) {
    if (!index_from(part) ||
        (value.kind != Value::Kind::mapping && value.kind != Value::Kind::scalar))
      return;
    Value list = make_value(Value::Kind::list, value.place);
    list.items.push_back(std::move(value));
    value = std::move(list);
  }

  /// A policy may stand as its kind alone; policy.0.abort.detect means an option of it all the
  /// same.
  static void give_options(Value& policy, const std::string& kind) {
    if (policy.kind != Value::Kind::scalar || policy.text != kind) return;
    Value options = make_value(Value::Kind::mapping, policy.place);
    options.entries.push_back({kind, policy.place, make_value(Value::Kind::null, policy.place)});
    policy = std::move(options);
  }

  Value& below(Value& at, const std::string& part, const std::string& walked) const {
    if (at.kind == Value::Kind::list) return item(at, part, walked);
    if (at.kind == Value::Kind::scalar) {
      fail(place_, cited(walked) + " is the plain value " + cited(at.text) +
                       " with nothing below; set " + cited(walked) + " itself");
    }
    if (at.kind == Value::Kind::null) at = make_value(Value::Kind::mapping, place_);
    if (auto* known = at.find(part)) return *known;
    if (walked == "cancel" || walked == "policy") {
      if (index_from(part))
        fail(place_, cited(walked) + " has no item " + part + ", for it has none; set " +
                         cited(walked) + " itself to a list");
    }
    at.entries.push_back({part, place_, make_value(Value::Kind::null, place_)});
    return at.entries.back().value;
  }

  Value& item(Value& list, const std::string& part, const std::string& walked) const {
    const auto index = index_from(part);
    const auto n = list.items.size();
    if (!index) {
      fail(place_, cited(walked) + " is a list; write an index from 0 instead of " + cited(part) +
                       ", such as " + walked + ".0");
    }
    if (*index >= n) {
      const auto last =
          n == 0 ? std::string("it is empty") : "its items are 0 to " + std::to_string(n - 1);
      fail(place_, cited(walked) + " has no item " + part + "; " + last);
    }
    return list.items[*index];
  }

  Value& root_;
  Place place_;
};

void apply_policies(const std::vector<std::string>& policies, Value& root,
                    std::deque<Source>& sources) {
  std::optional<Value> list;
  for (const auto& text : policies) {
    const auto& source = sources.emplace_back(Source{"--policy " + text, true});
    auto item = parse_yaml(text, source);
    if (item.kind == Value::Kind::list || item.kind == Value::Kind::null) {
      fail({&source, 1, 1},
           "one option takes one policy; write --policy never --policy checkpoint for two");
    }
    if (!list) list = make_value(Value::Kind::list, {&source, 1, 1});
    list->items.push_back(std::move(item));
  }
  if (list) Setter(root, *list->place.source).set("policy", std::move(*list));
}

/// `text` is PATH=VALUE, given by this option.
void apply_set(const std::string& option, const std::string& text, Value& root,
               std::deque<Source>& sources) {
  const auto& source = sources.emplace_back(Source{option + ' ' + text, true});
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    fail({&source, 1, 1},
         "this is not PATH=VALUE; write it as in " + option + " load.requests=1000");
  }
  Setter(root, source).set(text.substr(0, equals), parse_yaml(text.substr(equals + 1), source));
}

}  // namespace

void apply_options(const ScenarioOptions& options, Value& root, std::deque<Source>& sources) {
  for (const auto& set : options.sets) apply_set("--set", set, root, sources);
  const auto number = [&](const char* option, const char* path, std::uint64_t n) {
    const auto text = std::to_string(n);
    const auto& source = sources.emplace_back(Source{std::string(option) + " " + text, true});
    Setter(root, source).set(path, make_value(Value::Kind::scalar, {&source, 1, 1}, text));
  };
  if (options.seed) number("--seed", "seed", *options.seed);
  if (options.requests) number("--requests", "load.requests", *options.requests);
  apply_policies(options.policies, root, sources);
  for (const auto& varied : options.varied) apply_set("--vary", varied, root, sources);
}

}  // namespace caesura
