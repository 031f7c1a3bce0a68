#include "exam/case_play.hpp"

#include "exam/run_facts.hpp"
#include "exam/what_was_missing.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr Duration tick_every = 5ms;
/// So often the time of a turn one may take until its moment, or its next turn's end, whatever it
/// does: longer than clients wait between attempts.
constexpr int patience = 6;

}  // namespace

CasePlay::CasePlay(boost::asio::io_context& io, const Scenario& scenario, const SubjectFile& file,
                   SubjectKeeper& keeper, std::string run)
    : io_(io),
      scenario_(scenario),
      exam_(*scenario.exam),
      file_(file),
      keeper_(keeper),
      run_(std::move(run)),
      world_(io, scenario,
             {.listen = world_address_for(file),
              .session = {.subject = file.name,
                          .start = std::chrono::system_clock::now(),
                          .events = [this](std::string_view line) { result_.events += line; }}}),
      log_(result_, run_, [this] { return now(); }),
      timer_(io) {
  if (exam_.at) moment_.emplace(*exam_.at, file.within);
  facts_.within = file.within;
  facts_.settle_limit = file.limits.settle;
  facts_.is_own_timeout = exam_.timeout.has_value();
  facts_.leaves = exam_.leave;
}

std::optional<PlayResult> CasePlay::play(const std::atomic<bool>& stop) {
  world_.session().make_run({.name = run_, .request = 0});
  world_.session().turn(record(), 1);
  world_.session().watch(record(),
                         [this](const RunRecord&, const WorldEvent& event) { hear_event(event); });
  subject_ = &keeper_.take(first_turn(), log_.audience(audience()));
  stage_began_ = now();
  io_.restart();
  tick();
  while (stage_ != Stage::over && !stop) io_.run_one();
  timer_.cancel();
  alive_.reset();
  const bool is_broken =
      facts_.fault || stage_ != Stage::over || (facts_.next_turn && facts_.next_turn->fault);
  result_.stderr_text = subject_->errors();
  result_.left_running = keeper_.give_back(is_broken);
  world_.close();
  if (stage_ != Stage::over) return std::nullopt;
  return std::move(result_);
}

// ---- What is heard

PlayAudience CasePlay::audience() {
  return {
      .ready =
          [this] {
            if (stage_ == Stage::starting) start();
          },
      .settled = [this](std::uint32_t turn, const SettledLine& line) { hear_settled(turn, line); },
      .ended = [this](bool exited_with_0, std::string_view how) { hear_end(exited_with_0, how); }};
}

void CasePlay::hear_settled(std::uint32_t turn, const SettledLine& line) {
  world_.session().note_settled(record(), turn,
                                {.outcome = line.outcome,
                                 .at = {},
                                 .input_tokens = line.input_tokens,
                                 .output_tokens = line.output_tokens});
  look();
}

void CasePlay::hear_end(bool exited_with_0, std::string_view how) {
  if (stage_ == Stage::over) return;
  const bool is_done = facts_.settled && !exam_.next_turn && stage_ == Stage::watching;
  if (exited_with_0 && is_done) {
    has_left_ = true;
    return;
  }
  note_fault(SubjectFault::Kind::crashed, std::string(how));
  const bool says_nothing_more = facts_.next_turn || (!facts_.cancel && exam_.at) ||
                                 stage_ == Stage::starting || stage_ == Stage::beginning;
  if (says_nothing_more) return finish();
  has_left_ = true;
  watch();  // its calls may go on without it
}

void CasePlay::hear_event(const WorldEvent& event) {
  last_event_ = event.at;
  if (event.kind == EventKind::signal && !first_signal_) first_signal_ = event.at;
  if (stage_ == Stage::on_its_way && moment_ && moment_->is_missed_by(event))
    give_up(came_too_early(event, *moment_->event()));
}

void CasePlay::note_fault(SubjectFault::Kind kind, std::string text) {
  std::optional<SubjectFault>& fault = facts_.next_turn ? facts_.next_turn->fault : facts_.fault;
  fault = SubjectFault{.kind = kind, .at = now(), .text = std::move(text)};
}

// ---- What is done

/// `then`, if the play still waits for it then.
Subject::Handed CasePlay::when_handed(std::function<void()> then) {
  return [this, then = std::move(then), waits = stage_, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired() && stage_ == waits) then();
  };
}

void CasePlay::start() {
  log_.start();
  stage_ = Stage::beginning;
  stage_began_ = now();
  subject_->start(first_turn(), when_handed([this] { await_moment(); }));
}

void CasePlay::await_moment() {
  facts_.started = now();
  stage_ = Stage::on_its_way;
  stage_began_ = now();
  if (!moment_) return;
  // Told perhaps within another's event: what follows from it is done later.
  moment_->begin(world_.session(), record(), [this] {
    if (!moment_->is_at_event()) return;
    boost::asio::post(io_, [this, alive = std::weak_ptr<bool>(alive_)] {
      if (!alive.expired() && stage_ == Stage::on_its_way) say_stop();
    });
  });
}

void CasePlay::say_stop() {
  if (facts_.settled) return give_up(why_it_never_came(facts_, *exam_.at, moment_->event()));
  stage_ = Stage::cancelling;
  stage_began_ = now();
  const Subject::Handed handed = when_handed([this] {
    note_cancel(now());
    stage_ = Stage::settling;
    stage_began_ = now();
    look();
  });
  if (exam_.leave) return subject_->leave(run_, handed);
  subject_->cancel(run_, handed);
  if (exam_.twice) subject_->cancel(run_, [] {});
}

void CasePlay::note_cancel(Time at) {
  facts_.cancel = at;
  world_.session().note_cancelled(record(), 1);
}

void CasePlay::watch() {
  stage_ = Stage::watching;
  stage_began_ = now();
  if (exam_.twice && facts_.settled && !has_left_) subject_->cancel(run_, [] {});
}

void CasePlay::prompt_again() {
  stage_ = Stage::prompting;
  stage_began_ = now();
  facts_.next_turn = PlayFacts::NextTurn{.prompted = now()};
  subject_->prompt(run_, prompt_for(run_, 2), when_handed([this] {
                     log_.prompt();
                     stage_ = Stage::next_turn;
                     stage_began_ = now();
                   }));
}

void CasePlay::hang() {
  note_fault(SubjectFault::Kind::hung, {});
  finish();
}

void CasePlay::give_up(std::string why) {
  finish();
  result_.not_judged = std::move(why);
  if (facts_.settled && !result_.missing.empty()) result_.not_judged += "; " + result_.missing;
}

void CasePlay::finish() {
  if (stage_ == Stage::over) return;
  if (!facts_.next_turn) facts_.watched_until = now();
  RunRecord& run = record();
  add_run_facts(facts_, run, scenario_.model, now());
  result_.missing = what_was_missing(facts_, world_.session().turn(run, 1));
  stage_ = Stage::over;
}

// ---- As time goes by

void CasePlay::tick() {
  timer_.expires_after(tick_every);
  timer_.async_wait(
      [this, alive = std::weak_ptr<bool>(alive_),
       due = steady_clock::now() + tick_every](const boost::system::error_code& error) {
        if (error || alive.expired() || stage_ == Stage::over) return;
        const Duration late = steady_clock::now() - due;
        if (late > zero_duration) facts_.lateness.push_back({.due = now() - late, .late = late});
        if (record().open_calls > 0) last_busy_ = now();
        look();
        tick();
      });
}

bool CasePlay::is_silent() {
  const Duration longest = longest_exam_turn + file_.limits.settle;
  const Time at = now();
  return at - std::max({last_event_, log_.last_heard(), stage_began_}) > longest ||
         at - stage_began_ > patience * longest;
}

void CasePlay::look() {
  switch (stage_) {
    case Stage::starting:
      if (now() - stage_began_ > file_.limits.start) hang();
      return;
    case Stage::beginning:
    case Stage::cancelling:
    case Stage::prompting:
      if (now() - stage_began_ > file_.limits.settle) hang();
      return;
    case Stage::on_its_way:
      return look_on_its_way();
    case Stage::settling:
      return look_settling();
    case Stage::watching:
      return look_watching();
    case Stage::next_turn:
      return look_next_turn();
    case Stage::over:
      return;
  }
}

void CasePlay::look_on_its_way() {
  // At the event itself that has been seen to.
  if (moment_ && moment_->is_due(now()) && !moment_->is_at_event()) return say_stop();
  if (exam_.timeout) {
    if (const auto first = first_signal_    ? first_signal_
                           : facts_.settled ? std::optional(facts_.settled->at)
                                            : std::nullopt) {
      if (facts_.settled && record().turns.at(1).is_played())
        return give_up("it played on to the end");
      note_cancel(*first);
      stage_ = Stage::settling;
      stage_began_ = *first;
      return look_settling();
    }
  } else if (facts_.settled) {
    if (exam_.at) return give_up(why_it_never_came(facts_, *exam_.at, moment_->event()));
    return watch();
  }
  if (moment_ && moment_->is_hopeless())
    return give_up(why_it_never_came(facts_, *exam_.at, moment_->event()));
  if (is_silent()) hang();
}

void CasePlay::look_settling() {
  if (facts_.settled || has_left_) return watch();
  if (!subject_->settles_after_cancel() && !exam_.leave && !exam_.timeout) return watch();
  const Duration longest =
      lateness_after(facts_, *facts_.cancel) + file_.within + file_.limits.settle;
  if (now() - *facts_.cancel <= longest) return;
  if (exam_.leave) return watch();
  hang();
}

void CasePlay::look_watching() {
  const Time calm = std::max(last_busy_, stage_began_);
  const bool is_calm = record().open_calls == 0 && now() - calm >= 4 * file_.within;
  if (facts_.cancel) {
    const Duration since = now() - *facts_.cancel;
    const bool is_enough = is_calm && since >= exam_.watch.value_or(zero_duration);
    if (!is_enough && since < file_.limits.watch) return;
  } else if (!is_calm && now() - stage_began_ < file_.limits.watch) {
    return;
  }
  facts_.watched_until = now();
  if (exam_.next_turn && !has_left_) return prompt_again();
  finish();
}

void CasePlay::look_next_turn() {
  if (facts_.next_turn->settled) return finish();
  if (is_silent()) hang();
}

}  // namespace caesura
