"""What the program says where memory is too small. Not for a program with a sanitizer, whose shadow memory needs the whole address space."""

import resource

import command_line_test


class LittleMemory(command_line_test.ProgramTest):
    def test_a_run_that_memory_is_too_small_for_is_refused_or_ends_with_a_clear_line(self):
        def limited(gigabytes):
            return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_AS, (int(gigabytes * 1e9),) * 2)}

        many = "scenario: many\nload: {requests: 1e9, arrivals: at_once}\nservices: {llm: {m: {latency: 1s, concurrency: 1}}}\nworkflow: [{llm: m}]\n"
        self.write("many.yaml", many)
        self.write("piling.yaml", many.replace("1e9", "1e8").replace("at_once", "{constant: 1e6/s}"))
        agents = ", ".join(f"a{i}: {{workflow: [{{repeat: {{times: {{uniform: [1, 4]}}, do: [{{{f'agent: a{i + 1}' if i < 29 else 'tool: t'}}}]}}}}]}}" for i in range(30))
        self.write("deep.yaml", f"scenario: deep\nload: {{requests: 1, arrivals: at_once}}\nservices: {{tool: {{t: {{latency: 1s}}}}, agent: {{{agents}}}}}\nworkflow: [{{agent: a0}}]\n")
        for engine in ("caf", "direct"):
            for file in ("many.yaml", "deep.yaml"):
                with self.subTest(file=file, engine=engine):
                    self.refused("run", file, "--engine", engine, says=r"would need about [\d.e+]+ GB of memory, and there is 1.5 GB; ", status=1, **limited(1.5))
            for gigabytes in (0.3, 0.4):
                with self.subTest("piling", engine=engine, gigabytes=gigabytes):
                    self.refused("run", "piling.yaml", "--engine", engine, "--threads", "2", says="^caesura: out of memory; have fewer requests", status=1, **limited(gigabytes))
        self.refused("sweep", "many.yaml", "--vary", "seed=1,2", says="would need about", status=1, **limited(1.5))


if __name__ == "__main__":
    command_line_test.main()
