#pragma once

#include "model/plan.hpp"
#include "actors/books.hpp"
#include "actors/context.hpp"
#include "actors/life_cycle.hpp"
#include "actors/messages.hpp"
#include "actors/reports.hpp"
#include "actors/rules.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace caesura {

/// One user request, or the child of one: works through its plan, operation by operation, and at
/// every checkpoint looks whether it was cancelled.
///
/// Guarantees: it answers every cancel at once; it ends once, with one outcome, reports once, and
/// sends its client one Answer, after which come answers to late cancels only; no chunk is sent
/// once a cancel was accepted. A child replies to its agent once, and reports to its parent. Either
/// reports only when all its own children have.
class Request {
 public:
  using MostlyGets = Reply;

  explicit Request(const Rules& rules);
  Request(Request&&) noexcept;
  Request& operator=(Request&&) = delete;
  ~Request();

  void receive(const Start& start, Context& context);
  void receive(const StartChild& start, Context& context);
  void receive(const Cancel& cancel, Context& context);
  /// A child's, of its parent: the same without an answer.
  void receive(const PassedCancel& cancel, Context& context);
  void receive(const ParentEnded& end, Context& context);
  /// Its own: a transaction, which a request performs itself.
  void receive(const Ask& ask, Context& context);
  void receive(const Queued& queued, Context& context);
  void receive(const Started& started, Context& context);
  void receive(const Reply& reply, Context& context);
  /// The operation that it holds, if any, may end: its reply counts from now.
  void receive(const LetGo& let_go, Context& context);
  void receive(const ModelChunk& chunk, Context& context);
  void receive(const WaitOver& wait, Context& context);
  void receive(const TimeOut& timeout, Context& context);
  void receive(const AbortDue& due, Context& context);
  void receive(const ChildStopped& stopped, Context& context);
  void receive(const ChildBooks& books, Context& context);
  /// Ends the actor, once all its children's books are in; it may then be used for another request.
  void receive(const Release& release, Context& context);

 private:
  /// One line of work through the plan: the whole of it, or one branch of a parallel step.
  struct Strand {
    enum class State : std::uint8_t {
      idle,    ///< done, or drained
      asked,   ///< starts, or started, at `starts`
      queued,  ///< or turned away, which it will hear of
      waiting,
      forked,  ///< until its branches have ended
    };
    std::uint32_t step = 0;
    std::uint32_t parent = 0;    ///< of a branch: the strand that forked
    std::uint32_t branches = 0;  ///< while forked: how many have not ended
    State state = State::idle;
    bool is_over = false;    ///< of a child request: it has stopped, its reply is on the way
    bool has_books = false;  ///< of a child request: its books are in
    Time starts{};
    /// Of the Ask: with `starts`, whether the operation has started already.
    Order start_order = 0;
  };
  /// What only requests with parallel steps need.
  struct Forked {
    std::vector<Strand> strands;           ///< all but the first
    std::vector<std::uint32_t> free;       ///< strands to use again
    std::vector<std::uint32_t> runnable;   ///< to be advanced, last first
    std::vector<std::uint32_t> strand_of;  ///< by operation number - 1: who asked for it
    std::vector<bool> done;                ///< by operation number - 1
  };
  /// What became of operations that were cut off.
  struct CutOffs {
    Amounts rest;             ///< left unused
    TokenCounts billed_less;  ///< used, but not billed ...
    TokenCounts billed_more;  ///< ... and the reverse
    std::array<std::uint32_t, operation_kinds> count{};
    std::uint32_t unsafe = 0;
    std::uint32_t ended = 0;  ///< none of these: their replies were on the way
  };
  /// What only cancelled requests need.
  struct CancelNote {
    Time received{};
    Order order = 0;
    Amounts used;  ///< when it was received, by the request's own operations
    std::size_t cancelled_in = nothing_in_progress;
    std::optional<Duration> operation_hit;
    bool had_failed = false;  ///< before: nothing behind the failure would have been reached
    CutOffs aborted;
  };

  /// What only requests with children need: what came of those, beside the request's own books.
  struct Children {
    struct Awaited {
      std::uint32_t operation = 0;
      bool had_started = false;  ///< as far as the request knew
    };
    struct Left {
      std::uint32_t operation = 0;
      Time at{};
      Order order = 0;
    };
    struct Spent {
      std::uint32_t operation = 0;
      Money cost;
      Tokens tokens;
    };
    std::vector<Awaited> awaited;  ///< over for the request, books still to come
    std::vector<Left> left;        ///< not told that they are not wanted any more: orphans
    Order ended = 0;  ///< once the request has: nothing starts in its tree from then on
    RequestReport sums;
    std::vector<OperationRun> runs;
    std::vector<Spent> unheard;  ///< by children whose replies are on the way
    Spent heard;                 ///< by all others, for the budget ...
    Spent seen;                  ///< ... when that was looked at last
    /// The request's own report, when it has stopped and awaits books.
    std::optional<RequestReport> unfinished;
    bool may_go = false;
  };
  /// What only a child needs.
  struct AsChild {
    StartChild start;
    ChildReport report;
    Order parent_ended = 0;  ///< if that is why it ends: Children::ended of the whole tree
  };
  /// What only requests with a drawn plan, parallel steps, children or wishes need: of the others
  /// there may be many, and each byte counts.
  struct Special {
    const Plan* plan = nullptr;  ///< null: the one that all requests of clients share
    Plan own_plan;               ///< if its shape is drawn
    Wishes wishes;
    std::optional<Reply> held_reply;  ///< of the operation that is to be held
    Forked forked;
    std::unique_ptr<Children> children;
    std::unique_ptr<AsChild> as_child;
  };

  const Plan& plan() const {
    return special_ && special_->plan != nullptr ? *special_->plan : *rules_->shared_plan;
  }
  const Policy& policy() const;
  std::uint16_t policy_wish() const {
    return special_ ? special_->wishes.policy : Wishes::no_policy;
  }
  void wish(const Wishes& wishes);
  void operation_over(const Reply& reply, Context& context);
  const PlanStep& step_of(const Strand& strand) const { return plan().steps[strand.step]; }
  OperationSample sample_of(const PlanStep& step) const {
    OperationSample room;
    return caesura::sample_of(*rules_, ticket_, number_, step, room);
  }
  Special& special();
  Forked& forked() { return special_->forked; }
  Children* children() const { return special_ ? special_->children.get() : nullptr; }
  AsChild* as_child() const { return special_ ? special_->as_child.get() : nullptr; }
  Strand& strand(std::uint32_t id) { return id == 0 ? first_ : forked().strands[id - 1]; }
  const Strand& strand(std::uint32_t id) const {
    return id == 0 ? first_ : special_->forked.strands[id - 1];
  }
  std::uint32_t strands() const {
    return plan().has_forks ? 1 + static_cast<std::uint32_t>(special_->forked.strands.size()) : 1;
  }
  static constexpr std::uint32_t no_strand = 0xffff'ffff;
  /// The strand that waits for operation `number`, if any does: a late reply finds none.
  std::uint32_t strand_of(std::uint32_t number);

  void begin(Context& context);
  void prepare(const Context& context);
  void obey(const LifeCycle::CancelEffect& effect, Context& context);
  void advance(std::uint32_t id, Context& context);
  bool take_step(std::uint32_t id, Context& context);
  bool end_branch(std::uint32_t id);
  void fork(std::uint32_t id);
  void ask(std::uint32_t id, Context& context);

  bool has_started(const Strand& strand, const Context& context) const;
  /// How many operations are in progress; counted anew only while the request is running.
  std::uint32_t in_progress(const Context& context);
  void drain(Context& context);
  void withdraw(const Strand& strand, Context& context);
  void act(LifeCycle::Next next, std::uint32_t id, Context& context);
  void expect_none_started(Order ended, const Context& context) const;
  [[noreturn]] void fail_started() const;
  void stop(Context& context, Duration ago = zero_duration);
  void tell_of_stop(Outcome outcome, Time stopped, Context& context);
  bool is_abortable(const PlanStep& step) const;
  void schedule_abort(Context& context);
  void pass_cancel_on(Context& context);
  void cut_off(Strand& strand, CutOffs& cut_offs, Context& context);
  void leave_child(Strand& strand, CutOffs& cut_offs, Context& context);
  Duration whole_duration(const Strand& strand) const;
  void pass(Strand& strand);
  void go(Context& context);

  RequestEvent::What given_up_as(const PlanStep& step, Duration elapsed) const;
  RequestEvent::GivenUp why_given_up() const;
  RequestEvent event(RequestEvent::What what, std::uint32_t operation,
                     const Context& context) const;

  // Its books: request_books.cpp.
  void note_cancel(Context& context);
  void note_hit(const PlanStep& step, Duration service_time);
  void count_done(const Strand& strand, const Reply& reply);
  void count_run(const Strand& strand, const Amounts& used);
  void count_given_up(const Strand& strand, RequestEvent::What what, CutOffs& cut_offs,
                      Duration elapsed);
  bool take_awaited(const ChildBooks& books);
  void count_child(const ChildReport& child, std::uint32_t operation);
  void hear_of_spending(std::uint32_t operation);
  void watch_budget(Money cost_before, Tokens tokens_before, Context& context);
  bool is_wait_left();
  void close_books(RequestReport& report, const CutOffs* cut_offs);
  void hand_in(RequestReport& report, Context& context);

  const Rules* rules_;
  std::unique_ptr<Special> special_;
  std::unique_ptr<CancelNote> cancel_note_;  ///< null: no cancel was received while it lived
  RequestNumber number_ = 0;
  Time started_{};
  LinkEnd to_client_;
  Strand first_;
  Amounts used_;
  Tokens delivered_;
  std::uint32_t last_answer_tokens_ = 0;  ///< of the plan's last model call, if it did not stream
  std::uint32_t chunks_ = 0;
  std::uint32_t operations_done_ = 0;   ///< their replies were here
  std::uint32_t left_in_progress_ = 0;  ///< once it drains
  Ticket ticket_ = 0;
  LifeCycle life_;
  bool is_draining_ : 1 = false;
  /// An operation failed in a way that ends the request, or was rejected.
  bool has_failed_ : 1 = false;
};

}  // namespace caesura
