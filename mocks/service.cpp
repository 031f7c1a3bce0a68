#include "mocks/service.hpp"

#include "actors/outside_calls.hpp"

#include <algorithm>
#include <utility>

namespace caesura {
namespace {

std::uint32_t narrow(Tokens tokens) { return static_cast<std::uint32_t>(tokens.value); }

Reply reply_to(const Ask& ask, const OperationSample& sample) {
  return Reply{.to = ask.from,
               .number = ask.number,
               .end = {ask.operation, sample.fails ? OperationResult::failed : OperationResult::ok},
               .input_tokens = narrow(sample.tokens.input),
               .cached_input_tokens = narrow(sample.tokens.cached_input),
               .output_tokens = narrow(sample.tokens.output),
               .busy = sample.duration};
}

/// When a chunk of a stream exists, or its end comes, from its start, if it goes on undisturbed.
Duration moment_of(std::uint32_t chunk, const OperationSample& sample, std::uint32_t chunks,
                   std::uint32_t chunk_tokens) {
  if (chunk > chunks) return sample.duration;
  return token_time(sample,
                    std::min(std::int64_t{chunk} * chunk_tokens, sample.tokens.output.value));
}

/// So many lists, that thousands of calls are a few in each.
constexpr std::size_t lists_from_outside = 1024;

}  // namespace

Service::Service(const Rules& rules, std::uint16_t index)
    : rules_(&rules),
      profile_(&rules.model.services[index]),
      index_(index),
      link_(&link_to(rules.model.links, profile_->kind)),
      outside_(rules.outside_calls == nullptr ? none : outside_address(rules.model).index),
      keeps_no_account_(outside_ == none && !is_held(rules.model, index, 0)),
      held_from_outside_(outside_ == none ? 0 : lists_from_outside) {}

template <class T>
std::uint32_t Service::Slab<T>::take(const T& value) {
  if (free.empty()) {
    all.push_back(value);
    return static_cast<std::uint32_t>(all.size() - 1);
  }
  const std::uint32_t i = free.back();
  free.pop_back();
  all[i] = value;
  return i;
}

void Service::receive(const Ask& ask, Context& context) {
  if (!withdrawn_.empty() &&
      withdrawn_.erase({ask.from.index, ask.from.generation, ask.operation}) > 0)
    return;
  if (keeps_no_account_ && ask.chunk_tokens == 0) return answer(ask, context);
  if (has_room(context)) {
    if (rules_->ends_are_certain && rules_->model.child_of(index_) == nullptr &&
        ask.chunk_tokens == 0 && has_plenty_of_room(context))
      return start_untold(ask, context);
    if (ask.from.index == outside_)
      context.relay(ask.from, Started{.operation = ask.operation, .at = context.now()});
    return start(ask, hold(ask), context);
  }
  if (has_room_to_wait()) return enqueue(ask, context);
  // The rejection takes its time; that the operation is not in progress, the request knows at once.
  context.relay(ask.from, Queued{.operation = ask.operation, .turned_away = true});
  if (rules_->model.child_of(index_) != nullptr)
    context.relay(ask.from, ChildBooks{.operation = ask.operation});
  LinkEnd to_request;
  finish(
      Reply{
          .to = ask.from, .number = ask.number, .end = {ask.operation, OperationResult::rejected}},
      ask.key, to_request, context);
}

/// Whether a place is free now: exact, whatever the service has been told of.
bool Service::has_room(Context& context) {
  if (!profile_->concurrency) return true;
  if (waiting_ == 0 && in_service_ + ends_.size() < *profile_->concurrency) return true;
  if (ends_.empty()) return false;
  be_told_of_ends(context);
  return in_service_ < *profile_->concurrency;
}

/// To be asked if there is no place. Of those who wait, some may have one that was just left.
bool Service::has_room_to_wait() const {
  return !profile_->queue || waiting_ < *profile_->queue + (*profile_->concurrency - in_service_);
}

/// So much that it does not pay to be told of an end: nobody is likely to wait for the place. To be
/// asked once an operation.
bool Service::has_plenty_of_room(const Context& context) {
  if (!profile_->concurrency) return false;
  if (until_count_off_-- == 0) {
    constexpr std::size_t few = 8;
    constexpr std::size_t many = std::size_t{32} * 1024;  // of more, it is their memory that counts
    count_off(context);
    until_count_off_ = std::clamp(ends_.size(), few, many);
  }
  return in_service_ + ends_.size() < *profile_->concurrency - *profile_->concurrency / 2;
}

/// Forgets the ends that have come.
void Service::count_off(const Context& context) {
  std::size_t kept = 0;
  for (const KnownEnd& end : ends_) {
    const bool is_to_come =
        end.due > context.now() || (end.due == context.now() && end.order > context.order());
    ends_[kept] = end;
    kept += is_to_come ? 1 : 0;
  }
  ends_.resize(kept);
}

void Service::be_told_of_ends(Context& context) {
  count_off(context);
  for (const KnownEnd& end : ends_)
    context.send_in_place(end.order, context.self(), PlaceFree{}, end.due - context.now());
  in_service_ += ends_.size();
  ends_.clear();
}

/// Null if it was never needed.
Service::HeldList* Service::list_of(Address from, std::uint32_t operation) {
  if (from.index == outside_) return &held_from_outside_[operation % lists_from_outside];
  return from.index < held_of_.size() ? &held_of_[from.index] : nullptr;
}

Service::Held& Service::hold(const Ask& ask) {
  if (ask.from.index != outside_) held_of_.grow_to(ask.from.index + std::size_t{1});
  HeldList& list = *list_of(ask.from, ask.operation);
  const Held held{.generation = ask.from.generation,
                  .operation = ask.operation & 0x7fff'ffffU,  // all of it: see most_operations
                  .key_or_place = ask.key};
  if (list.first.operation == 0) return list.first = held;
  // Oldest first: mostly they end and are withdrawn in that order, and are found at once however
  // many there are.
  const std::uint32_t added = more_held_.take(held);
  (list.last == none ? list.first : more_held_[list.last]).next = added;
  list.last = added;
  return more_held_[added];
}

Service::Held* Service::find(Address from, std::uint32_t operation) {
  HeldList* const list = list_of(from, operation);
  if (list == nullptr) return nullptr;
  Held* held = &list->first;
  while (held->generation != from.generation || held->operation != operation) {
    if (held->next == none) return nullptr;
    held = &more_held_[held->next];
  }
  return held;
}

/// Strikes the operation from the account; its key, unless it waits. None if it is not
/// there: it was withdrawn.
std::optional<std::uint32_t> Service::release(Address from, std::uint32_t operation) {
  HeldList* const found = list_of(from, operation);
  if (found == nullptr) return std::nullopt;
  HeldList& list = *found;
  const std::uint32_t second = list.first.next;
  if (list.first.generation == from.generation && list.first.operation == operation) {
    const std::uint32_t key = list.first.key_or_place;
    list.first = second == none ? Held{} : more_held_[second];
    if (list.last == second) list.last = none;
    if (second != none) more_held_.free.push_back(second);
    return key;
  }
  std::uint32_t before = none;
  for (std::uint32_t i = second; i != none; before = i, i = more_held_[i].next) {
    if (more_held_[i].generation != from.generation || more_held_[i].operation != operation)
      continue;
    (before == none ? list.first : more_held_[before]).next = more_held_[i].next;
    if (list.last == i) list.last = before;
    more_held_.free.push_back(i);
    return more_held_[i].key_or_place;
  }
  return std::nullopt;
}

void Service::enqueue(const Ask& ask, Context& context) {
  const std::uint32_t place = places_.take({.ask = ask, .before = last_waiting_, .after = none});
  (last_waiting_ == none ? first_waiting_ : places_[last_waiting_].after) = place;
  last_waiting_ = place;
  ++waiting_;
  Held& held = hold(ask);
  held.waits = 1;
  held.key_or_place = place;
  context.relay(ask.from, Queued{.operation = ask.operation});
}

Ask Service::leave_queue(std::uint32_t place) {
  const Waiting& leaving = places_[place];
  (leaving.before == none ? first_waiting_ : places_[leaving.before].after) = leaving.after;
  (leaving.after == none ? last_waiting_ : places_[leaving.after].before) = leaving.before;
  places_.free.push_back(place);
  --waiting_;
  return leaving.ask;
}

void Service::tell_of_start(const Ask& ask, const Context& context) const {
  context.tell([&] {
    RequestEvent started;
    started.what = RequestEvent::What::started;
    started.request = ask.from;
    started.number = ask.number;
    started.ticket = ask.ticket;
    started.operation = ask.operation;
    started.at = context.now();
    started.kind = ask.kind;
    started.service = index_;
    return started;
  });
}

/// `held`: what hold() has made of it.
void Service::start(const Ask& ask, Held& held, Context& context) {
  if (profile_->concurrency) ++in_service_;
  if (ask.from.index == outside_) return start_from_outside(ask, held, context);
  tell_of_start(ask, context);
  if (rules_->model.child_of(index_) != nullptr) return start_child(ask, held, context);
  OperationSample room;
  const OperationSample& sample = announced_sample(ask, room, context);
  if (ask.chunk_tokens > 0) return start_stream(ask, sample, {}, held, context);
  context.send(context.self(), reply_to(ask, sample), sample.duration);
}

void Service::start_from_outside(const Ask& ask, Held& held, Context& context) {
  const OutsideCall call = rules_->outside_calls->at(ask.operation);
  if (ask.chunk_tokens > 0) return start_stream(ask, call.sample, call.pace, held, context);
  const std::optional<Duration> whole = whole_duration(call.sample, call.pace);
  if (!whole) return;
  Reply reply = reply_to(ask, call.sample);
  reply.busy = *whole;
  context.send(context.self(), reply, *whole);
}

/// Performs an operation of which it keeps no account: the reply is on its way at once.
void Service::answer(const Ask& ask, Context& context) {
  tell_of_start(ask, context);
  OperationSample room;
  const OperationSample& sample = announced_sample(ask, room, context);
  const Duration link =
      link_delay(*link_, rules_->model.seed, ask.number, ask.key, Purpose::link_reply);
  context.send(ask.from, reply_to(ask, sample), sample.duration + link);
}

/// Takes a place, and tells itself nothing of the end.
void Service::start_untold(const Ask& ask, Context& context) {
  tell_of_start(ask, context);
  OperationSample room;
  const OperationSample& sample = announced_sample(ask, room, context);
  const Order orders = context.reserve(end_orders);
  ends_.push_back({.due = after(context.now(), sample.duration), .order = orders});
  const Duration link =
      link_delay(*link_, rules_->model.seed, ask.number, ask.key, Purpose::link_reply);
  context.send_in_place(orders + 1, ask.from, reply_to(ask, sample), sample.duration + link);
}

/// What the operation takes and makes, once those are told who cancel during it. Valid until the
/// next sample is asked for; it may be in `room`.
const OperationSample& Service::announced_sample(const Ask& ask, OperationSample& room,
                                                 Context& context) const {
  const PlanStep step{.kind = ask.kind,
                      .service = index_,
                      .number = ask.operation,
                      .model_call = ask.model_call,
                      .key = ask.key};
  const OperationSample& sample = sample_of(*rules_, ask.ticket, ask.number, step, room);
  if (rules_->cancels_during_operations)
    announce_cancels_during(*rules_, ask, sample.duration, context);
  return sample;
}

void Service::start_child(const Ask& ask, Held& held, Context& context) {
  const Address child = context.spawn_request();
  held.performer = child;
  const Model& model = rules_->model;
  if (rules_->cancels_during_operations) {
    const ChildPlan planned = plan_of_child(model, ask.number, {.service = index_, .key = ask.key});
    announce_cancels_during(*rules_, ask,
                            planned_times(model, planned.number, planned.plan).duration, context);
  }
  context.relay(child, StartChild{.agent = context.self(),
                                  .parent = ask.from,
                                  .parent_number = ask.number,
                                  .operation = ask.operation,
                                  .key = ask.key,
                                  .service = index_,
                                  .policy = ask.policy});
}

void Service::start_stream(const Ask& ask, const OperationSample& sample, const Pace& pace,
                           Held& held, Context& context) {
  const std::uint32_t chunks =
      (narrow(sample.tokens.output) + ask.chunk_tokens - 1) / ask.chunk_tokens;
  // All chunks and the end count as sent now, though only the next one is on its way.
  const Order place = context.reserve(chunks + 1);
  const std::uint32_t id = streams_.take({.ask = ask,
                                          .sample = sample,
                                          .start = context.now(),
                                          .first_place = place,
                                          .chunks = chunks});
  held.performer.index = id;
  if (outside_ != none) {
    paces_.resize(streams_.all.size());
    paces_[id] = pace;
  }
  if (const std::optional<Duration> first = next_moment(id))
    context.send_in_place(place, context.self(), StreamDue{id}, *first);
}

/// When its next chunk exists, or its end comes, from its start; none: never.
std::optional<Duration> Service::next_moment(std::uint32_t id) const {
  const Stream& stream = streams_.all[id];
  const Duration work =
      moment_of(stream.next_chunk, stream.sample, stream.chunks, stream.ask.chunk_tokens);
  return outside_ == none ? work : due(paces_[id], work);
}

/// One that still has something on its way learns of it then.
void Service::withdraw_stream(std::uint32_t id) {
  if (!next_moment(id)) streams_.free.push_back(id);
  streams_[id].next_chunk = none;
}

void Service::receive(const StreamDue& due, Context& context) {
  Stream& stream = streams_[due.stream];
  const Ask& ask = stream.ask;
  if (stream.next_chunk == none) return streams_.free.push_back(due.stream);
  if (stream.next_chunk > stream.chunks) {
    streams_.free.push_back(due.stream);
    LinkEnd to_request = stream.to_request;
    Reply reply = reply_to(ask, stream.sample);
    if (outside_ != none) reply.busy = *next_moment(due.stream);
    return operation_over(reply, to_request, context);
  }
  const std::uint32_t chunk = stream.next_chunk++;
  const std::int64_t before = std::int64_t{chunk - 1} * ask.chunk_tokens;
  const auto tokens = static_cast<std::uint32_t>(
      std::min(std::int64_t{ask.chunk_tokens}, stream.sample.tokens.output.value - before));
  const Duration drawn = link_delay(*link_, rules_->model.seed, ask.number, ask.key,
                                    Purpose::link_chunk_to_request, chunk);
  context.relay(ask.from, ModelChunk{.operation = ask.operation, .tokens = tokens},
                stream.to_request.delay(context.now(), drawn));
  if (const std::optional<Duration> next = next_moment(due.stream))
    context.send_in_place(stream.first_place + chunk, context.self(), due,
                          std::max(stream.start + *next - context.now(), zero_duration));
}

void Service::receive(const Reply& reply, Context& context) {
  LinkEnd to_request;
  if (rules_->model.child_of(index_) == nullptr) return operation_over(reply, to_request, context);
  const Held* held = find(reply.to, reply.end.operation());
  if (held == nullptr) return;  // withdrawn
  Reply own = reply;
  const Call call{.seed = rules_->model.seed, .request = reply.number, .key = held->key_or_place};
  if (sample_operation(*profile_, call).fails)
    own.end = {reply.end.operation(), OperationResult::failed};
  operation_over(own, to_request, context);
}

void Service::operation_over(const Reply& reply, LinkEnd& to_request, Context& context) {
  const std::optional<std::uint32_t> key = release(reply.to, reply.end.operation());
  if (!key) return;  // withdrawn: its place is free already
  finish(reply, *key, to_request, context);
  free_place(context, context.order());
}

/// The reply to the operation whose place it was is still to be delivered at this instant: who
/// waited hears of it after that, as where the service passes the reply on.
void Service::receive(const PlaceFree&, Context& context) {
  free_place(context, context.order() + 2);
}

void Service::finish(const Reply& reply, std::uint32_t key, LinkEnd& to_request, Context& context) {
  const Duration drawn =
      link_delay(*link_, rules_->model.seed, reply.number, key, Purpose::link_reply);
  context.relay(reply.to, reply, to_request.delay(context.now(), drawn));
}

/// Gives the place of an operation that has ended to another; its request hears of it in the place
/// `of_started`. A reply that may end a request comes first, with all that follows from it: what
/// the request had waiting must not start.
void Service::free_place(Context& context, Order of_started) {
  if (!profile_->concurrency) return;
  --in_service_;
  if (first_waiting_ == none) return;
  if (rules_->replies_end_requests) return context.send(context.self(), PlaceLeft{});
  let_in(context, of_started);
}

void Service::receive(const PlaceLeft&, Context& context) {
  if (first_waiting_ == none || in_service_ >= *profile_->concurrency) return;
  const bool is_last = (context.order() & last_of_instant) != 0;
  let_in(context, is_last ? context.reserve(1) : context.order());
}

/// Starts the operation that has waited longest.
void Service::let_in(Context& context, Order of_started) {
  const Ask next = leave_queue(first_waiting_);
  Held* const held = find(next.from, next.operation);
  held->waits = 0;
  held->key_or_place = next.key;
  context.send_in_place(of_started, next.from,
                        Started{.operation = next.operation, .at = context.now()}, zero_duration);
  start(next, *held, context);
}

void Service::receive(const Withdraw& withdraw, Context& context) {
  // What the service knows counts, not what the request thinks: in real time messages may cross.
  const Held* held = find(withdraw.from, withdraw.operation);
  const ChildWorkflow* child = rules_->model.child_of(index_);
  const bool is_over = held == nullptr && withdraw.asked;
  if (is_over) return;
  const bool had_started = held != nullptr && held->waits == 0;
  if (!had_started && child != nullptr)
    context.relay(withdraw.from, ChildBooks{.operation = withdraw.operation});
  if (held == nullptr) {
    withdrawn_.insert({withdraw.from.index, withdraw.from.generation, withdraw.operation});
    return;
  }
  const Held left = *held;
  release(withdraw.from, withdraw.operation);
  if (left.waits != 0) return static_cast<void>(leave_queue(left.key_or_place));
  if (child == nullptr && left.performer.index != none) withdraw_stream(left.performer.index);
  if (child != nullptr && child->propagate)
    context.relay(left.performer,
                  ParentEnded{.cancelled = withdraw.cancelled, .ended = withdraw.ended});
  if (!profile_->concurrency) return;
  --in_service_;
  // Whoever stops at this instant withdraws first what it has waiting.
  if (first_waiting_ != none) context.send_last(context.self(), PlaceLeft{}, zero_duration);
}

void Service::receive(const PassedCancel& cancel, Context& context) {
  const Held* held = find(cancel.from, cancel.operation);
  if (held != nullptr && held->waits == 0) context.relay(held->performer, cancel);
}

}  // namespace caesura
