#include "engines/world.hpp"
#include "tests/small_models.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

// Where theory has a closed form, the simulation has to meet it. Seeds are fixed, so nothing here
// can flake.

namespace caesura {
namespace {

using namespace testing;

constexpr double second = 1e9;  // in nanoseconds

/// One operation after another of one service, so many that a cancel in the middle sees a
/// stationary sequence; cancelled at a random moment.
Model long_sequences(Distribution operation, std::uint64_t requests) {
  Model model;
  model.seed = 7;
  model.load = {.requests = requests, .duration = {}, .arrivals = ArrivalsAtOnce{}};
  model.services = {service(ServiceKind::llm, std::move(operation))};
  for (int i = 0; i < 120; ++i) model.workflow.push_back(call(OperationKind::llm, 0));
  CancelSource source;
  source.moment = CancelAfter{Distribution::uniform(20 * second, 60 * second)};
  model.cancels = {source};
  return model;
}

double mean_cancel_latency(const Model& model) {
  double sum = 0;
  double count = 0;
  play_each(model, [&](const Settled& s) {
    if (s.request.outcome != Outcome::cancelled) return;
    sum += seconds(s.request.stopped - *s.client.cancel_sent);
    ++count;
  });
  EXPECT_GT(count, 0.9 * static_cast<double>(model.load.requests));
  return sum / count;
}

TEST(RenewalTheory, MeanLatencyAtARandomMomentIsTheMeanResidualOfALognormalOperation) {
  // Renewal theory: E[X²] / 2E[X]; of a lognormal(mu, sigma) that is exp(mu + 3/2 sigma²) / 2.
  const double median = 1;
  const double sigma = 0.6;
  const Model model =
      long_sequences(Distribution::lognormal_median_sigma(median * second, sigma), 40'000);
  EXPECT_NEAR(mean_cancel_latency(model), median * std::exp(1.5 * sigma * sigma) / 2,
              0.02 * median * std::exp(1.5 * sigma * sigma) / 2);
}

TEST(RenewalTheory, MeanLatencyOfAnExponentialOperationIsItsWholeMean) {
  const Model model = long_sequences(Distribution::exponential(second), 40'000);
  EXPECT_NEAR(mean_cancel_latency(model), 1, 0.02);
}

TEST(RenewalTheory, MeanLatencyOfAConstantOperationIsHalfOfIt) {
  const Model model = long_sequences(Distribution::constant(second), 40'000);
  EXPECT_NEAR(mean_cancel_latency(model), 0.5, 0.01);
}

/// Poisson arrivals, one operation with exponential service at c places: M/M/c, plus M if people
/// lose patience.
Model queue(double arrivals_per_s, double service_mean_s, std::uint64_t places,
            std::uint64_t requests) {
  Model model;
  model.seed = 11;
  model.load = {.requests = requests,
                .duration = {},
                .arrivals = RandomArrivals{Distribution::exponential(second / arrivals_per_s)}};
  model.services = {service(ServiceKind::llm, Distribution::exponential(service_mean_s * second))};
  model.services[0].concurrency = places;
  model.workflow = {call(OperationKind::llm, 0)};
  return model;
}

/// Probability that an arrival has to wait in an M/M/c queue of offered load a < c (Erlang C, from
/// the recursion of Erlang B).
double erlang_c(std::uint64_t c, double a) {
  double b = 1;
  for (std::uint64_t n = 1; n <= c; ++n) b = a * b / (static_cast<double>(n) + a * b);
  const double servers = static_cast<double>(c);
  return servers * b / (servers - a * (1 - b));
}

TEST(ErlangC, ShareThatWaitsAndMeanWaitOfAServiceWithPlaces) {
  const std::uint64_t places = 4;
  const double load = 2.8;
  const Model model = queue(load, 1, places, 500'000);
  double waited = 0;
  double wait_sum = 0;
  play_each(model, [&](const Settled& s) {
    const Duration wait =
        s.request.stopped - s.client.arrived - s.request.used.busy[index_of(OperationKind::llm)];
    if (wait > zero_duration) ++waited;
    wait_sum += seconds(wait);
  });
  const double n = static_cast<double>(model.load.requests);
  const double c = erlang_c(places, load);
  EXPECT_NEAR(waited / n, c, 0.03 * c);
  const double mean_wait = c / (static_cast<double>(places) - load);
  EXPECT_NEAR(wait_sum / n, mean_wait, 0.03 * mean_wait);
}

/// Share of arrivals that leave an M/M/c+M queue before service: birth-death chain with death rate
/// min(n, c)·mu + max(n − c, 0)·theta (Erlang A: Palm 1957; Garnett, Mandelbaum and Reiman 2002).
double erlang_a_abandoned(double lambda, double mu, double theta, std::uint64_t c) {
  constexpr std::uint64_t states = 2000;
  double p = 1;
  double total = 0;
  double waiting = 0;
  for (std::uint64_t n = 0; n < states; ++n) {
    total += p;
    if (n > c) waiting += p * static_cast<double>(n - c);
    const double next = static_cast<double>(n + 1);
    const double busy = std::min(next, static_cast<double>(c));
    p *= lambda / (busy * mu + (next - busy) * theta);
  }
  return theta * (waiting / total) / lambda;
}

TEST(ErlangA, ShareThatLeavesTheQueueUnderCheckpointWithExponentialPatience) {
  const double lambda = 5;
  const double theta = 0.5;
  const std::uint64_t places = 4;
  Model model = queue(lambda, 1, places, 300'000);
  CancelSource source;
  source.moment = CancelAfter{Distribution::exponential(second / theta)};
  model.cancels = {source};
  double left = 0;
  play_each(model, [&](const Settled& s) {
    // Those in service when they lose patience run to their end: only waiting requests leave.
    if (s.request.outcome == Outcome::cancelled && s.request.cancelled_in == nothing_in_progress)
      ++left;
  });
  const double share = left / static_cast<double>(model.load.requests);
  const double expected = erlang_a_abandoned(lambda, 1, theta, places);
  EXPECT_NEAR(share, expected, 0.03 * expected);
}

/// Mean number of requests in the system where all of them lose patience, waiting or served:
/// birth-death chain with birth rate lambda and death rate min(n, c)·mu + n·theta.
double mean_number_if_all_are_impatient(double lambda, double mu, double theta, std::uint64_t c) {
  constexpr std::uint64_t states = 2000;
  double p = 1;
  double total = 0;
  double sum = 0;
  for (std::uint64_t n = 0; n < states; ++n) {
    const double number = static_cast<double>(n);
    total += p;
    sum += p * number;
    p *= lambda / (std::min(number + 1, static_cast<double>(c)) * mu + (number + 1) * theta);
  }
  return sum / total;
}

class Impatience : public ::testing::TestWithParam<Engine> {};
INSTANTIATE_TEST_SUITE_P(Virtual, Impatience, ::testing::ValuesIn(both_engines));

TEST_P(Impatience,
       UnderAbortAtOnceShareCancelledAndMeanStayOfAServiceWithPlacesAreThoseOfTheBirthDeathChain) {
  const double lambda = 6;
  const double theta = 0.3;
  const std::uint64_t places = 4;
  const std::uint64_t requests = 100'000;
  Model model = queue(lambda, 1, places, requests);
  CancelSource source;
  source.moment = CancelAfter{Distribution::exponential(second / theta)};
  model.cancels = {source};
  double cancelled = 0;
  double in_service = 0;
  double stay = 0;
  play_each(
      model,
      [&](const Settled& s) {
        cancelled += s.request.outcome == Outcome::cancelled ? 1 : 0;
        in_service += s.request.interrupted[index_of(OperationKind::llm)];
        stay += seconds(s.request.stopped - s.client.arrived);
      },
      abort_after(0s), GetParam().make);
  const double number = mean_number_if_all_are_impatient(lambda, 1, theta, places);
  // Little's law turns the number into the stay, and each of those in the system leaves at rate
  // theta.
  EXPECT_NEAR(cancelled / requests, theta * number / lambda, 0.03 * theta * number / lambda);
  EXPECT_NEAR(stay / requests, number / lambda, 0.03 * number / lambda);
  EXPECT_GT(in_service / cancelled, 0.2) << "those in service lose patience too";
  EXPECT_LT(in_service / cancelled, 0.8) << "those in the queue lose patience too";
}

TEST(LittlesLaw, TheMeanNumberOfRequestsIsArrivalRateTimesMeanStay) {
  // Of M/M/1 with load 0.5: one request at the server on average.
  const Model model = queue(0.5, 1, 1, 200'000);
  double stay = 0;
  play_each(model,
            [&](const Settled& s) { stay += seconds(s.request.stopped - s.client.arrived); });
  EXPECT_NEAR(0.5 * stay / 200'000, 1, 0.03);
}

}  // namespace
}  // namespace caesura
