#include "tests/scenarios/loader_fixture.hpp"

namespace caesura {
namespace {

// Every bad scenario is refused with one line: its place, what is wrong, and what to do. The other
// half: loader_bad_input_test.cpp.

TEST(BadInput, AboutTheWholeFileIsRefusedWithItsPlaceAndWhatToDo) {
  expect_errors(R"(
# unknown top level key
cancl: []
= 5:1: unknown key 'cancl'; did you mean 'cancel'?
# unknown key with no near name
zebra: 1
= 5:1: unknown key 'zebra'; known here: scenario, description, seed, load, links, services, workflow, cancel, policy, timeout, thresholds, world, exam
# duplicate key
scenario:: t
= 5:1: the key 'scenario' appears twice; remove one
# no load
load
= 1:1: the key 'load' is missing; add it: a mapping such as {requests: 1000, arrivals: {poisson: 20/s}}
# no workflow
workflow
= 1:1: the key 'workflow' is missing; add it: a list of steps
# no scenario
scenario
= 1:1: the key 'scenario' is missing; add it: a name of letters, digits, '-' and '_' (1 to 64 of them)
# tag
seed: !!int 5
= 5:7: the tag 'tag:yaml.org,2002:int'; scenarios use no tags, remove it
# merge key
<<: {seed: 1}
= 5:1: merge keys (<<) are not supported; write the keys out, or use an alias for a whole value
# anchor within itself
links: &a {client: *a}
= 5:20: an alias within what it stands for; a value cannot contain itself
# unknown alias
links: *nowhere
= 5:8: not valid YAML: the referenced anchor is not defined; check quotes, brackets and indentation from here upwards
# list as key
? [a]
: 1
= 5:3: a list or mapping cannot be a key; a key is plain text (is a bracket not closed?)
# scenario name with a blank
scenario: a b
= 1:11: scenario must be a name of letters, digits, '-' and '_' (1 to 64 of them), not 'a b'
# scenario name of 65 letters
scenario: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
= 1:11: scenario must be a name of letters, digits, '-' and '_' (1 to 64 of them), not 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…'
# empty scenario name
scenario: ""
= 1:11: scenario must be a name of letters, digits, '-' and '_' (1 to 64 of them), not ''
# null scenario
scenario:
= 1:1: scenario has no value; it must be a name of letters, digits, '-' and '_' (1 to 64 of them)
# scenario name that is a number
scenario: 2024
= 1:11: scenario must be text; write it in quotes: "2024"
# description that is a list
description: [a]
= 5:14: description must be text, not a list
# description without text
description:
= 5:1: description has no value; it must be text
# seed negative
seed: -1
= 5:7: seed must be a whole number from 0 to 2^64 - 1, not '-1'
# seed too large
seed: 18446744073709551616
= 5:7: seed must be a whole number from 0 to 2^64 - 1, not '18446744073709551616'
# seed of text
seed: abc
= 5:7: seed must be a whole number from 0 to 2^64 - 1, not 'abc'
# seed in quotes
seed: "5"
= 5:7: seed must be a whole number from 0 to 2^64 - 1, not text; remove the quotes around '5'
# seed with a fraction
seed: 1.5
= 5:7: seed must be a whole number, not '1.5'
# threshold that is a mapping
thresholds: [{a: 1}]
= 5:14: an item of thresholds must be text, not a mapping
# thresholds that are text
thresholds: a < 1
= 5:13: thresholds must be a list of conditions, not 'a < 1'
)");
}

TEST(BadInput, AboutDurationsIsRefusedWithItsPlaceAndWhatToDo) {
  expect_errors(R"(
# bare number
timeout: 30
= 5:10: timeout needs a unit; write 30s if seconds are meant (units: ns, us, ms, s, m, h)
# bare zero
timeout: 0
= 5:10: timeout needs a unit; write 0s if seconds are meant (units: ns, us, ms, s, m, h)
# bare fraction
timeout: 1.5
= 5:10: timeout needs a unit; write 1.5s if seconds are meant (units: ns, us, ms, s, m, h)
# bare negative number
timeout: -3
= 5:10: timeout must not be negative, and needs a unit; write a duration such as 30s
# negative
timeout: -3s
= 5:10: timeout must not be negative, not '-3s'
# unknown unit
timeout: 3d
= 5:10: timeout must be a duration above 0, such as 30s, not '3d'
# blank before the unit
timeout: 3 s
= 5:10: timeout must be a duration above 0, such as 30s, not '3 s'
# composed
timeout: 1m30s
= 5:10: timeout must be a duration above 0, such as 30s, not '1m30s'
# empty
timeout: ""
= 5:10: timeout must be a duration above 0, such as 30s, not ''
# word
timeout: soon
= 5:10: timeout must be a duration above 0, such as 30s, not 'soon'
# finer than a nanosecond
timeout: 0.5ns
= 5:10: timeout is finer than a nanosecond; round it
# fraction finer than a nanosecond
timeout: 1.0000000001s
= 5:10: timeout is finer than a nanosecond; round it
# over a year
timeout: 8761h
= 5:10: timeout is over one year (8760h); nothing here may last that long
# huge
timeout: 99999999999999999999999999999999h
= 5:10: timeout is over one year (8760h); nothing here may last that long
# not above zero
timeout: 0s
= 5:10: timeout must be a duration above 0, such as 30s, not '0s'
# infinite
timeout: .inf
= 5:10: timeout must be a duration above 0, such as 30s, not '.inf'
# list
timeout: [1s]
= 5:10: timeout must be a duration above 0, such as 30s, not a list
# with an exponent that makes it too fine
timeout: 1.5e-9s
= 5:10: timeout is finer than a nanosecond; round it
# with half an exponent
timeout: 1e+s
= 5:10: timeout must be a duration above 0, such as 30s, not '1e+s'
# bare number in a distribution
workflow: [{wait: {exponential: {mean: 20}}}]
= 4:40: mean needs a unit; write 20s if seconds are meant (units: ns, us, ms, s, m, h)
)");
}

TEST(BadInput, AboutTheLoadIsRefusedWithItsPlaceAndWhatToDo) {
  expect_errors(R"(
# requests zero
load: {requests: 0, arrivals: at_once}
= 2:18: requests must be a whole number from 1 to 1000000000, not '0'
# requests over the limit
load: {requests: 1e18, arrivals: at_once}
= 2:18: requests must be a whole number from 1 to 1000000000, not '1e18'
# requests of a fraction
load: {requests: 2.5, arrivals: at_once}
= 2:18: requests must be a whole number, not '2.5'
# requests infinite
load: {requests: .inf, arrivals: at_once}
= 2:18: requests must be a finite number, not '.inf'
# requests not a number
load: {requests: .nan, arrivals: at_once}
= 2:18: requests must be a finite number, not '.nan'
# requests of text
load: {requests: many, arrivals: at_once}
= 2:18: requests must be a whole number from 1 to 1000000000, not 'many'
# requests as a mapping
load: {requests: {a: 1}, arrivals: at_once}
= 2:18: requests must be a whole number from 1 to 1000000000, not a mapping
# requests without a value
load: {requests: , arrivals: at_once}
= 2:8: requests has no value; it must be a whole number from 1 to 1000000000
# requests misspelt
load: {requets: 10, arrivals: at_once}
= 2:8: unknown key 'requets'; did you mean 'requests'?
# neither requests nor duration
load: {arrivals: {poisson: 20/s}}
= 2:7: load needs either requests or duration; add one, such as requests: 1000
# both
load: {requests: 1, duration: 1h, arrivals: {poisson: 20/s}}
= 2:21: 'duration' and 'requests' exclude each other; keep one of them
# no arrivals
load: {requests: 1}
= 2:7: the key 'arrivals' is missing in load; add it: at_once, or a mapping such as {poisson: 20/s}
# arrivals misspelt
load: {requests: 1, arrivals: at_onse}
= 2:31: unknown arrivals 'at_onse'; did you mean 'at_once'?
# arrivals of an unknown shape
load: {requests: 1, arrivals: {poison: 20/s}}
= 2:32: unknown key 'poison'; did you mean 'poisson'?
# two shapes
load: {requests: 1, arrivals: {poisson: 20/s, constant: 20/s}}
= 2:47: 'constant' and 'poisson' exclude each other; keep one of them
# no shape
load: {requests: 1, arrivals: {}}
= 2:31: arrivals needs exactly one of constant, poisson, gamma, trace or closed
# duration with at_once
load: {duration: 1h, arrivals: at_once}
= 2:18: 'duration' does not go with at_once, since all arrive at 0; write requests instead
# duration with closed
load: {duration: 1h, arrivals: {closed: {users: 5}}}
= 2:18: 'duration' does not go with closed; write requests instead
# users with closed
load: {requests: 1, users: 3, arrivals: {closed: {users: 5}}}
= 2:28: 'users' does not go with closed, which has users of its own; remove it here
# bare rate
load: {requests: 1, arrivals: {poisson: 20}}
= 2:41: poisson needs a unit of time; write 20/s if per second is meant
# rate of zero
load: {requests: 1, arrivals: {poisson: 0/s}}
= 2:41: poisson must be above 0, not '0/s'
# rate with an unknown unit
load: {requests: 1, arrivals: {poisson: 20/d}}
= 2:41: poisson must be a rate such as 20/s, not '20/d'
# rate too high
load: {requests: 1, arrivals: {poisson: 2000000000/s}}
= 2:41: poisson is over 1000000000/s; at most one request arrives a nanosecond
# gamma without cv
load: {requests: 1, arrivals: {gamma: {rate: 20/s}}}
= 2:39: the key 'cv' is missing in gamma; add it: a number from 0 to 100
# gamma with a tiny cv
load: {requests: 1, arrivals: {gamma: {rate: 20/s, cv: 1e-9}}}
= 2:56: gamma: cv must be 0, or from 0.001 to 100
# too many requests for the rate
load: {requests: 1e9, arrivals: {constant: 1/h}}
= 2:18: at this rate, so many requests take over 100 years to arrive; have fewer, or a higher rate
# too many requests in the duration
load: {duration: 8760h, arrivals: {constant: 1000000/s}}
= 2:18: over 1000000000 requests arrive in this time; shorten it, or lower the rate
# no trace file
load: {arrivals: {trace: missing.csv}}
= 2:26: cannot read 'missing.csv': No such file or directory; check the path
)");
}

TEST(BadInput, AboutDistributionsIsRefusedWithItsPlaceAndWhatToDo) {
  expect_errors(R"(
# unknown distribution
workflow: [{wait: {lognorml: {median: 1s, sigma: 1}}}]
= 4:20: unknown key 'lognorml'; did you mean 'lognormal'?
# no distribution
workflow: [{wait: {min: 1s}}]
= 4:19: wait needs exactly one of uniform, normal, lognormal, exponential, gamma, weibull, pareto, mixture, quantiles or empirical
# empty distribution
workflow: [{wait: {}}]
= 4:19: wait needs exactly one of uniform, normal, lognormal, exponential, gamma, weibull, pareto, mixture, quantiles or empirical
# two distributions
workflow: [{wait: {exponential: {mean: 1s}, uniform: [1s, 2s]}}]
= 4:45: 'uniform' and 'exponential' exclude each other; keep one of them
# uniform with one bound
workflow: [{wait: {uniform: [1s]}}]
= 4:29: uniform must be two bounds, [lowest, highest], not a list of 1
# uniform with three bounds
workflow: [{wait: {uniform: [1s, 2s, 3s]}}]
= 4:29: uniform must be two bounds, [lowest, highest], not a list of 3
# uniform with crossed bounds
workflow: [{wait: {uniform: [2s, 1s]}}]
= 4:20: uniform: the lower bound must not be above the upper one
# uniform as a mapping
workflow: [{wait: {uniform: {a: 1s}}}]
= 4:29: uniform must be two bounds, [lowest, highest], not a mapping
# min above max
workflow: [{wait: {exponential: {mean: 1s}, min: 3s, max: 2s}}]
= 4:19: min must not be above max
# exponential without mean
workflow: [{wait: {exponential: {}}}]
= 4:33: the key 'mean' is missing in exponential; add it: a duration such as 30s
# exponential with mean zero
workflow: [{wait: {exponential: {mean: 0s}}}]
= 4:20: exponential: mean must be positive
# lognormal with median alone
workflow: [{wait: {lognormal: {median: 1s}}}]
= 4:31: lognormal needs exactly one of sigma, p95 or mean and cv
# lognormal with two spreads
workflow: [{wait: {lognormal: {median: 1s, sigma: 1, p95: 3s}}}]
= 4:54: 'p95' and 'sigma' exclude each other; keep one of them
# lognormal with median and cv
workflow: [{wait: {lognormal: {median: 1s, cv: 1}}}]
= 4:44: 'cv' and 'median' exclude each other; keep one of them
# lognormal with p95 below the median
workflow: [{wait: {lognormal: {median: 2s, p95: 1s}}}]
= 4:20: lognormal: p95 must not be below the median
# lognormal with sigma negative
workflow: [{wait: {lognormal: {median: 2s, sigma: -1}}}]
= 4:51: sigma must be a number from 0 to 20, not '-1'
# normal with a negative stddev
workflow: [{wait: {normal: {mean: 2s, stddev: -1s}}}]
= 4:47: stddev must not be negative, not '-1s'
# gamma without cv
workflow: [{wait: {gamma: {mean: 2s}}}]
= 4:27: the key 'cv' is missing in gamma; add it: a number from 0 to 100
# weibull of shape zero
workflow: [{wait: {weibull: {shape: 0, scale: 1s}}}]
= 4:37: shape must be a number from 0.01 to 1000000, not '0'
# pareto without alpha
workflow: [{wait: {pareto: {min: 1s}}}]
= 4:28: the key 'alpha' is missing in pareto; add it: a number from 0.01 to 1000000
# geometric duration
workflow: [{wait: {geometric: {mean: 3s}}}]
= 4:20: 'geometric' is for counts (of tokens, of repetitions); take another distribution here
# negative binomial duration
workflow: [{wait: {negative_binomial: {mean: 3s, r: 1}}}]
= 4:20: 'negative_binomial' is for counts (of tokens, of repetitions); take another distribution here
# mixture of nothing
workflow: [{wait: {mixture: []}}]
= 4:29: mixture is empty; it needs at least one item
# mixture without weight
workflow: [{wait: {mixture: [{value: 1s}]}}]
= 4:30: the key 'weight' is missing in an item of mixture; add it: a number from 0 to 1000000000000
# mixture of weight zero
workflow: [{wait: {mixture: [{weight: 0, value: 1s}]}}]
= 4:20: mixture: at least one weight must be positive
# mixture with a negative weight
workflow: [{wait: {mixture: [{weight: -1, value: 1s}]}}]
= 4:39: weight must be a number from 0 to 1000000000000, not '-1'
# one quantile
workflow: [{wait: {quantiles: {p50: 1s}}}]
= 4:31: quantiles needs at least 2 entries; add one
# quantile beyond 100
workflow: [{wait: {quantiles: {p50: 1s, p101: 2s}}}]
= 4:41: 'p101' is no percentile; write p50, p99.9 and the like, from p0 to p100
# quantile without p
workflow: [{wait: {quantiles: {50: 1s, p90: 2s}}}]
= 4:32: '50' is no percentile; write p50, p99.9 and the like, from p0 to p100
# quantiles that fall
workflow: [{wait: {quantiles: {p50: 2s, p90: 1s}}}]
= 4:20: quantiles: values must not fall as the percentile grows
# quantile of zero
workflow: [{wait: {quantiles: {p50: 0s, p90: 1s}}}]
= 4:20: quantiles: a value must be positive
# the same quantile twice
workflow: [{wait: {quantiles: {p50: 1s, p50.0: 1s}}}]
= 4:20: quantiles: a percentile is given twice
# empirical of nothing
workflow: [{wait: {empirical: []}}]
= 4:31: empirical is empty; it needs at least one item
# empirical of bare numbers
workflow: [{wait: {empirical: [1, 2]}}]
= 4:32: an item of empirical needs a unit; write 1s if seconds are meant (units: ns, us, ms, s, m, h)
# empirical without a file
workflow: [{wait: {empirical: missing.csv}}]
= 4:31: cannot read 'missing.csv': No such file or directory; check the path
# constant tokens over the limit
services: {llm: {m: {latency: 1s, output_tokens: 100000001}}}
= 3:50: output_tokens must be a whole number of tokens from 0 to 100000000, or a distribution, not '100000001'
# tokens of a fraction
services: {llm: {m: {latency: 1s, output_tokens: 1.5}}}
= 3:50: output_tokens must be a whole number, not '1.5'
# tokens negative
services: {llm: {m: {latency: 1s, output_tokens: -1}}}
= 3:50: output_tokens must be a whole number of tokens from 0 to 100000000, or a distribution, not '-1'
# tokens with a unit
services: {llm: {m: {latency: 1s, output_tokens: 5s}}}
= 3:50: output_tokens must be a whole number of tokens from 0 to 100000000, or a distribution, not '5s'
# uniform tokens of fractions
services: {llm: {m: {latency: 1s, output_tokens: {uniform: [1.5, 2]}}}}
= 3:61: an item of uniform must be a whole number, not '1.5'
# tokens with mean infinite
services: {llm: {m: {latency: 1s, output_tokens: {exponential: {mean: .inf}}}}}
= 3:71: mean must be a finite number, not '.inf'
# geometric mean below one
services: {llm: {m: {latency: 1s, output_tokens: {geometric: {mean: 0.5}}}}}
= 3:51: geometric: mean must be from 1 to 1e12
# first without per_call
services: {llm: {m: {latency: 1s, cached_input_tokens: {first: 5}}}}
= 3:57: 'first' needs 'per_call' beside it; add it
# first with a distribution
services: {llm: {m: {latency: 1s, cached_input_tokens: {first: 5, per_call: 1, uniform: [1, 2]}}}}
= 3:80: 'uniform' and 'first' exclude each other; keep one of them
# first with min
services: {llm: {m: {latency: 1s, input_tokens: {first: 5, per_call: 1}}}}
= 3:50: unknown key 'first'; known here: uniform, normal, lognormal, exponential, gamma, weibull, pareto, geometric, negative_binomial, mixture, quantiles, empirical, min, max
)");
}

}  // namespace
}  // namespace caesura
