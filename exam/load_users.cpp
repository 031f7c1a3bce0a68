#include "exam/load_users.hpp"

#include "model/plan.hpp"
#include "model/purpose.hpp"
#include "exam/subject_environment.hpp"
#include "exam/turn_times.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace caesura {
namespace {

using namespace std::chrono_literals;

/// Timers of programs may be as much too early.
constexpr Duration early_timers = 10ms;

Duration link_to_subject(const Model& model, RequestNumber number) {
  return link_delay(model.links.client, model.seed, number, 0, Purpose::link_start);
}

}  // namespace

std::string LoadUsers::run_name(RequestNumber number) { return fmt::format("n-{}", number); }

SubjectRun LoadUsers::run_of(RequestNumber number) const {
  std::optional<Duration> timeout = model_.timeout;
  // Its time has begun when it was sent.
  if (timeout) *timeout = std::max<Duration>(*timeout - link_to_subject(model_, number), 1ms);
  return subject_run(parts_.url, model_, run_name(number), timeout);
}

void LoadUsers::at(Time moment, std::function<void()> action) {
  const auto timer = std::make_shared<boost::asio::steady_timer>(parts_.io);
  timer->expires_after(std::max(moment - now(), zero_duration));
  timer->async_wait([timer, action = std::move(action)](const boost::system::error_code& error) {
    if (!error) action();
  });
}

LoadUsers::Conversation* LoadUsers::find(const std::string& run) {
  const auto found = conversations_.find(run);
  return found == conversations_.end() ? nullptr : &found->second;
}

// ---- A request is sent

LoadUsers::Conversation& LoadUsers::open(RequestNumber number) {
  const std::string run = run_name(number);
  RunRecord& record = parts_.session.make_run({.name = run, .request = number});
  parts_.session.turn(record, 1).user = UserSide{.sent = now()};
  Conversation& talk = conversations_.emplace(run, Conversation(model_, number)).first->second;
  talk.last_seen = now();
  talk.watcher = parts_.session.watch(
      record, [this, run](const RunRecord&, const WorldEvent& event) { hear(run, event); });
  return talk;
}

void LoadUsers::send(RequestNumber number) {
  const std::string run = run_name(number);
  Conversation& talk = open(number);
  const Time sent = turn_of(run).user->sent;
  const Duration delay = talk.to_subject.delay(sent, link_to_subject(model_, number));
  talk.due = sent + delay;
  Plan plan;
  expand(model_, number, plan);
  talk.give_up_at =
      talk.due + planned_times(model_, number, plan).duration + parts_.file.limits.settle;
  for (const LoadCancel& cancel : talk.cancels.known(sent, delay)) schedule(run, cancel, 0);
  if (delay == zero_duration) return start(run);
  at(talk.due, [this, run] { start(run); });
}

void LoadUsers::send_in_vain(RequestNumber number) {
  open(number);
  settle(run_name(number), {.outcome = Outcome::failed});
}

void LoadUsers::start(const std::string& run) {
  Conversation* talk = find(run);
  if (talk == nullptr || talk->over) return;
  talk->begun = now();
  parts_.places.start(run_of(talk->number));
  for (; talk->early_cancels > 0; --talk->early_cancels) tell_subject(run, *talk);
}

// ---- Its user says stop

void LoadUsers::hear(const std::string& run, const WorldEvent& event) {
  Conversation* talk = find(run);
  if (talk == nullptr) return;
  talk->last_seen = now();
  const TurnRecord& turn = turn_of(run);
  const bool is_last = event.operation == turn.plan.operations().back().path;
  for (const LoadCancel& cancel : talk->cancels.known_by(event, turn, talk->to_user)) {
    // Of what it has just used a user knows before the next step, and with the last it has ended.
    cancel.at <= event.at && !is_last ? say_stop(run, cancel, 0) : schedule(run, cancel, 0);
  }
}

void LoadUsers::schedule(const std::string& run, const LoadCancel& cancel, std::uint32_t copy) {
  if (Conversation* talk = find(run); talk != nullptr && counts_always(cancel)) ++talk->awaited;
  at(cancel.at, [this, run, cancel, copy] {
    if (Conversation* talk = find(run); talk != nullptr && counts_always(cancel)) --talk->awaited;
    say_stop(run, cancel, copy);
  });
}

bool LoadUsers::counts_always(const LoadCancel& cancel) const {
  return model_.cancels[cancel.source].even_if_finished;
}

/// The user says stop; the subject hears it when the message has come over the link.
void LoadUsers::say_stop(const std::string& run, const LoadCancel& cancel, std::uint32_t copy) {
  Conversation* talk = find(run);
  if (talk == nullptr) return;
  UserSide& user = *turn_of(run).user;
  const bool is_answered = user.answered && now() >= *user.answered;
  if (is_answered && !counts_always(cancel)) return;
  if (!user.cancel_sent) user.cancel_sent = now();
  const Duration delay =
      talk->to_subject.delay(now(), link_delay(model_.links.client, model_.seed, talk->number, 0,
                                               Purpose::link_cancel, user.cancels_sent++));
  ++talk->awaited;
  const CancelSource& source = model_.cancels[cancel.source];
  if (copy + 1U < source.times)
    schedule(run, {.at = cancel.at + source.every, .source = cancel.source}, copy + 1);
  if (delay == zero_duration) return hear_stop(run);
  at(now() + delay, [this, run] { hear_stop(run); });
}

/// The cancel comes to the subject.
void LoadUsers::hear_stop(const std::string& run) {
  Conversation* talk = find(run);
  if (talk == nullptr) return;
  --talk->awaited;
  TurnRecord& turn = turn_of(run);
  if (talk->over) ++turn.user->cancels_behind;
  if (!turn.cancelled) parts_.session.note_cancelled(record_of(run), 1);
  talk->give_up_at = std::max(talk->give_up_at, now() + parts_.file.limits.settle);
  if (!talk->begun) {
    ++talk->early_cancels;
    return;
  }
  tell_subject(run, *talk);
}

void LoadUsers::tell_subject(const std::string& run, Conversation& talk) {
  const bool hangs_up = !talk.over && !parts_.places.settles_after_cancel(run);
  parts_.places.cancel(run);
  if (hangs_up) end_for_user(talk, *turn_of(run).user->cancel_sent);
}

// ---- Its end

void LoadUsers::settle(const std::string& run, const SettledLine& line) {
  Conversation* talk = find(run);
  if (talk == nullptr || talk->over) return;
  const Time sent = turn_of(run).user->sent;
  const bool is_timed_out = model_.timeout && line.outcome == Outcome::failed &&
                            now() - sent >= *model_.timeout - early_timers;
  parts_.session.note_settled(record_of(run), 1,
                              {.outcome = is_timed_out ? Outcome::timed_out : line.outcome,
                               .at = {},
                               .input_tokens = line.input_tokens,
                               .output_tokens = line.output_tokens});
  const Duration drawn =
      link_delay(model_.links.client, model_.seed, talk->number, 0, Purpose::link_answer);
  end_for_user(*talk, now() + talk->to_user.delay(now(), drawn));
}

/// `answered`: when its user has the answer, or has gone.
void LoadUsers::end_for_user(Conversation& talk, Time answered) {
  const std::string run = run_name(talk.number);
  talk.over = now();
  turn_of(run).user->answered = answered;
  parts_.places.leave(run);
  audience_.answered(talk.number, answered);
}

void LoadUsers::look() {
  for (auto next = conversations_.begin(); next != conversations_.end();) {
    auto& [run, talk] = *next++;
    if (!talk.over && now() > talk.give_up_at) {
      // It waits for its services, which have more to do than was planned.
      if (const auto until = works_until(turn_of(run), now())) {
        talk.give_up_at = std::max(*until, now()) + parts_.file.limits.settle;
        continue;
      }
      parts_.count.note_problem(
          fmt::format("request {} did not settle in time, and the process was ended", talk.number));
      parts_.places.give_up(run);
    }
    if (is_done(run, talk)) end(run);
  }
}

/// What it has left running is its own, and so is what it starts after that: up to a limit.
bool LoadUsers::is_done(const std::string& run, const Conversation& talk) {
  if (!talk.over || talk.awaited > 0 || now() < *turn_of(run).user->answered) return false;
  const bool is_quiet = record_of(run).open_calls == 0 &&
                        now() - std::max(talk.last_seen, *talk.over) >= 4 * parts_.file.within;
  return is_quiet || now() - *talk.over > parts_.file.limits.watch;
}

void LoadUsers::end(const std::string& run) {
  const TurnRecord& turn = turn_of(run);
  const Conversation& talk = *find(run);
  parts_.count.add(
      {.number = talk.number, .due = talk.due, .begun = talk.begun, .over = *talk.over}, turn,
      parts_.session.ledger(turn));
  parts_.session.end_run(record_of(run));
  parts_.session.watch_no_more(run, talk.watcher);
  parts_.places.close(run);
  conversations_.erase(run);
  audience_.ended();
}

}  // namespace caesura
