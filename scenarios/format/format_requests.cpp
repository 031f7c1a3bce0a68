#include "scenarios/format/format_parts.hpp"

#include <utility>

namespace caesura {
namespace {

const Shape& add_operation_kinds(Format& format, bool with_transaction) {
  std::vector<Word> kinds{{"llm", "A call of a language model."},
                          {"decompose", "A call of a language model that plans."},
                          {"tool", "A tool invocation."},
                          {"agent", "A request to a remote agent."}};
  if (with_transaction) kinds.push_back({"transaction", "A database transaction."});
  return add_words(format, std::move(kinds));
}

const Shape& add_choose(Format& format, const Shape& steps) {
  const auto& branch =
      add(format,
          {.mapping = {{.keys = {{"weight", &add_number(format, 0, 1e12),
                                  "Its share; weights need not add up to 1.", true},
                                 {"do", &steps, "What is done if this branch is drawn.", true}}}}});
  return add(format, {.expected = "a list such as [{weight: 0.7, do: […]}, {weight: 0.3, do: […]}]",
                      .list = {{.item = &branch, .least = 1}}});
}

MappingForm times_and_do(const DistributionShapes& distributions, const Shape& steps,
                         const char* what) {
  return {.keys = {{"times", distributions.times,
                    "How many times; drawn once per request and place.", true},
                   {"do", &steps, what, true}}};
}

}  // namespace

const Shape& add_workflow(Format& format, const DistributionShapes& distributions) {
  auto& step = add(format, {.id = "step", .expected = "a step such as {llm: planner}"});
  const auto& steps =
      add(format,
          {.id = "steps", .expected = "a list of steps", .list = {{.item = &step, .least = 1}}});
  const auto& branch = add(format, {.id = "branch",
                                    .expected = "a step such as {llm: planner}, or a list of steps",
                                    .mapping = {{.keys = {}}},
                                    .list = steps.list});
  const auto& service = add_slug(format);
  const auto& repeat =
      add(format, {.mapping = {times_and_do(distributions, steps,
                                            "What is done each time, one after the other.")}});
  const auto& parallel =
      add(format,
          {.expected = "a list of branches, or {times, do}",
           .mapping = {times_and_do(distributions, steps, "What each of them does, all at once.")},
           .list = {{.item = &branch, .least = 1}}});
  const auto& stream =
      add(format, {.mapping = {{.keys = {{"chunk_tokens", &add_whole(format, 1, 100'000'000),
                                          "Tokens in each chunk.", true}}}}});
  MappingForm form{
      .keys =
          {{"decompose", &service, "Calls this language model to plan: an operation."},
           {"llm", &service, "Calls this language model: an operation."},
           {"tool", &service, "Invokes this tool: an operation."},
           {"agent", &service, "Asks this remote agent: an operation."},
           {"transaction", distributions.duration,
            "A database transaction of this duration: an operation that runs to its end once "
            "started."},
           {"wait", distributions.duration,
            "Nothing in progress for so long (a person is asked): a cancel takes effect at once."},
           {"repeat", &repeat, "{times, do}: does the same steps several times."},
           {"choose", &add_choose(format, steps),
            "Does one of several branches, drawn by weight for each request."},
           {"parallel", &parallel,
            "Does several branches at once, and goes on when all have ended."},
           {"stream", &stream, "Beside llm: the answer is streamed to the client in chunks."}},
      .choices = {{.groups = {{"decompose"},
                              {"llm"},
                              {"tool"},
                              {"agent"},
                              {"transaction"},
                              {"wait"},
                              {"repeat"},
                              {"choose"},
                              {"parallel"}}}},
      .needs = {{"stream", "llm"}}};
  // The two shapes that contain themselves, filled in last.
  step.mapping = {form};
  const_cast<Shape&>(branch).mapping = {std::move(form)};
  return steps;
}

const Shape& add_cancel(Format& format, const DistributionShapes& distributions) {
  const auto& share = *distributions.share;
  MappingForm moment{
      .keys = {{"operation", &add_whole(format, 1, 1'000'000),
                "The request's n-th operation, from 1; with at."},
               {"kind", &add_operation_kinds(format, true),
                "The request's first operation of this kind; with at."},
               {"at", &share,
                "The share of the operation's planned service time at which the cancel is sent."},
               {"request", &share,
                "The share of the request's planned duration at which the cancel is sent."}},
      .choices = {{.groups = {{"operation", "at"}, {"kind", "at"}, {"request"}}}}};
  const auto& during = add(format, {.expected = "{operation, at}, {kind, at} or {request}",
                                    .mapping = {std::move(moment)}});
  MappingForm budget{.keys = {{"cost_over", &add_number(format, 0, 1'000'000),
                               "US dollars that the request has cost."},
                              {"tokens_over", &add_whole(format, 0, 1'000'000'000'000),
                               "Tokens that the request has used."}},
                     .choices = {{.groups = {{"cost_over"}, {"tokens_over"}}}}};
  const auto& when =
      add(format, {.expected = "{cost_over} or {tokens_over}", .mapping = {std::move(budget)}});
  MappingForm form{
      .keys = {{"after", distributions.duration,
                "So long after the request's arrival: a client's timeout."},
               {"after_chunks", &add_whole(format, 1, 100'000'000),
                "When the client has received so many chunks."},
               {"during", &during,
                "At a share of the time of one operation, or of the whole request."},
               {"when", &when, "At the end of the operation that exceeds a budget."},
               {"probability", &add_number(format, 0, 1), "Drawn once per source and request.",
                false, "1"},
               {"times", &add_whole(format, 1, 1000), "How many times it is sent; with every.",
                false, "1"},
               {"every", distributions.plain_duration, "The time between two of them; with times."},
               {"even_if_finished", &add_boolean(format),
                "Also sent when the client has the final answer.", false, "false"}},
      .choices = {{.groups = {{"after"}, {"after_chunks"}, {"during"}, {"when"}}}},
      .needs = {{"every", "times"}}};
  const auto& source = add(format, {.id = "cancel_source",
                                    .expected = "a source of cancels such as {after: 30s}",
                                    .mapping = {form}});
  return add(format, {.expected = "a list of sources such as [{after: 30s}]",
                      .mapping = {std::move(form)},
                      .list = {{.item = &source, .most = 1000}}});
}

const Shape& add_policy(Format& format, const DistributionShapes& distributions) {
  const std::vector<Word> kinds{
      {"never", "The cancel is acknowledged and ignored: the baseline."},
      {"checkpoint",
       "The operation in progress runs to its end; the request stops at the checkpoint after it."},
      {"abort", "The operation in progress is stopped detect after the cancel."},
      {"disconnect",
       "The client hangs up, and the model notices detect later: abort of llm and decompose only."},
      {"escalate",
       "As checkpoint for the first after; what is still in progress then is aborted, detect "
       "later."}};
  const auto& nothing = add(format, {.expected = "empty: this policy has no options",
                                     .mapping = {{.keys = {}}},
                                     .null_is_empty = true});
  const auto& operations = add(format, {.list = {{.item = &add_operation_kinds(format, false)}}});
  const KeyForm which{"operations", &operations,
                      "The kinds of operation that are stopped; others run to their end.", false,
                      R"(["llm", "decompose", "tool", "agent"])"};
  const auto detect = [&](const char* fallback) {
    return KeyForm{"detect", distributions.plain_duration,
                   "How long until the operation has stopped.", false, fallback};
  };
  const KeyForm after{"after", distributions.plain_duration,
                      "How long the operation may go on first.", false, "\"5s\""};
  const auto options = [&](std::vector<KeyForm> keys) {
    return &add(format, {.mapping = {{.keys = std::move(keys)}}, .null_is_empty = true});
  };
  const std::vector<const Shape*> shapes{&nothing, &nothing, options({which, detect("\"25ms\"")}),
                                         options({detect("\"2s\"")}),
                                         options({after, which, detect("\"25ms\"")})};
  MappingForm form{.keys = {{"named", &add_slug(format),
                             "The policy's name in results, so that one kind can appear with "
                             "several settings. Default: its kind."}}};
  Choice one;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    form.keys.push_back({kinds[i].name, shapes[i], kinds[i].doc});
    one.groups.push_back({kinds[i].name});
  }
  form.choices = {std::move(one)};
  const ScalarForm word{.kind = ScalarForm::Kind::word, .words = kinds};
  const auto& item = add(format, {.id = "policy",
                                  .expected = "a policy such as checkpoint, or abort: {detect: 1s}",
                                  .scalar = {word},
                                  .mapping = {form}});
  return add(format, {.expected = "a policy such as checkpoint, or a list of them",
                      .scalar = {word},
                      .mapping = {std::move(form)},
                      .list = {{.item = &item, .least = 1, .most = 100}}});
}

const Shape& add_load(Format& format, const DistributionShapes& distributions) {
  const auto& rate = add(format, {.id = "rate", .scalar = {{.kind = ScalarForm::Kind::rate}}});
  const auto& gamma =
      add(format,
          {.mapping = {
               {.keys = {{"rate", &rate, "Mean arrivals per time.", true},
                         {"cv", &add_number(format, 0, 100),
                          "Standard deviation / mean of the gaps: 0, or from 0.001; 1 is poisson.",
                          true}}}}});
  const auto& closed =
      add(format, {.mapping = {{.keys = {{"users", &add_whole(format, 1, 10'000'000),
                                          "How many users there are.", true},
                                         {"think", distributions.duration,
                                          "From the end of a user's request to its next one.",
                                          false, "\"0s\""}}}}});
  const auto& text = add_text(format);
  MappingForm shapes{
      .keys = {{"constant", &rate, "Request n arrives at n / rate."},
               {"poisson", &rate,
                "Independent arrivals: exponential gaps; the first arrives after one gap."},
               {"gamma", &gamma,
                "Gamma gaps, {rate, cv}: burstier than poisson if cv is above 1; the first arrives "
                "after one gap."},
               {"trace", &text, "A file with the arrivals in seconds, ascending, one a line."},
               {"closed", &closed,
                "{users, think}: each user sends its next request after the answer to its last."}},
      .choices = {{.groups = {{"constant"}, {"poisson"}, {"gamma"}, {"trace"}, {"closed"}}}}};
  const auto& arrivals = add(
      format, {.expected = "at_once, or a mapping such as {poisson: 20/s}",
               .scalar = {{.kind = ScalarForm::Kind::word, .words = {{"at_once", "All at 0."}}}},
               .mapping = {std::move(shapes)}});
  MappingForm form{
      .keys = {{"requests", &add_whole(format, 1, 1'000'000'000),
                "How many requests arrive; or duration."},
               {"duration", distributions.positive_duration,
                "Takes the arrivals strictly before it; or requests. Not with at_once or closed."},
               {"arrivals", &arrivals, "When they arrive.", true},
               {"users", &add_whole(format, 1, 1'000'000'000),
                "Request n belongs to user n mod users. Not with closed, which has its own.", false,
                "1"}},
      .choices = {{.groups = {{"requests"}, {"duration"}}, .required = false}}};
  return add(format, {.expected = "a mapping such as {requests: 1000, arrivals: {poisson: 20/s}}",
                      .mapping = {std::move(form)}});
}

}  // namespace caesura
