#include "exam/lane_picture.hpp"

#include "scenarios/format/printable.hpp"
#include "scenarios/report/figures.hpp"
#include "scenarios/report/terminal_text.hpp"
#include "scenarios/page/html.hpp"
#include "exam/reasons.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace caesura {
namespace {

// All in the picture's own units.
constexpr double width = 700;
constexpr double left = 150;   // of time; names are before it
constexpr double right = 625;  // behind it there is room for a figure
constexpr double first_lane = 40;
constexpr double lane_height = 24;
constexpr double bar_height = 12;
constexpr std::size_t name_columns = 20;

std::string shown(const std::string& text) { return escaped_html(printable_line(text)); }

class Picture {
 public:
  explicit Picture(const PlayFacts& facts)
      : facts_(facts),
        length_(std::max(seconds(facts.watched_until - facts.started), 1e-9)),
        origin_(std::clamp(facts.cancel.value_or(facts.started), facts.started,
                           std::max(facts.started, facts.watched_until))) {}

  std::string lane(const AttemptFacts& attempt, double y) const {
    std::string name =
        attempt.operation.empty() ? attempt.service : attempt.operation + " " + attempt.service;
    if (attempt.attempt > 1) name += fmt::format(" ({})", attempt.attempt);
    std::string svg = fmt::format("<text x=\"0\" y=\"{:.0f}\">{}</text>", y + 11,
                                  shown(shortened_to(printable_line(name), name_columns)));
    const Time end = end_of(attempt);
    const Time turn = turn_of(attempt);
    if (turn > attempt.asked) svg += bar(attempt.asked, turn, y, "bar");
    if (end > turn) {
      svg += bar(turn, end, y, "after");
      svg += fmt::format("<text class=\"long\" x=\"{:.1f}\" y=\"{:.0f}\">{}</text>", x(end) + 9,
                         y + 11, duration_figure(seconds(end - turn)));
    }
    if (const auto told = told_of(attempt))
      svg += fmt::format("<circle class=\"told\" cx=\"{:.1f}\" cy=\"{:.0f}\" r=\"5\"/>", x(*told),
                         y + bar_height / 2);
    return svg + "\n";
  }

  /// A moment of the whole play, with its word on top.
  std::string mark(Time at, double bottom, const char* css, const std::string& word,
                   double y) const {
    const double place = x(at);
    const bool is_at_the_end = place > right - 100;
    return fmt::format(
        "<line class=\"{0}\" x1=\"{1:.1f}\" x2=\"{1:.1f}\" y1=\"{2:.0f}\" y2=\"{3:.0f}\"/>"
        "<text x=\"{4:.1f}\" y=\"{5:.0f}\"{6}>{7}</text>\n",
        css, place, y - 10, bottom, place + (is_at_the_end ? -5 : 5), y,
        is_at_the_end ? " text-anchor=\"end\"" : "", shown(word));
  }

  /// The axis, with a figure at a handful of round times before and after the cancel.
  std::string axis(double y) const {
    const double step = round_step();
    const double before = seconds(origin_ - facts_.started);
    std::string svg = fmt::format(
        "<line class=\"axis\" x1=\"{:.0f}\" x2=\"{:.0f}\" y1=\"{:.0f}\" y2=\"{:.0f}\"/>", left,
        right, y, y);
    const auto first = static_cast<int>(std::ceil(-before / step));
    const auto last = static_cast<int>(std::floor((length_ - before) / step));
    for (int i = first; i <= last; ++i) {
      const double place = left + (before + i * step) / length_ * (right - left);
      const std::string sign = i > 0 ? "+" : i < 0 ? "−" : "";
      svg += fmt::format(
          "<line class=\"axis\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.0f}\" y2=\"{2:.0f}\"/>"
          "<text class=\"tick\" x=\"{0:.1f}\" y=\"{3:.0f}\" text-anchor=\"middle\">{4}{5}</text>",
          place, y, y + 4, y + 18, sign, duration_figure(std::abs(i) * step));
    }
    return svg + "\n";
  }

  std::string words(const std::vector<std::size_t>& attempts) const {
    std::string text;
    for (const std::size_t index : attempts) {
      const AttemptFacts& attempt = facts_.attempts[index];
      const Time end = end_of(attempt);
      const Time turn = turn_of(attempt);
      text += fmt::format("{}: asked for {}", named(attempt), when(facts_, attempt.asked));
      text += attempt.ended && *attempt.ended <= facts_.watched_until
                  ? ", ended " + when(facts_, end)
                  : std::string(", not seen to end");
      if (end > turn && facts_.cancel)
        text += fmt::format(", went on for {}", duration_figure(seconds(end - turn)));
      const auto told = told_of(attempt);
      text += told ? ", told " + when(facts_, *told) + ". " : ", not told. ";
    }
    if (facts_.settled)
      text += fmt::format("The subject said {} {}.", name_of(facts_.settled->outcome),
                          when(facts_, facts_.settled->at));
    return text;
  }

 private:
  /// Where its bar ends.
  Time end_of(const AttemptFacts& attempt) const {
    const Time end = std::min(attempt.ended.value_or(facts_.watched_until), facts_.watched_until);
    return std::max(end, attempt.asked);
  }
  /// From where on it is after the cancel.
  Time turn_of(const AttemptFacts& attempt) const {
    const Time end = end_of(attempt);
    return facts_.cancel ? std::clamp(*facts_.cancel, attempt.asked, end) : end;
  }
  std::optional<Time> told_of(const AttemptFacts& attempt) const {
    return attempt.told && *attempt.told <= facts_.watched_until ? attempt.told : std::nullopt;
  }

  double x(Time at) const {
    const double share = std::clamp(seconds(at - facts_.started) / length_, 0.0, 1.0);
    return left + share * (right - left);
  }

  std::string bar(Time from, Time to, double y, const char* css) const {
    return fmt::format(
        "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.0f}\" width=\"{:.1f}\" height=\"{:.0f}\"/>", css,
        x(from), y, std::max(x(to) - x(from), 1.0), bar_height);
  }

  /// 1, 2 or 5 times a power of ten: at most 8 of them are in the picture.
  double round_step() const {
    constexpr double steps_max = 8;
    double power = std::pow(10, std::floor(std::log10(length_ / steps_max)));
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (factor * power * steps_max >= length_) return factor * power;
    }
    return 10 * power;
  }

  const PlayFacts& facts_;
  const double length_;
  const Time origin_;  ///< of the axis' figures
};

}  // namespace

std::string lane_picture(const PlayFacts& facts, const std::vector<std::size_t>& attempts,
                         const std::string& title, const std::string& id) {
  const Picture picture(facts);
  const double bottom = first_lane + static_cast<double>(attempts.size()) * lane_height;
  std::string html = fmt::format(
      "<figure>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\">\n"
      "<svg viewBox=\"0 0 {1:.0f} {2:.0f}\" role=\"img\" aria-labelledby=\"{3}-name "
      "{3}-words\">\n<title id=\"{3}-name\">{0}</title>\n<desc id=\"{3}-words\">{4}</desc>\n",
      shown("The calls of " + title + " over time"), width, bottom + 24, id,
      shown(picture.words(attempts)));
  double y = first_lane;
  for (const std::size_t index : attempts) {
    html += picture.lane(facts.attempts[index], y);
    y += lane_height;
  }
  html += picture.axis(bottom);
  if (facts.cancel) html += picture.mark(*facts.cancel, bottom, "cancel", cancel_word(facts), 12);
  if (facts.settled) {
    html += picture.mark(facts.settled->at, bottom, "settled",
                         fmt::format("said {}", name_of(facts.settled->outcome)), 28);
  }
  return html + "</svg>\n</div>\n</figure>\n";
}

}  // namespace caesura
