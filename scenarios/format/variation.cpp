#include "scenarios/format/variation.hpp"

#include "scenarios/format/format_value.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace caesura {
namespace {

[[noreturn]] void refuse(const std::string& option, const std::string& what) {
  throw ScenarioError("--vary " + option + ": " + what);
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

/// Cuts YAML flow values at the commas between them.
class ValueCutter {
 public:
  explicit ValueCutter(std::string_view text) : text_(text) {}

  std::vector<std::string> values() {
    for (at_ = 0; at_ < text_.size(); ++at_) step();
    if (quote_ == 0 && depth_ == 0) cut();
    return std::move(values_);
  }
  /// What was opened and not closed: a bracket, a brace or a quote; 0 if there is none.
  char left_open() const { return quote_ != 0 ? quote_ : depth_ > 0 ? opened_ : '\0'; }

 private:
  void step() {
    const char c = text_[at_];
    if (quote_ != 0) {
      if (c == '\\' && quote_ == '"') {
        ++at_;
      } else if (c == quote_) {
        quote_ = 0;
      }
    } else if ((c == '"' || c == '\'') && token_starts_here()) {
      quote_ = c;
    } else if (c == '[' || c == '{') {
      if (depth_++ == 0) opened_ = c;
    } else if ((c == ']' || c == '}') && depth_ > 0) {
      --depth_;
    } else if (c == ',' && depth_ == 0) {
      cut();
    }
  }

  /// An apostrophe within a word is no quote.
  bool token_starts_here() const {
    const auto before = text_.substr(0, at_).find_last_not_of(" \t");
    return before == std::string_view::npos || before < start_ ||
           std::string_view(",[{:").find(text_[before]) != std::string_view::npos;
  }

  void cut() {
    values_.push_back(trimmed(text_.substr(start_, at_ - start_)));
    start_ = at_ + 1;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  std::size_t depth_ = 0;
  char quote_ = 0;
  char opened_ = 0;
  std::vector<std::string> values_;
};

bool is_below_or_same(const std::string& path, const std::string& above) {
  return path == above || path.starts_with(above + '.');
}

std::vector<std::string> suffixes(const std::string& path) {
  std::vector<std::string> all;
  for (std::size_t dot = path.rfind('.'); dot != std::string::npos && dot > 0;
       dot = path.rfind('.', dot - 1)) {
    const std::string suffix = path.substr(dot + 1);
    if (!suffix.empty() && (suffix[0] < '0' || suffix[0] > '9')) all.push_back(suffix);
  }
  all.push_back(path);
  return all;
}

}  // namespace

Variation parse_variation(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    refuse(text, "this is not PATH=V1,V2,…; write it as in --vary load.requests=1000,10000");
  ValueCutter cutter(std::string_view(text).substr(equals + 1));
  Variation variation{.path = trimmed(text.substr(0, equals)), .values = cutter.values()};
  if (const char open = cutter.left_open(); open != 0)
    refuse(text, std::string("a ") + open + " is never closed");
  for (auto value = variation.values.begin(); value != variation.values.end(); ++value) {
    if (value->empty()) refuse(text, "there is a comma too many: a value is empty");
    if (std::find(variation.values.begin(), value, *value) != value)
      refuse(text, cited(*value) + " is there twice");
  }
  return variation;
}

std::vector<Variation> parse_variations(const std::vector<std::string>& texts) {
  std::vector<Variation> variations;
  std::size_t points = 1;
  for (const auto& text : texts) {
    Variation variation = parse_variation(text);
    for (const auto& earlier : variations) {
      if (!is_below_or_same(earlier.path, variation.path)) continue;
      refuse(text,
             variation.path == earlier.path
                 ? variation.path + " is varied twice"
                 : "it overwrites " + earlier.path + ", which is varied before it; give it first");
    }
    if (variation.values.size() > most_points / points) {
      refuse(text, "with it the grid has over " + std::to_string(most_points) +
                       " points; vary less, or in several sweeps");
    }
    points *= variation.values.size();
    variations.push_back(std::move(variation));
  }
  return variations;
}

std::size_t points_in(const std::vector<Variation>& variations) {
  std::size_t points = 1;
  for (const auto& variation : variations) points *= variation.values.size();
  return points;
}

Point point_of(const std::vector<Variation>& variations, std::size_t index) {
  Point point(variations.size());
  for (std::size_t i = variations.size(); i-- > 0;) {
    const auto& values = variations[i].values;
    point[i] = values[index % values.size()];
    index /= values.size();
  }
  return point;
}

ScenarioOptions options_at(ScenarioOptions options, const std::vector<Variation>& variations,
                           const Point& point) {
  for (std::size_t i = 0; i < variations.size(); ++i)
    options.varied.push_back(variations[i].path + '=' + point.at(i));
  return options;
}

std::vector<std::string> short_names(const std::vector<Variation>& variations) {
  std::vector<std::string> names;
  for (const auto& variation : variations) {
    for (const auto& suffix : suffixes(variation.path)) {
      names.emplace_back(suffix);
      const auto has_it = [&](const Variation& other) {
        return other.path == suffix || other.path.ends_with('.' + suffix);
      };
      if (suffix != "policy" && std::count_if(variations.begin(), variations.end(), has_it) == 1)
        break;
      if (suffix.size() < variation.path.size()) names.pop_back();
    }
  }
  return names;
}

}  // namespace caesura
