#pragma once

#include "actors/reports.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <vector>

namespace caesura {

/// The simulation contradicts itself: a fault of Caesura, not of its input. The message names the
/// seed, so that it can be repeated.
struct BrokenInvariant : std::logic_error {
  using std::logic_error::logic_error;
};

/// Puts the two reports of each request together: the request's when it stops and the client's when
/// it settles it. Mostly they come in this order; a request whose orphans run on reports when they
/// have ended.
class JoinedReports final : public ReportSink {
 public:
  using Use = std::function<void(const RequestReport&, const ClientReport&)>;

  /// Calls `use` once per settled request.
  explicit JoinedReports(std::uint64_t seed, Use use) : seed_(seed), use_(std::move(use)) {}

  /// Throws BrokenInvariant unless the reports agree and the ledger adds up.
  void add(const RequestReport& report) override;
  void add(const ClientReport& report) override;

  /// Requests of which one report is in.
  std::uint64_t unsettled() const { return unsettled_; }

 private:
  static constexpr std::uint32_t none = 0xffff'ffff;

  void join(const RequestReport& request, const ClientReport& client);
  [[noreturn]] void fail(RequestNumber number, const char* what) const;

  std::uint64_t seed_;
  Use use_;
  std::vector<std::uint32_t> place_of_;  ///< in pending_, by ticket
  /// Before their clients have settled; few, however many requests are open.
  std::vector<RequestReport> pending_;
  std::vector<std::uint32_t> free_;                ///< places in pending_
  std::map<RequestNumber, ClientReport> settled_;  ///< before they have reported
  std::uint64_t unsettled_ = 0;
};

}  // namespace caesura
