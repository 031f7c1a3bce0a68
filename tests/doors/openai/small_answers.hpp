#pragma once

#include "doors/world/answer_pieces.hpp"

namespace caesura {

inline ModelAnswer small_text() {
  return {.key = "r1_1_3",
          .model = "writer",
          .calls = {},
          .text = "one two",
          .usage = {.input = {5}, .cached_input = {2}, .output = {2}}};
}

inline ModelAnswer small_calls() {
  return {.key = "r1_1_1",
          .model = "planner",
          .calls = {{.operation = {{2}}, .id_key = "r1_1_2", .name = "search", .arguments = "{}"},
                    {.operation = {{3}},
                     .id_key = "r1_1_3",
                     .name = "fetch",
                     .arguments = R"({"input":"a"})"}},
          .text = {},
          .usage = {.input = {5}, .cached_input = {0}, .output = {3}}};
}

}  // namespace caesura
