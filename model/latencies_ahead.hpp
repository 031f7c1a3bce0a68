#pragma once

#include "sim/prefetch.hpp"
#include "sim/steady_vector.hpp"
#include "model/model.hpp"
#include "model/request_id.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace caesura {

/// Latencies drawn before they are asked for, eight operations of a request in one go, which takes
/// half the time of eight draws. For worlds whose actors all live in one thread; nothing else
/// depends on it, for it holds what sample_of() would return.
class LatenciesAhead {
 public:
  /// For the model's requests if they all have the same plan, and for the operations of which
  /// nothing but the latency is drawn. The model outlives it.
  explicit LatenciesAhead(const Model& model);
  explicit LatenciesAhead(const Model&& model) = delete;

  /// Of a request that starts; forgets those of the one that had its ticket before. Tickets beyond
  /// the first few thousand are passed over: what is drawn for so many would fall out of the cache
  /// before it is used.
  void begin(Ticket ticket, RequestNumber request) {
    if (!is_of_use_ || ticket >= most_tickets) return;
    rows_.grow_to(ticket + std::size_t{1});
    draw(rows_[ticket], request, 0);
  }
  /// A hint that the next operation of the request with this ticket will be asked for soon.
  void prefetch(Ticket ticket) const {
    if (ticket >= rows_.size()) return;
    const auto* row = reinterpret_cast<const std::byte*>(&rows_[ticket]);
    caesura::prefetch(row);
    caesura::prefetch(row + sizeof(Row) - 1);
  }
  /// What an operation of the request takes and makes; null if it is not there. Valid until the
  /// next call.
  const OperationSample* find(Ticket ticket, RequestNumber request, std::uint32_t operation) {
    if (ticket >= rows_.size() || rows_[ticket].request != request) return nullptr;
    const std::size_t index = operation - std::size_t{1};
    if (index >= operations_.size() || operations_[index].latency == nullptr) return nullptr;
    OperationSample& sample = operations_[index].sample;
    Row& row = rows_[ticket];
    const std::size_t block = index / at_once;
    if (block == row.block + 1) draw(row, request, block);
    if (block != row.block) return nullptr;
    sample.duration = row.latencies[index % at_once];
    return &sample;
  }

 private:
  static constexpr std::size_t at_once = 8;
  static constexpr Ticket most_tickets = 4096;
  static constexpr RequestNumber nobody = ~RequestNumber{0};

  struct Operation {
    const Distribution* latency = nullptr;  ///< null: not drawn here
    OperationSample sample;  ///< its duration: of the request for which it was found last
  };
  /// Of one request, the operations block · at_once and those after it, counted from 0.
  struct Row {
    RequestNumber request = nobody;
    std::size_t block = 0;
    std::array<Duration, at_once> latencies{};
  };

  void draw(Row& row, RequestNumber request, std::size_t block) const;

  Seed seed_;
  std::vector<Operation> operations_;  ///< by number - 1
  std::vector<std::uint32_t> keys_;    ///< likewise
  bool is_of_use_ = false;
  SteadyVector<Row> rows_;  ///< by ticket
};

}  // namespace caesura
