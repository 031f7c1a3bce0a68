#include "scenarios/format/format_value.hpp"
#include "scenarios/results/csv_reader.hpp"
#include "scenarios/results/decimal.hpp"
#include "scenarios/results/row_evidence.hpp"

#include <algorithm>

namespace caesura {
namespace {

/// What is read of requests.csv, and where it stands in `columns`.
enum class Column : std::uint8_t {
  policy,
  request,
  arrived,
  cancel_sent,
  acknowledged,
  stopped,
  outcome,
  cancelled_in,
  input_planned,
  input_used,
  cached_input_planned,
  cached_input_used,
  output_planned,
  output_used,
  tokens_saved,
  tokens_forgone,
  tokens_used_after_cancel,
  tokens_delivered,
  tokens_billed,
  cancels_sent,
  cancels_too_late,
  cancels_already_cancelled,
  cancels_ignored,
  cost_planned,
  cost_used,
  cost_saved,
  orphan,
};
const std::vector<std::string_view> columns{"policy",
                                            "request",
                                            "arrived_s",
                                            "cancel_sent_s",
                                            "acknowledged_s",
                                            "stopped_s",
                                            "outcome",
                                            "cancelled_in",
                                            "input_tokens_planned",
                                            "input_tokens_used",
                                            "cached_input_tokens_planned",
                                            "cached_input_tokens_used",
                                            "output_tokens_planned",
                                            "output_tokens_used",
                                            "tokens_saved",
                                            "tokens_forgone",
                                            "tokens_used_after_cancel",
                                            "tokens_delivered",
                                            "tokens_billed",
                                            "cancels_sent",
                                            "cancels_too_late",
                                            "cancels_already_cancelled",
                                            "cancels_ignored",
                                            "cost_planned_usd",
                                            "cost_used_usd",
                                            "cost_saved_usd",
                                            "orphan_s"};

/// Reads typed rows; what a cell should not be is an error with file and line.
class RowReader {
 public:
  explicit RowReader(const std::string& file) : csv_(file, columns) {}

  bool next() { return csv_.next(); }
  const CsvReader& csv() const { return csv_; }
  std::string_view policy() const { return csv_.text(index(Column::policy)); }
  [[noreturn]] void fail(const std::string& what) const { csv_.fail(what); }

  RequestRow row() const {
    RequestRow row;
    row.number = static_cast<std::uint64_t>(whole(Column::request));
    read_counts(row);
    read_durations(row);
    return row;
  }

 private:
  static std::size_t index(Column column) { return static_cast<std::size_t>(column); }
  std::int64_t whole(Column column) const {
    const std::int64_t n = csv_.units(index(column), 0);
    if (n < 0) fail(std::string(columns[index(column)]) + " is negative");
    return n;
  }
  std::int64_t picos(Column column) const { return csv_.units(index(column), money_decimals); }
  std::optional<std::int64_t> time(Column column) const {
    return csv_.optional_units(index(column), nanosecond_decimals);
  }

  Outcome outcome() const {
    const std::string_view name = csv_.text(index(Column::outcome));
    for (const Outcome outcome : {Outcome::completed, Outcome::cancelled, Outcome::failed,
                                  Outcome::timed_out, Outcome::rejected}) {
      if (name == name_of(outcome)) return outcome;
    }
    fail("there is no outcome " + cited(name));
  }

  std::size_t cancelled_in() const {
    const std::string_view name = csv_.text(index(Column::cancelled_in));
    if (name == "none") return nothing_in_progress;
    for (const OperationKind kind : all_operation_kinds) {
      if (name == name_of(kind)) return index_of(kind);
    }
    fail("there is no kind of operation " + cited(name));
  }

  void read_counts(RequestRow& row) const {
    using enum Measure;
    const auto at = [&row](Measure measure) -> std::int64_t& {
      return row.counts.at(static_cast<std::size_t>(measure));
    };
    at(requests) = 1;
    // The outcomes stand in their order.
    row.counts.at(static_cast<std::size_t>(completed) + static_cast<std::size_t>(outcome())) = 1;
    at(cancels_sent) = whole(Column::cancels_sent);
    at(cancels_too_late) = whole(Column::cancels_too_late);
    at(cancels_already_cancelled) = whole(Column::cancels_already_cancelled);
    at(cancels_ignored) = whole(Column::cancels_ignored);
    at(cancels_effective) = at(cancels_sent) - at(cancels_too_late) -
                            at(cancels_already_cancelled) - at(cancels_ignored);
    at(input_planned) = whole(Column::input_planned);
    at(input_used) = whole(Column::input_used);
    at(cached_input_planned) = whole(Column::cached_input_planned);
    at(cached_input_used) = whole(Column::cached_input_used);
    at(output_planned) = whole(Column::output_planned);
    at(output_used) = whole(Column::output_used);
    at(tokens_planned) = sum(at(input_planned), at(cached_input_planned), at(output_planned));
    at(tokens_used) = sum(at(input_used), at(cached_input_used), at(output_used));
    at(tokens_saved) = whole(Column::tokens_saved);
    at(tokens_forgone) = whole(Column::tokens_forgone);
    at(tokens_used_after_cancel) = whole(Column::tokens_used_after_cancel);
    at(tokens_avoidable) = sum(at(tokens_saved), at(tokens_used_after_cancel));
    at(tokens_delivered) = whole(Column::tokens_delivered);
    at(tokens_billed) = whole(Column::tokens_billed);
    at(cost_planned) = picos(Column::cost_planned);
    at(cost_used) = picos(Column::cost_used);
    at(cost_saved) = picos(Column::cost_saved);
    at(cost_forgone) = sum(at(cost_planned), -at(cost_used), -at(cost_saved));
    at(orphan_ns) = csv_.units(index(Column::orphan), nanosecond_decimals);
  }

  void read_durations(RequestRow& row) const {
    const auto sent = time(Column::cancel_sent);
    const auto acknowledged = time(Column::acknowledged);
    const auto stopped = time(Column::stopped);
    if (sent && acknowledged) row.durations_ns[acknowledge_series] = sum(*acknowledged, -*sent);
    switch (outcome()) {
      case Outcome::completed:
        if (!stopped) fail("a completed request has no time in stopped_s");
        row.durations_ns[request_series] =
            sum(*stopped, -csv_.units(index(Column::arrived), nanosecond_decimals));
        break;
      case Outcome::cancelled:
        if (!stopped || !sent)
          fail("a cancelled request lacks a time in stopped_s or cancel_sent_s");
        row.durations_ns.at(cancelled_in()) = sum(*stopped, -*sent);
        break;
      case Outcome::failed:
      case Outcome::timed_out:
      case Outcome::rejected:
        break;
    }
  }

  std::int64_t sum(std::int64_t a, std::int64_t b, std::int64_t c = 0) const {
    std::int64_t all = 0;
    if (__builtin_add_overflow(a, b, &all) || __builtin_add_overflow(all, c, &all))
      fail("the numbers are too large");
    return all;
  }

  CsvReader csv_;
};

}  // namespace

Evidence read_evidence(const std::string& file, const ExpectedRows& expected) {
  Evidence evidence;
  for (const auto& [policy, count] : expected.requests)
    evidence.emplace(policy, RowEvidence(count));
  RowReader reader(file);
  RowOrder order(expected);
  std::string policy;
  RowEvidence* of_policy = nullptr;
  while (reader.next()) {
    const RequestRow row = reader.row();
    order.add(reader.csv(), reader.policy(), row.number);
    if (of_policy == nullptr || reader.policy() != policy) {
      policy = reader.policy();
      of_policy = &evidence.at(policy);
    }
    of_policy->add(row);
  }
  order.finish(reader.csv());
  for (auto& [name, rows] : evidence) rows.finish();
  return evidence;
}

}  // namespace caesura
