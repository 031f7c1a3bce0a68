#include "scenarios/results/csv.hpp"

#include "scenarios/results/decimal.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <optional>

namespace caesura {
namespace {

constexpr std::string_view header =
    "policy,request,user,arrived_s,cancel_sent_s,acknowledged_s,stopped_s,outcome,cancelled_in,"
    "operations_done,operations_planned,"
    "input_tokens_planned,input_tokens_used,cached_input_tokens_planned,cached_input_tokens_used,"
    "output_tokens_planned,output_tokens_used,"
    "tokens_saved,tokens_forgone,tokens_used_after_cancel,tokens_delivered,tokens_billed,chunks_"
    "sent,"
    "cancels_sent,cancels_too_late,cancels_already_cancelled,cancels_ignored,"
    "cost_planned_usd,cost_used_usd,cost_saved_usd,busy_planned_s,busy_used_s,busy_saved_s,"
    "interrupted,orphan_s\n";

constexpr std::size_t columns_after_policy = 34;

/// One line but for its first cell, each cell with the comma before it.
class Row {  // NOLINT(cppcoreguidelines-pro-type-member-init): its cells are not set, a million
             // times
 public:
  void whole(std::uint64_t n) {
    comma();
    end_ = std::to_chars(end_, end_ + decimal_size_max, n).ptr;
  }
  void user(std::uint64_t n) {
    constexpr std::string_view prefix = "user-";
    name(prefix);
    end_ = std::to_chars(end_, end_ + decimal_size_max, n).ptr;
  }
  void tokens(Tokens n) {
    comma();
    end_ = write_decimal(end_, n.value, 0);
  }
  void time(Duration d) {
    comma();
    end_ = write_decimal(end_, d.count(), nanosecond_decimals);
  }
  void time(const std::optional<Time>& t) { t ? time(t->time_since_epoch()) : comma(); }
  void usd(Money money) {
    comma();
    end_ = write_decimal(end_, money.picos, money_decimals);
  }
  /// The names of outcomes and kinds of operation: all shorter than a number may be.
  void name(std::string_view text) {
    comma();
    end_ += text.copy(end_, text.size());
  }
  void append_to(std::string& text) {
    *end_++ = '\n';
    text.append(cells_.data(), static_cast<std::size_t>(end_ - cells_.data()));
  }

 private:
  void comma() { *end_++ = ','; }

  std::array<char, columns_after_policy*(1 + decimal_size_max) + 8> cells_;
  char* end_ = cells_.data();
};

/// Over all kinds of operation.
Duration total(const std::array<Duration, operation_kinds>& busy) {
  Duration sum{0};
  for (const Duration d : busy) sum += d;
  return sum;
}

std::string_view cancelled_in(const RequestReport& request) {
  if (request.outcome != Outcome::cancelled) return {};
  return request.cancelled_in == nothing_in_progress
             ? "none"
             : name_of(all_operation_kinds.at(request.cancelled_in));
}

void add_ledger(Row& row, const RequestReport& request) {
  row.tokens(request.planned.tokens.input);
  row.tokens(request.used.tokens.input);
  row.tokens(request.planned.tokens.cached_input);
  row.tokens(request.used.tokens.cached_input);
  row.tokens(request.planned.tokens.output);
  row.tokens(request.used.tokens.output);
  row.tokens(request.saved.tokens.sum());
  row.tokens(request.forgone.tokens.sum());
  row.tokens(request.used_after_cancel.tokens.sum());
  row.tokens(request.delivered);
  row.tokens(request.billed.sum());
}

}  // namespace

void append_csv_header(std::string& text) { text += header; }

void append_csv_row(std::string& text, std::string_view policy, const RequestReport& request,
                    const ClientReport& client, std::uint64_t user) {
  Row row;
  row.whole(request.number);
  row.user(user);
  row.time(client.arrived);
  row.time(client.cancel_sent);
  row.time(client.acknowledged);
  // A completed request's latency is what its client sees; all others stop at the server.
  row.time(request.outcome == Outcome::completed ? client.answered : request.stopped);
  row.name(name_of(request.outcome));
  row.name(cancelled_in(request));
  row.whole(request.operations_done);
  row.whole(request.operations_planned);
  add_ledger(row, request);
  row.whole(request.chunks_sent);
  row.whole(client.cancels_sent);
  row.whole(client.cancels_too_late);
  row.whole(client.cancels_already_cancelled);
  row.whole(client.cancels_ignored);
  row.usd(request.planned.cost);
  row.usd(request.used.cost);
  row.usd(request.saved.cost);
  row.time(total(request.planned.busy));
  row.time(total(request.used.busy));
  row.time(total(request.saved.busy));
  std::uint64_t interrupted = 0;
  for (const std::uint32_t n : request.interrupted) interrupted += n;
  row.whole(interrupted);
  row.time(request.orphans.ran_on);
  text += policy;
  row.append_to(text);
}

}  // namespace caesura
