#pragma once

#include "sim/statistics.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace caesura {

// What a description of a file format is made of.

struct Shape;

/// A word with a meaning: one of an enumeration.
struct Word {
  std::string name;
  std::string doc;
  /// Not empty: known, but refused with this reason, and not in the JSON Schema.
  std::string refusal = {};
};

/// What an unquoted or quoted scalar may be.
struct ScalarForm {
  enum class Kind : std::uint8_t {
    text,
    slug,
    boolean,
    yes,  ///< true alone
    whole,
    number,
    duration,
    rate,
    word,      ///< one that reads as a number needs no quotes
    operation  ///< its number, or a path of them as text: 2, "2.1"
  };
  Kind kind = Kind::text;
  int128 least = 0;  ///< of a whole number; of a duration in nanoseconds
  int128 most = 0;
  double low = 0;  ///< of a number
  double high = 0;
  std::vector<Word> words = {};  ///< of a whole number: may stand instead
};

struct KeyForm {
  std::string name;
  const Shape* shape = nullptr;
  std::string doc;  ///< one line
  bool required = false;
  std::string fallback = {};  ///< the default, as JSON; empty: there is none to show
  /// Not empty: known, but refused with this reason, and not in the JSON Schema.
  std::string refusal = {};
};

/// Groups of keys that exclude each other. Of the one that is used, all keys are needed.
struct Choice {
  std::vector<std::vector<std::string>> groups;
  bool required = true;  ///< one must be used
};

/// `key` makes sense only beside `other`.
struct Needs {
  std::string key;
  std::string other;
};

struct MappingForm {
  std::vector<KeyForm> keys = {};
  std::vector<Choice> choices = {};
  std::vector<Needs> needs = {};
  /// Instead of keys: names of the user's own, each with a value of this shape.
  enum class Names : std::uint8_t { none, slugs, percentiles };
  Names names = Names::none;
  const Shape* named = nullptr;
  std::size_t least_names = 0;
};

struct ListForm {
  const Shape* item = nullptr;
  std::size_t least = 0;
  std::size_t most = 0;  ///< 0: any number
};

/// What a value may be: at most one form for each kind of YAML node, so that the node alone says
/// which is meant.
struct Shape {
  std::string id = {};        ///< its name in the JSON Schema; empty: written out in place
  std::string expected = {};  ///< continues "must be"; empty: derived from the forms
  std::vector<ScalarForm> scalar = {};    ///< none or one
  std::vector<MappingForm> mapping = {};  ///< none or one
  std::vector<ListForm> list = {};        ///< none or one
  bool null_is_empty = false;             ///< "key:" without a value means an empty mapping
  bool anything = false;                  ///< whatever YAML can say; no form is looked at
};

/// Shapes refer to one another by address.
struct Format {
  std::deque<Shape> shapes;
  const Shape* root = nullptr;
};

}  // namespace caesura
