#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <vector>

#include "actors/reports.hpp"

namespace caesura {

/// The simulation contradicts itself: a fault of Caesura, not of its input. The message names the seed, so that it can be repeated.
struct BrokenInvariant : std::logic_error {
  using std::logic_error::logic_error;
};

/// Puts the two reports of each request together: the request's when it stops and the client's when it settles it. Mostly they come in this
/// order; a request whose orphans run on reports when they have ended.
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
  struct Pending {
    RequestReport report;
    bool is_set = false;
  };
  void join(const RequestReport& request, const ClientReport& client);
  [[noreturn]] void fail(RequestNumber number, const char* what) const;

  std::uint64_t seed_;
  Use use_;
  std::vector<Pending> pending_;                   ///< by ticket
  std::map<RequestNumber, ClientReport> settled_;  ///< before they have reported
  std::uint64_t unsettled_ = 0;
};

}  // namespace caesura
