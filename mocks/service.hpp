#pragma once

#include "sim/prefetch.hpp"
#include "sim/steady_vector.hpp"
#include "model/pace.hpp"
#include "actors/context.hpp"
#include "actors/messages.hpp"
#include "actors/rules.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

namespace caesura {

/// An LLM, an MCP tool or an A2A agent: performs the operations it is asked for, as its profile
/// says, first come first served where its places are counted.
///
/// Guarantees: every Ask that is not withdrawn gets one Reply, after its chunks if it is streamed;
/// a withdrawn operation leaves its place at once, and nothing more is heard of it (of a child
/// request, its books). A call from outside is told its start, and goes as OutsideCalls says: one
/// that hangs, or stands still for good, keeps its place until it is withdrawn.
class Service {
 public:
  using MostlyGets = Ask;

  Service(const Rules& rules, std::uint16_t index);

  /// A hint that an operation of the request at `from` is about to end here.
  void prefetch(Address from) const {
    if (from.index < held_of_.size()) caesura::prefetch(&held_of_[from.index]);
  }

  void receive(const Ask& ask, Context& context);
  void receive(const Withdraw& withdraw, Context& context);
  void receive(const PassedCancel& cancel, Context& context);
  /// Its own, or a child request's: an operation is over.
  void receive(const Reply& reply, Context& context);
  void receive(const PlaceFree& free, Context& context);
  void receive(const PlaceLeft& left, Context& context);
  void receive(const StreamDue& due, Context& context);

 private:
  static constexpr std::uint32_t none = 0xffff'ffff;

  /// An operation of which account is kept until its end. A request's operations are a list; mostly
  /// there is only the first.
  struct Held {
    std::uint32_t generation = 0;      ///< with the list's index: the request's address
    std::uint32_t operation : 31 = 0;  ///< 0 in the list's first: it is empty
    std::uint32_t waits : 1 = 0;
    std::uint32_t next = none;       ///< in more_held_
    std::uint32_t key_or_place = 0;  ///< its step's key (PlanStep); its place, while it waits
    /// Once it has started: of a child request, its address; of a stream, its number in streams_
    /// as the index.
    Address performer{none, 0};
  };
  static_assert(sizeof(Held) == 24, "there is one for every request in flight, if not more");
  struct HeldList {
    Held first;
    std::uint32_t last = none;  ///< in more_held_, if there are more
  };
  /// A waiting operation. The queue is a list.
  struct Waiting {
    Ask ask;
    std::uint32_t before = none;
    std::uint32_t after = none;
  };
  /// Of one that stands still for good nothing is on its way.
  struct Stream {
    Ask ask;
    OperationSample sample;
    Time start{};
    Order first_place = 0;
    std::uint32_t next_chunk = 1;  ///< none: it was withdrawn
    std::uint32_t chunks = 0;
    LinkEnd to_request{};
  };
  /// An operation that takes a place and is held by no account: nothing is to be done at its end,
  /// unless others wait for its place.
  struct KnownEnd {
    Time due{};
    Order order = 0;  ///< of the first of `end_orders` that were kept for the end
  };
  /// What happens at the end of an operation, in this order: its place goes to another, its reply
  /// leaves, the other hears of it.
  static constexpr std::uint32_t end_orders = 3;
  /// Things that are taken and given back by number.
  template <class T>
  struct Slab {
    std::vector<T> all;
    std::vector<std::uint32_t> free;
    std::uint32_t take(const T& value);
    T& operator[](std::uint32_t i) { return all[i]; }
  };
  using Key = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>;

  void answer(const Ask& ask, Context& context);
  bool has_room(Context& context);
  bool has_room_to_wait() const;
  bool has_plenty_of_room(const Context& context);
  void count_off(const Context& context);
  void be_told_of_ends(Context& context);
  HeldList* list_of(Address from, std::uint32_t operation);
  Held& hold(const Ask& ask);
  Held* find(Address from, std::uint32_t operation);
  std::optional<std::uint32_t> release(Address from, std::uint32_t operation);
  void enqueue(const Ask& ask, Context& context);
  Ask leave_queue(std::uint32_t place);
  void tell_of_start(const Ask& ask, const Context& context) const;
  void start(const Ask& ask, Held& held, Context& context);
  void start_from_outside(const Ask& ask, Held& held, Context& context);
  void start_untold(const Ask& ask, Context& context);
  const OperationSample& announced_sample(const Ask& ask, OperationSample& room,
                                          Context& context) const;
  void start_child(const Ask& ask, Held& held, Context& context);
  void start_stream(const Ask& ask, const OperationSample& sample, const Pace& pace, Held& held,
                    Context& context);
  std::optional<Duration> next_moment(std::uint32_t stream) const;
  void withdraw_stream(std::uint32_t stream);
  void operation_over(const Reply& reply, LinkEnd& to_request, Context& context);
  void finish(const Reply& reply, std::uint32_t key, LinkEnd& to_request, Context& context);
  void free_place(Context& context, Order of_started);
  void let_in(Context& context, Order of_started);

  const Rules* rules_;
  const ServiceProfile* profile_;
  std::uint16_t index_;
  const Distribution* link_;
  std::uint32_t outside_;  ///< index of the address from which calls from outside come, or `none`
  bool keeps_no_account_;  ///< of operations that are not streamed: it answers them when they are
                           ///< asked for
  /// Operations of whose end the service is told. A place that was left is free at once; if others
  /// wait, a PlaceLeft is on its way for each such place, and nobody goes before them.
  std::uint64_t in_service_ = 0;
  /// Of the others; of some that have come, too. Empty while any operation waits.
  std::vector<KnownEnd> ends_;
  std::size_t until_count_off_ = 0;  ///< operations to start before ends_ is looked through again
  std::uint64_t waiting_ = 0;
  std::uint32_t first_waiting_ = none;
  std::uint32_t last_waiting_ = none;
  SteadyVector<HeldList> held_of_;  ///< by the request's address index
  /// Of calls from outside, all of one address, by their numbers: each is one of so many lists.
  std::vector<HeldList> held_from_outside_;
  Slab<Held> more_held_;
  Slab<Waiting> places_;
  Slab<Stream> streams_;
  std::vector<Pace> paces_;  ///< by stream; none where no calls come from outside
  std::set<Key> withdrawn_;  ///< operations whose Ask is still to come, and is to be ignored
};

}  // namespace caesura
