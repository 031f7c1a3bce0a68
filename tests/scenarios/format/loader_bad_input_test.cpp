#include "tests/scenarios/loader_fixture.hpp"

namespace caesura {
namespace {

TEST(BadInput, AboutServicesIsRefusedWithItsPlaceAndWhatToDo) {
  expect_errors(R"(
# unknown kind
services: {lm: {m: {latency: 1s}}}
= 3:12: unknown key 'lm'; did you mean 'llm'?
# a service without latency
services: {llm: {m: {}}}
= 3:21: m needs either latency or time_to_first_token and time_per_output_token
# a service that is a plain value
services: {llm: {m: 5s}}
= 3:21: m must be a mapping such as {latency: 2s}, not '5s'
# both latencies
services: {llm: {m: {latency: 1s, time_to_first_token: 1s, time_per_output_token: 1ms}}}
= 3:35: 'time_to_first_token' and 'latency' exclude each other; keep one of them
# half a latency by token
services: {llm: {m: {time_to_first_token: 1s}}}
= 3:22: 'time_to_first_token' needs 'time_per_output_token' beside it; add it
# misspelt key
services: {llm: {m: {latency: 1s, outputtokens: 5}}}
= 3:35: unknown key 'outputtokens'; did you mean 'output_tokens'?
# service name with a dot
services: {llm: {m.1: {latency: 1s}}}
= 3:18: the name 'm.1' must be letters, digits, '-' and '_' (1 to 64 of them)
# queue without concurrency
services: {llm: {m: {latency: 1s, queue: 5}}}
= 3:35: 'queue' needs 'concurrency' beside it; add that or remove this
# concurrency zero
services: {llm: {m: {latency: 1s, concurrency: 0}}}
= 3:48: concurrency must be a whole number from 1 to 1000000000, not '0'
# failure rate over one
services: {llm: {m: {latency: 1s, failure_rate: 1.5}}}
= 3:49: failure_rate must be a number from 0 to 1, not '1.5'
# failure rate in percent
services: {llm: {m: {latency: 1s, failure_rate: 5%}}}
= 3:49: failure_rate must be a number from 0 to 1, not '5%'
# on_failure unknown
services: {llm: {m: {latency: 1s, on_failure: retry}}}
= 3:47: on_failure must be one of: continue, fail, not 'retry'
# on_abort misspelt
services: {llm: {m: {latency: 1s, on_abort: ful}}}
= 3:45: unknown on_abort 'ful'; did you mean 'full'?
# price over the limit
services: {llm: {m: {latency: 1s, price: {input: 1001, output: 1}}}}
= 3:50: input must be a number from 0 to 1000, not '1001'
# price negative
services: {llm: {m: {latency: 1s, price: {input: -1, output: 1}}}}
= 3:50: input must be a number from 0 to 1000, not '-1'
# price without output
services: {llm: {m: {latency: 1s, price: {input: 1}}}}
= 3:43: 'input' needs 'output' beside it; add it
# two prices
services: {llm: {m: {latency: 1s, price: {input: 1, output: 1, per_1k: 1}}}}
= 3:64: 'per_1k' and 'input' exclude each other; keep one of them
# cached_input with per_1k
services: {llm: {m: {latency: 1s, price: {per_1k: 1, cached_input: 1}}}}
= 3:54: 'cached_input' needs 'input' beside it; add that or remove this
# price too fine
services: {llm: {m: {latency: 1s, price: {input: 0.0000001, output: 1}}}}
= 3:50: this price is finer than 10^-12 dollars a token, in which money is counted; round it
# price as a plain value
services: {llm: {m: {latency: 1s, price: 3}}}
= 3:42: price must be {input, output}, {input, cached_input, output} or {per_1k}, not '3'
# a tool with tokens
services: {llm: {m: {latency: 1s}}, tool: {t: {latency: 1s, output_tokens: 5}}}
= 3:61: 'output_tokens' is for models and agents: a tool has no tokens and no price; remove it here
# a tool with a price
services: {llm: {m: {latency: 1s}}, tool: {t: {latency: 1s, price: {per_1k: 1}}}}
= 3:61: 'price' is for models and agents: a tool has no tokens and no price; remove it here
# a tool with on_abort
services: {llm: {m: {latency: 1s}}, tool: {t: {latency: 1s, on_abort: full}}}
= 3:61: 'on_abort' is for models and agents: a tool has no tokens and no price; remove it here
# a model that is transactional
services: {llm: {m: {latency: 1s, transactional: true}}}
= 3:35: 'transactional' is for tools; remove it here
# an agent with side effects
services: {llm: {m: {latency: 1s}}, agent: {a: {latency: 1s, side_effects: unsafe}}}
= 3:62: 'side_effects' is for tools; remove it here
# transactional of text
services: {llm: {m: {latency: 1s}}, tool: {t: {latency: 1s, transactional: yes}}}
= 3:76: transactional must be true or false, not 'yes'
# an agent with latency and a workflow
services: {llm: {m: {latency: 1s}}, agent: {a: {latency: 1s, workflow: [{llm: m}]}}}
= 3:62: 'workflow' and 'latency' exclude each other; keep one of them
# an agent with neither
services: {llm: {m: {latency: 1s}}, agent: {a: {propagate: true}}}
= 3:48: a needs exactly one of latency, time_to_first_token and time_per_output_token or workflow
# an agent with propagate and without a workflow
services: {llm: {m: {latency: 1s}}, agent: {a: {latency: 1s, propagate: true}}}
= 3:62: 'propagate' needs 'workflow' beside it; add that or remove this
# a priced agent with a workflow
services: {llm: {m: {latency: 1s}}, agent: {a: {workflow: [{llm: m}], price: {per_1k: 0.02}}}}
= 3:78: 'price' does not go with workflow: such an agent uses what the services in its workflow use; remove it here
# an agent that streams
services: {llm: {m: {latency: 1s}}, agent: {a: {workflow: [{llm: m, stream: {chunk_tokens: 4}}]}}}
= 3:77: an agent's workflow has no client to stream to; remove 'stream' here
# an agent that reaches itself
services: {llm: {m: {latency: 1s}}, agent: {a: {workflow: [{agent: b}]}, b: {workflow: [{llm: m}, {agent: a}]}}}
= 3:59: an agent's workflow must not reach itself: a -> b -> a; remove one of these steps
# an agent without work for anybody that reaches itself
services: {llm: {m: {latency: 1s}}, agent: {a: {workflow: [{choose: [{weight: 0, do: [{agent: a}]}, {weight: 1, do: [{llm: m}]}]}]}}}
= 3:59: an agent's workflow must not reach itself: a -> a; remove one of these steps
# an agent that asks for what is not there
services: {llm: {m: {latency: 1s}}, agent: {a: {workflow: [{tool: m}]}}}
= 3:67: no tool service is called 'm': services.llm has it; write 'llm: m', or name another
# too much work in the tree
services: {llm: {m: {latency: 1s}}, agent: {a: {workflow: [{repeat: {times: 1000, do: [{agent: b}]}}]}, b: {workflow: [{repeat: {times: 1001, do: [{llm: m}]}}]}}}
workflow: [{agent: a}]
= 4:11: every request would have over 1000000 steps; repeat less
# tool without latency
services: {llm: {m: {latency: 1s}}, tool: {t: {failure_rate: 0}}}
= 3:47: t needs the key latency
)");
}

TEST(BadInput, AboutTheWorkflowIsRefusedWithItsPlaceAndWhatToDo) {
  expect_errors(R"(
# empty workflow
workflow: []
= 4:11: workflow is empty; it needs at least one item
# workflow that is a mapping
workflow: {llm: m}
= 4:11: workflow must be a list of steps, not a mapping
# step that is a word
workflow: [m]
= 4:12: an item of workflow must be a step such as {llm: planner}, not 'm'
# step of two kinds
workflow: [{llm: m, tool: t}]
= 4:21: 'tool' and 'llm' exclude each other; keep one of them
# step of no kind
workflow: [{}]
= 4:12: an item of workflow needs exactly one of decompose, llm, tool, agent, transaction, wait, repeat, choose or parallel
# unknown step
workflow: [{lmm: m}]
= 4:13: unknown key 'lmm'; did you mean 'llm'?
# stream without llm
workflow: [{tool: t, stream: {chunk_tokens: 4}}]
= 4:22: 'stream' needs 'llm' beside it; add that or remove this
# stream beside decompose
workflow: [{decompose: m, stream: {chunk_tokens: 4}}]
= 4:27: 'stream' needs 'llm' beside it; add that or remove this
# stream alone
workflow: [{stream: {chunk_tokens: 4}}]
= 4:12: an item of workflow needs exactly one of decompose, llm, tool, agent, transaction, wait, repeat, choose or parallel
# chunks of no tokens
workflow: [{llm: m, stream: {chunk_tokens: 0}}]
= 4:44: chunk_tokens must be a whole number from 1 to 100000000, not '0'
# unknown service with a near name
services: {llm: {planner: {latency: 1s}}}
workflow: [{llm: planer}]
= 4:18: no llm service is called 'planer'; did you mean 'planner'?
# unknown service
workflow: [{llm: nothing}]
= 4:18: no llm service is called 'nothing'; known here: m
# service of another kind
workflow: [{llm: t}]
= 4:18: no llm service is called 't': services.tool has it; write 'tool: t', or name another
# no service of this kind
workflow: [{agent: x}]
= 4:20: no agent service is called 'x'; define it below services.agent
# decompose by a tool
workflow: [{decompose: t}]
= 4:24: no llm service is called 't': services.tool has it; write 'tool: t', or name another
# repeat without times
workflow: [{repeat: {do: [{llm: m}]}}]
= 4:21: the key 'times' is missing in repeat; add it: a whole number from 0 to 1000000, or a distribution
# repeat without do
workflow: [{repeat: {times: 2}}]
= 4:21: the key 'do' is missing in repeat; add it: a list of steps
# repeat of nothing
workflow: [{repeat: {times: 2, do: []}}]
= 4:36: do is empty; it needs at least one item
# repeat too often
workflow: [{repeat: {times: 2e6, do: [{llm: m}]}}]
= 4:29: times must be a whole number from 0 to 1000000, or a distribution, not '2e6'
# repeats that multiply
workflow: [{repeat: {times: 2000, do: [{repeat: {times: 2000, do: [{llm: m}]}}]}}]
= 4:11: every request would have over 1000000 steps; repeat less
# repeats of rounds without steps
workflow: [{repeat: {times: 1000000, do: [{repeat: {times: 1000000, do: [{repeat: {times: 0, do: [{llm: m}]}}]}}]}}]
= 4:11: every request would have over 1000000 steps; repeat less
# choose among nothing
workflow: [{choose: []}]
= 4:21: choose is empty; it needs at least one item
# choose without weight
workflow: [{choose: [{do: [{llm: m}]}]}]
= 4:22: the key 'weight' is missing in an item of choose; add it: a number from 0 to 1000000000000
# choose of weight zero
workflow: [{choose: [{weight: 0, do: [{llm: m}]}]}]
= 4:21: choose: at least one weight must be above 0
# parallel of nothing
workflow: [{parallel: []}]
= 4:23: parallel is empty; it needs at least one item
# parallel with an empty branch
workflow: [{parallel: [[]]}]
= 4:24: an item of parallel is empty; it needs at least one item
# parallel with a plain branch
workflow: [{parallel: [5]}]
= 4:24: an item of parallel must be a step such as {llm: planner}, or a list of steps, not '5'
# parallel of a plain value
workflow: [{parallel: 5}]
= 4:23: parallel must be a list of branches, or {times, do}, not '5'
# nested error
workflow: [{parallel: [{llm: m}, [{repeat: {times: 2, do: [{llm: q}]}}]]}]
= 4:66: no llm service is called 'q'; known here: m
)");
}

TEST(BadInput, AboutCancelsIsRefusedWithItsPlaceAndWhatToDo) {
  expect_errors(R"(
# source without a moment
cancel: [{probability: 0.5}]
= 5:10: an item of cancel needs exactly one of after, after_chunks, during or when
# source with two moments
cancel: [{after: 5s, after_chunks: 3}]
= 5:22: 'after_chunks' and 'after' exclude each other; keep one of them
# source that is a word
cancel: never
= 5:9: cancel must be a list of sources such as [{after: 30s}], not 'never'
# unknown key
cancel: [{afer: 5s}]
= 5:11: unknown key 'afer'; did you mean 'after'?
# probability over one
cancel: [{after: 5s, probability: 1.1}]
= 5:35: probability must be a number from 0 to 1, not '1.1'
# probability negative
cancel: [{after: 5s, probability: -0.1}]
= 5:35: probability must be a number from 0 to 1, not '-0.1'
# times without every
cancel: [{after: 5s, times: 3}]
= 5:29: 'times' above 1 needs 'every' beside it; add the time between two sends, such as every: 500ms
# every without times
cancel: [{after: 5s, every: 3s}]
= 5:22: 'every' needs 'times' beside it; add that or remove this
# every that is a distribution
cancel: [{after: 5s, times: 2, every: {uniform: [1s, 2s]}}]
= 5:39: every must be a duration such as 30s, not a mapping
# times zero
cancel: [{after: 5s, times: 0}]
= 5:29: times must be a whole number from 1 to 1000, not '0'
# chunk zero
cancel: [{after_chunks: 0}]
= 5:25: after_chunks must be a whole number from 1 to 100000000, not '0'
# operation zero
cancel: [{during: {operation: 0, at: 0.5}}]
= 5:31: operation must be a whole number from 1 to 1000000, not '0'
# operation without at
cancel: [{during: {operation: 1}}]
= 5:20: 'operation' needs 'at' beside it; add it
# kind unknown
cancel: [{during: {kind: tol, at: 0.5}}]
= 5:26: unknown kind 'tol'; did you mean 'tool'?
# operation and kind
cancel: [{during: {operation: 1, kind: tool, at: 0.5}}]
= 5:34: 'kind' and 'operation' exclude each other; keep one of them
# request with at
cancel: [{during: {request: 0.5, at: 0.5}}]
= 5:34: 'at' does not go with 'request'; remove it
# at over one
cancel: [{during: {operation: 1, at: 1.5}}]
= 5:38: at must be a number from 0 to 1, or a distribution such as {uniform: [0, 1]}, not '1.5'
# at with a bound over one
cancel: [{during: {operation: 1, at: {uniform: [0, 2]}}}]
= 5:52: an item of uniform must be a number from 0 to 1, not '2'
# at alone
cancel: [{during: {at: 0.5}}]
= 5:19: during needs exactly one of operation and at, kind and at or request
# two budgets
cancel: [{when: {cost_over: 1, tokens_over: 1}}]
= 5:32: 'tokens_over' and 'cost_over' exclude each other; keep one of them
# cost negative
cancel: [{when: {cost_over: -1}}]
= 5:29: cost_over must be a number from 0 to 1000000, not '-1'
# cost too fine
cancel: [{when: {cost_over: 0.0000000000001}}]
= 5:29: this amount is finer than 10^-12 dollars a token, in which money is counted; round it
# even_if_finished of text
cancel: [{after: 1s, even_if_finished: maybe}]
= 5:40: even_if_finished must be true or false, not 'maybe'
)");
}

TEST(BadInput, AboutPoliciesIsRefusedWithItsPlaceAndWhatToDo) {
  expect_errors(R"(
# unknown
policy: chekpoint
= 5:9: unknown policy 'chekpoint'; did you mean 'checkpoint'?
# far from any
policy: zebra
= 5:9: policy must be a policy such as checkpoint, or a list of them, not 'zebra'
# an option of another policy
policy: [{disconnect: {operations: [llm]}}]
= 5:24: unknown key 'operations'; known here: detect
# a transaction is never aborted
policy: [{abort: {operations: [llm, transaction]}}]
= 5:37: an item of operations must be one of: llm, decompose, tool, agent, not 'transaction'
# a bare number
policy: [{escalate: {after: 5}}]
= 5:29: after needs a unit; write 5s if seconds are meant (units: ns, us, ms, s, m, h)
# none
policy: []
= 5:9: policy is empty; it needs at least one item
# twice
policy: [never, checkpoint, never]
= 5:29: two policies are called 'never'; remove one, or give it another name with 'named'
# twice by name
policy: [never, {named: never, checkpoint: {}}]
= 5:17: two policies are called 'never'; remove one, or give it another name with 'named'
# a name alone
policy: [{named: x}]
= 5:10: an item of policy needs exactly one of never, checkpoint, abort, disconnect or escalate
# two kinds
policy: [{never: {}, checkpoint: {}}]
= 5:22: 'checkpoint' and 'never' exclude each other; keep one of them
# options where there are none
policy: [{checkpoint: {detect: 5s}}]
= 5:24: unknown key 'detect'; checkpoint has no options, remove it
# name with a blank
policy: [{named: a b, never: {}}]
= 5:18: named must be a name of letters, digits, '-' and '_' (1 to 64 of them), not 'a b'
# without a value
policy:
= 5:1: policy has no value; it must be a policy such as checkpoint, or a list of them
)");
}

}  // namespace
}  // namespace caesura
