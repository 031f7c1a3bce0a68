#include "scenarios/format/format_check.hpp"

#include "scenarios/format/format_number.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace caesura {
namespace {

bool is_slug(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

/// p0 to p100, as percentile_pattern says.
bool is_percentile(std::string_view text) {
  if (text.size() < 2 || text[0] != 'p' || text[1] == '+' || text[1] == '-' || text[1] == '.' ||
      text.back() == '.')
    return false;
  text.remove_prefix(1);
  if (text.find_first_not_of("0123456789.") != std::string_view::npos || !is_number(text))
    return false;
  return text.substr(0, text.find('.')).size() <= 3 && number_from(text) <= 100;
}

const char* kind_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::null:
      return "without a value";
    case Value::Kind::list:
      return "a list";
    case Value::Kind::mapping:
      return "a mapping";
    case Value::Kind::scalar:
      return "a plain value";
  }
  return "";
}

/// The keys as prose: "a", "a and b"; groups of a choice joined by "or".
std::string joined(const std::vector<std::string>& keys, const char* last) {
  std::string text;
  for (std::size_t i = 0; i < keys.size(); ++i)
    text += (i == 0 ? "" : i + 1 == keys.size() ? last : ", ") + keys[i];
  return text;
}

bool contains(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

bool is_one_of(const std::vector<Word>& words, std::string_view text) {
  return std::any_of(words.begin(), words.end(),
                     [&](const Word& word) { return word.name == text; });
}

class Checker {
 public:
  void value(const Value& value, const Shape& shape, const std::string& name) const {
    if (shape.anything) return;
    switch (value.kind) {
      case Value::Kind::null:
        if (shape.null_is_empty) return;
        fail(value.place, name + " has no value; it must be " + expected(shape));
      case Value::Kind::scalar:
        if (shape.scalar.empty()) mismatch(value, shape, name, cited(value.text));
        return scalar(value, shape, name);
      case Value::Kind::list:
        if (shape.list.empty()) mismatch(value, shape, name, "a list");
        return list(value, shape, name);
      case Value::Kind::mapping:
        if (shape.mapping.empty()) mismatch(value, shape, name, "a mapping");
        return mapping(value, shape.mapping.front(), name);
    }
  }

 private:
  [[noreturn]] static void mismatch(const Value& value, const Shape& shape, const std::string& name,
                                    const std::string& found) {
    fail(value.place, name + " must be " + expected(shape) + ", not " + found);
  }

  static void scalar(const Value& value, const Shape& shape, const std::string& name) {
    const auto& form = shape.scalar.front();
    using Kind = ScalarForm::Kind;
    if (form.kind == Kind::whole && is_one_of(form.words, value.text)) return;
    const bool wants_text = form.kind == Kind::text || form.kind == Kind::slug ||
                            form.kind == Kind::word || form.kind == Kind::duration ||
                            form.kind == Kind::rate;
    try {
      if (!wants_text && form.kind != Kind::operation && value.quoted) {
        fail(value.place, name + " must be " + expected(shape) +
                              ", not text; remove the quotes around " + cited(value.text));
      }
      read(value, form, shape, name);
      const bool is_text =
          value.quoted || !is_not_text(value.text) || form.kind == Kind::word;  // read() knows it
      if (wants_text && !is_text)
        fail(value.place, name + " must be text; write it in quotes: \"" + value.text + "\"");
    } catch (const std::invalid_argument& problem) {
      const std::string_view what = problem.what();
      if (what.empty()) mismatch(value, shape, name, cited(value.text));
      fail(value.place, name + " " + std::string(what) +
                            (what.find(';') == what.npos ? ", not " + cited(value.text) : ""));
    }
  }

  /// Throws std::invalid_argument, as the readers of numbers do.
  static void read(const Value& value, const ScalarForm& form, const Shape& shape,
                   const std::string& name) {
    const auto outside = [&] { throw std::invalid_argument("must be " + expected(shape)); };
    switch (form.kind) {
      case ScalarForm::Kind::text:
        if (value.text.empty())
          throw std::invalid_argument("must not be empty; remove it or write some text");
        return;
      case ScalarForm::Kind::slug:
        if (!is_slug(value.text)) outside();
        return;
      case ScalarForm::Kind::boolean: {
        static constexpr std::array<std::string_view, 6> words{"true",  "True",  "TRUE",
                                                               "false", "False", "FALSE"};
        if (std::find(words.begin(), words.end(), value.text) == words.end()) outside();
        return;
      }
      case ScalarForm::Kind::yes:
        if (value.text != "true" && value.text != "True" && value.text != "TRUE") outside();
        return;
      case ScalarForm::Kind::whole: {
        const auto n = whole_from(value.text);
        if (n < form.least || n > form.most) outside();
        return;
      }
      case ScalarForm::Kind::number: {
        const double x = number_from(value.text);
        if (!(x >= form.low && x <= form.high)) outside();
        return;
      }
      case ScalarForm::Kind::duration: {
        const auto nanoseconds = duration_from(value.text).count();
        if (nanoseconds < form.least || nanoseconds > form.most) outside();
        return;
      }
      case ScalarForm::Kind::rate:
        rate_from(value.text);
        return;
      case ScalarForm::Kind::word:
        return word(value, form, shape, name);
      case ScalarForm::Kind::operation:
        return operation(value);
    }
  }

  /// A path without quotes would be another one in YAML and JSON: 2.10 is 2.1 there.
  static void operation(const Value& value) {
    if (!value.quoted && is_number(value.text) && value.text.find('.') != std::string::npos) {
      throw std::invalid_argument("with a point is text; write it in quotes: \"" + value.text +
                                  "\"");
    }
    operation_from(value.text);
  }

  static void word(const Value& value, const ScalarForm& form, const Shape& shape,
                   const std::string& name) {
    std::vector<std::string> known;
    for (const auto& word : form.words) {
      if (word.name == value.text) {
        if (!word.refusal.empty()) fail(value.place, cited(value.text) + " " + word.refusal);
        return;
      }
      known.push_back(word.name);
    }
    const auto* near = nearest(value.text, known);
    const std::string what = name.rfind("an item of ", 0) == 0 ? name.substr(11) : name;
    if (near != nullptr)
      fail(value.place,
           "unknown " + what + " " + cited(value.text) + "; did you mean " + cited(*near) + "?");
    mismatch(value, shape, name, cited(value.text));
  }

  void list(const Value& value, const Shape& shape, const std::string& name) const {
    const auto& form = shape.list.front();
    if (value.items.empty() && form.least == 1)
      fail(value.place, name + " is empty; it needs at least one item");
    const bool too_many = form.most != 0 && value.items.size() > form.most;
    if (value.items.size() < form.least || too_many) {
      const auto limit = too_many && form.least != form.most
                             ? " (at most " + std::to_string(form.most) + " items)"
                             : "";
      fail(value.place, name + " must be " + expected(shape) + limit + ", not a list of " +
                            std::to_string(value.items.size()));
    }
    const std::string item_name = name.rfind("an item of ", 0) == 0 ? name : "an item of " + name;
    for (const auto& item : value.items) this->value(item, *form.item, item_name);
  }

  void mapping(const Value& value, const MappingForm& form, const std::string& name) const {
    if (form.names != MappingForm::Names::none) return names(value, form, name);
    for (const auto& entry : value.entries) {
      const auto key = std::find_if(form.keys.begin(), form.keys.end(),
                                    [&](const KeyForm& k) { return k.name == entry.key; });
      if (key == form.keys.end()) unknown_key(entry, form, name);
      if (!key->refusal.empty()) fail(entry.place, cited(entry.key) + " " + key->refusal);
      this->value(entry.value, *key->shape, entry.key);
    }
    for (const auto& choice : form.choices) this->choice(value, choice, name);
    for (const auto& key : form.keys) {
      if (key.required && value.find(key.name) == nullptr) {
        fail(value.place, "the key " + cited(key.name) + " is missing" +
                              (name.empty() ? "" : " in " + name) +
                              "; add it: " + expected(*key.shape));
      }
    }
    for (const auto& needs : form.needs) {
      if (value.find(needs.key) == nullptr || value.find(needs.other) != nullptr) continue;
      fail(place_of_key(value, needs.key), cited(needs.key) + " needs " + cited(needs.other) +
                                               " beside it; add that or remove this");
    }
  }

  [[noreturn]] static void unknown_key(const ValueEntry& entry, const MappingForm& form,
                                       const std::string& name) {
    std::vector<std::string> known;
    for (const auto& key : form.keys) {
      if (key.refusal.empty()) known.push_back(key.name);
    }
    if (known.empty())
      fail(entry.place,
           "unknown key " + cited(entry.key) + "; " + name + " has no options, remove it");
    fail(entry.place, "unknown key " + cited(entry.key) + suggestion(entry.key, known));
  }

  void names(const Value& value, const MappingForm& form, const std::string& name) const {
    const bool percentiles = form.names == MappingForm::Names::percentiles;
    for (const auto& entry : value.entries) {
      if (percentiles && !is_percentile(entry.key)) {
        fail(entry.place, cited(entry.key) +
                              " is no percentile; write p50, p99.9 and the like, from p0 to p100");
      }
      if (!percentiles && !is_slug(entry.key)) {
        fail(entry.place, "the name " + cited(entry.key) +
                              " must be letters, digits, '-' and '_' (1 to 64 of them)");
      }
      this->value(entry.value, *form.named, entry.key);
    }
    if (value.entries.size() < form.least_names) {
      fail(value.place,
           name + " needs at least " + std::to_string(form.least_names) + " entries; add one");
    }
  }

  static Place place_of_key(const Value& value, const std::string& key) {
    const auto entry = std::find_if(value.entries.begin(), value.entries.end(),
                                    [&](const ValueEntry& e) { return e.key == key; });
    return entry == value.entries.end() ? value.place : entry->place;
  }

  static bool shared(const Choice& choice, const std::string& key) {
    return std::count_if(choice.groups.begin(), choice.groups.end(),
                         [&](const auto& group) { return contains(group, key); }) > 1;
  }

  static void choice(const Value& value, const Choice& choice, const std::string& name) {
    const std::vector<std::string>* used = nullptr;
    std::string used_by;
    for (const auto& entry : value.entries) {
      if (shared(choice, entry.key)) continue;
      for (const auto& group : choice.groups) {
        if (!contains(group, entry.key)) continue;
        if (used == nullptr) {
          used = &group;
          used_by = entry.key;
        } else if (used != &group) {
          fail(entry.place, cited(entry.key) + " and " + cited(used_by) +
                                " exclude each other; keep one of them");
        }
      }
    }
    if (used == nullptr) {
      if (!choice.required) return;
      std::vector<std::string> groups;
      for (const auto& group : choice.groups) groups.push_back(joined(group, " and "));
      const char* which = groups.size() == 1   ? "needs the key "
                          : groups.size() == 2 ? "needs either "
                                               : "needs exactly one of ";
      fail(value.place, (name.empty() ? "this" : name) + " " + which + joined(groups, " or "));
    }
    for (const auto& key : *used) {
      if (value.find(key) == nullptr)
        fail(place_of_key(value, used_by),
             cited(used_by) + " needs " + cited(key) + " beside it; add it");
    }
    for (const auto& group : choice.groups) {
      for (const auto& key : group) {
        if (contains(*used, key) || value.find(key) == nullptr) continue;
        fail(place_of_key(value, key),
             cited(key) + " does not go with " + cited(used_by) + "; remove it");
      }
    }
  }
};

}  // namespace

void check(const Value& root, const Format& format) {
  if (root.kind == Value::Kind::null)
    fail({root.place.source, 1, 1},
         "the file is empty; a scenario needs the keys scenario, load and workflow");
  if (root.kind != Value::Kind::mapping) {
    fail({root.place.source, 1, 1},
         "a scenario must be " + expected(*format.root) + ", not " + kind_of(root));
  }
  Value whole_file = root;
  whole_file.place = {root.place.source, 1, 1};  // what the file lacks, it lacks as a whole
  Checker().value(whole_file, *format.root, "");
}

void check_part(const Value& part, const Shape& shape, const std::string& name) {
  Checker().value(part, shape, name);
}

}  // namespace caesura
