#include "tests/doors/live/small_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

/// Writes down what it hears.
class Diary final : public Audience {
 public:
  void operation_started(LiveRequest& request, std::uint32_t operation, Time at) override {
    write(request, "starts " + std::to_string(operation), at);
  }
  void said(LiveRequest& request, const SaidWords& words, Time at) override {
    write(request,
          std::string(words.are_answer ? "answers " : "plans ") + std::to_string(words.first) +
              "+" + std::to_string(words.count),
          at);
  }
  void answered(LiveRequest& request, Time at) override {
    write(request, std::string("is ") + name_of(request.status), at);
  }
  void forgotten(const LiveRequest& request) override { lines.push_back(request.id + " is gone"); }
  std::vector<std::string> take() { return std::exchange(lines, {}); }

  std::vector<std::string> lines;

 private:
  void write(const LiveRequest& request, const std::string& what, Time at) {
    lines.push_back(request.id + " " + what + " at " + std::to_string((at - Time{}) / 1s));
  }
};

struct LiveSessionTest : testing::Test {
  LiveRequest& start(const std::string& id, const std::string& user = "ada") {
    LiveRequest& request = session.start({.id = id, .user = user}, diary);
    session.introduce(id);
    return request;
  }
  /// Sends one, and writes down what became of it.
  void cancel(LiveRequest& request, LiveSession::CancelWhen when = LiveSession::CancelWhen::now) {
    session.cancel(
        request,
        [this](const LiveRequest& of, const CancelReply& reply) {
          diary.lines.push_back(of.id + " " + name_of(reply.verdict) +
                                (reply.was_immediate ? " at once" : ""));
        },
        when);
  }
  /// Why a request is not started; none: it is.
  std::optional<StartError::Why> refusal(const StartWishes& wishes) {
    try {
      session.start(wishes, diary);
      return std::nullopt;
    } catch (const StartError& error) {
      return error.why;
    }
  }

  Diary diary;
  SmallSession small{{.requests_max = 3}};
  LiveSession& session = small.session;
};

TEST_F(LiveSessionTest, TellsTheAudienceWhatHappensToItsRequestAndThatItIsGone) {
  start("r1");
  session.advance(22s);
  EXPECT_THAT(diary.take(),
              ElementsAre("r1 starts 1 at 0", "r1 starts 2 at 10", "r1 starts 3 at 15",
                          "r1 answers 0+2 at 18", "r1 answers 2+2 at 20", "r1 answers 4+2 at 22"));
  session.advance(4s);
  EXPECT_THAT(diary.take(),
              ElementsAre("r1 answers 6+2 at 24", "r1 answers 8+2 at 26", "r1 is completed at 26"));
  session.advance(5min);
  session.forget_the_old();
  EXPECT_THAT(diary.take(), ElementsAre("r1 is gone"));
  EXPECT_EQ(session.find("r1"), nullptr);
}

TEST_F(LiveSessionTest, EachCancelHearsWhatBecameOfIt) {
  LiveRequest& request = start("r1");
  diary.take();
  cancel(request);
  cancel(request);
  EXPECT_THAT(diary.take(), ElementsAre("r1 accepted", "r1 already cancelled"));
  EXPECT_EQ(request.shown_status(), RequestStatus::processing);
  session.advance(10s);
  EXPECT_THAT(diary.take(), ElementsAre("r1 is cancelled at 10"));
  cancel(request);
  EXPECT_THAT(diary.take(), ElementsAre("r1 already cancelled")) << "and the first was not at once";
}

TEST_F(LiveSessionTest, ACancelMayBeToldToComeTooLate) {
  LiveRequest& request = start("r1");
  cancel(request, LiveSession::CancelWhen::too_late);
  EXPECT_FALSE(request.cancel_requested);
  session.advance(25s);
  diary.take();
  session.advance(1s);
  EXPECT_THAT(diary.take(),
              ElementsAre("r1 answers 8+2 at 26", "r1 is completed at 26", "r1 too late"));
}

TEST_F(LiveSessionTest, ACancelThatCameFirstIsHeardOnceItsRequestIsIntroduced) {
  const auto over = [&] {
    if (LiveRequest* request = session.find("r1")) cancel(*request);
  };
  ASSERT_TRUE(session.await("r1", over));
  session.start({.id = "r1", .user = "ada"}, diary);
  EXPECT_TRUE(diary.take().empty());
  session.introduce("r1");
  EXPECT_THAT(diary.take(), ElementsAre("r1 starts 1 at 0", "r1 accepted"));
}

TEST_F(LiveSessionTest, OneWhoWaitsForARequestHearsWhenTheTimeIsUp) {
  SmallSession impatient({.early_cancel = 1ns});
  bool is_over = false;
  ASSERT_TRUE(impatient.session.await("r1", [&] { is_over = true; }));
  EXPECT_TRUE(impatient.loop.waits());
  EXPECT_FALSE(is_over);
  impatient.loop.let_all_come();
  EXPECT_TRUE(is_over);
  SmallSession none({.early_cancel = zero_duration});
  EXPECT_FALSE(none.session.await("r1", [] {}));
}

TEST_F(LiveSessionTest, SaysWhyARequestIsNotStarted) {
  using Why = StartError::Why;
  start("r1");
  EXPECT_EQ(refusal({.id = "r1", .user = "ada"}), Why::id_is_taken);
  EXPECT_EQ(refusal({.id = "r2", .user = "ada", .held_operation = 4}), Why::no_such_operation);
  EXPECT_EQ(refusal({.id = "r1", .user = "bob", .takes_over = true}), std::nullopt);
  start("r3");
  EXPECT_EQ(refusal({.id = "r4", .user = "ada"}), Why::too_many);
  session.advance(1min);
  EXPECT_EQ(refusal({.id = "r3", .user = "bob"}), Why::id_is_taken) << "which has ended";
  EXPECT_EQ(refusal({.id = "r3", .user = "ada"}), std::nullopt);
  session.drain([] {});
  EXPECT_EQ(refusal({.id = "r4", .user = "ada"}), Why::shutting_down);
}

TEST_F(LiveSessionTest, IsIdleWhenItsLastRequestHasSettled) {
  bool is_idle = false;
  start("r1");
  session.drain([&] { is_idle = true; });
  session.advance(25s);
  EXPECT_FALSE(is_idle);
  EXPECT_EQ(session.in_flight(), 1U);
  session.advance(1s);
  EXPECT_TRUE(is_idle);
}

TEST_F(LiveSessionTest, AHeldOperationEndsWhenItIsReleased) {
  LiveRequest& request = session.start({.id = "r1", .user = "ada", .held_operation = 2}, diary);
  session.introduce("r1");
  session.advance(1h);
  EXPECT_THAT(diary.take(), ElementsAre("r1 starts 1 at 0", "r1 starts 2 at 10"));
  session.release(request);
  EXPECT_THAT(diary.take(), ElementsAre("r1 starts 3 at 3600"));
}

TEST_F(LiveSessionTest, DoesLaterWhatIsDueWhenTheClockHasComeThere) {
  std::string done;
  session.do_later(session.now(), 2s, [&] { done += 'b'; });
  session.do_later(session.now(), zero_duration, [&] { done += 'a'; });
  small.loop.let_all_come();
  EXPECT_EQ(done, "a");
  session.advance(2s);
  EXPECT_EQ(done, "ab");
}

}  // namespace
}  // namespace caesura
