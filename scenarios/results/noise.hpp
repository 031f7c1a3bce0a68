#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace caesura {

// Whether two figures differ by more than chance would have it: tests at 95 %, two-sided, each of
// one figure by itself.

/// Half of the width of a 95 % interval around a mean, in standard errors: Student's t with so many
/// degrees of freedom, which need not be whole (Welch).
double student_t95(double degrees);

struct SampleMean {
  std::uint64_t count = 0;
  double mean = 0;
  double stddev = 0;  ///< with n − 1
};

/// Welch's t-test of two independent samples of at least two values each. Two samples without any
/// spread differ if their means do.
bool means_differ(const SampleMean& a, const SampleMean& b);

/// So many of so many, each by itself.
struct Proportion {
  std::uint64_t part = 0;
  std::uint64_t whole = 0;
};

/// The two-proportion z-test, pooled. Of nothing there is no difference.
bool proportions_differ(const Proportion& a, const Proportion& b);

/// A statistic of blocks of requests: of all, and of all but one block, for each block (the
/// jackknife).
struct BlockStatistic {
  double of_all = 0;
  std::vector<double> without;  ///< by block; at least two
  std::size_t informative = 0;  ///< blocks that have something to tell of it; at least two
};

/// Two runs of requests of their own: Welch's t-test, the variances from the blocks.
bool block_statistics_differ(const BlockStatistic& a, const BlockStatistic& b);
/// Two runs of the same requests, in the same blocks: the t-test of the difference, whose variance
/// is from the differences between blocks.
bool paired_block_statistics_differ(const BlockStatistic& a, const BlockStatistic& b);

/// Ranks in a sorted sample, from 1; `low` 0 and `high` n + 1 stand for no bound at all.
struct RankInterval {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

/// Between which elements of `count` independent samples the quantile `p` of whatever distribution
/// they are from lies with a probability of at least `confidence`: from the binomial distribution
/// of how many are below it.
RankInterval quantile_ranks(std::uint64_t count, double p, double confidence);

/// Whether the quantiles `p` of what the two sorted samples are from differ: their rank intervals
/// do not meet, at a confidence with which both hold at 95 %. Assumes nothing of the distributions,
/// and so finds a difference later than a test of means would. Empty if a sample is too small to
/// bound its quantile on both sides, and they do not differ.
std::optional<bool> quantiles_differ(const std::vector<std::int64_t>& a,
                                     const std::vector<std::int64_t>& b, double p);

}  // namespace caesura
