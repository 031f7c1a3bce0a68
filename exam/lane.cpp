#include "exam/lane.hpp"

#include "scenarios/report/figures.hpp"
#include "exam/reasons.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caesura {
namespace {

/// A row of cells, a character each; some of these are several bytes.
using Cells = std::vector<std::string>;

std::string joined(const Cells& cells) {
  std::string text;
  for (const std::string& cell : cells) text += cell;
  const std::size_t end = text.find_last_not_of(' ');
  return end == std::string::npos ? std::string() : text.substr(0, end + 1);
}

/// Time from the start of a play to the end of its watch, as columns.
class Axis {
 public:
  Axis(const PlayFacts& facts, std::size_t columns)
      : begin_(facts.started),
        length_(std::max(facts.watched_until - facts.started, Duration{1})),
        columns_(columns) {}
  std::size_t column(Time at) const {
    const double share = seconds(at - begin_) / seconds(length_);
    const double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(columns_ - 1);
    return static_cast<std::size_t>(place + 0.5);
  }
  std::size_t columns() const { return columns_; }

 private:
  Time begin_;
  Duration length_;
  std::size_t columns_;
};

std::string lane(const PlayFacts& facts, const AttemptFacts& attempt, const Axis& axis) {
  Cells cells(axis.columns(), " ");
  const Time end = std::min(attempt.ended.value_or(facts.watched_until), facts.watched_until);
  const std::size_t first = axis.column(attempt.asked);
  const std::size_t last = std::max(first, axis.column(end));
  for (std::size_t i = first; i <= last; ++i) {
    const bool is_after = facts.cancel && i > axis.column(*facts.cancel);
    cells[i] = is_after ? "━" : "─";
  }
  cells[first] = "├";
  cells[last] = attempt.ended ? "┤" : "…";
  if (attempt.told && *attempt.told <= facts.watched_until)
    cells[std::clamp(axis.column(*attempt.told), first, last)] = "T";
  if (facts.cancel) {
    const std::size_t cancel = axis.column(*facts.cancel);
    if (cells[cancel] == "─" || cells[cancel] == " ") cells[cancel] = "│";
  }
  return joined(cells);
}

/// `C` and `S`, beside each other where they fall into one column: both are to be seen.
Cells moments(const PlayFacts& facts, const Axis& axis) {
  Cells cells(axis.columns(), " ");
  std::size_t settled = axis.columns();
  if (facts.settled) {
    settled = axis.column(facts.settled->at);
    cells[settled] = "S";
  }
  if (!facts.cancel) return cells;
  const std::size_t cancel = axis.column(*facts.cancel);
  if (cancel != settled) {
    cells[cancel] = "C";
  } else {
    const std::size_t first = std::min(cancel, axis.columns() - 2);
    cells[first] = "C";
    cells[first + 1] = "S";
  }
  return cells;
}

}  // namespace

std::vector<std::string> lanes_text(const PlayFacts& facts,
                                    const std::vector<std::size_t>& attempts, std::size_t width) {
  std::vector<std::string> names;
  std::size_t widest = 4;
  const std::size_t names_max = std::max<std::size_t>(width / 3, 12);
  for (const std::size_t index : attempts) {
    const AttemptFacts& attempt = facts.attempts[index];
    std::string name =
        (attempt.operation.empty() ? std::string("-") : attempt.operation) + " " + attempt.service;
    if (attempt.attempt > 1) name += fmt::format(" ({})", attempt.attempt);
    if (name.size() > names_max) name.resize(names_max);
    widest = std::max(widest, name.size());
    names.push_back(std::move(name));
  }
  const Axis axis(facts, std::max<std::size_t>(width - widest - 1, 20));
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < attempts.size(); ++i)
    lines.push_back(
        fmt::format("{:<{}} {}", names[i], widest, lane(facts, facts.attempts[attempts[i]], axis)));
  const std::string length = duration_figure(seconds(facts.watched_until - facts.started));
  std::string axis_line = fmt::format("{:<{}} {}", "", widest, joined(moments(facts, axis)));
  const std::size_t used =
      widest + 1 + axis.columns() - std::min(axis.columns(), length.size() + 1);
  const bool has_room = axis_line.size() < used;
  if (has_room) axis_line += std::string(used - axis_line.size(), ' ') + " " + length;
  lines.push_back(axis_line);
  return lines;
}

}  // namespace caesura
