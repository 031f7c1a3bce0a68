#!/usr/bin/env python3
"""Holds README.md and docs/ to the program: the commands and options of docs/command-line.md are those of --help, examples are accepted,
and outputs that the pages show are what the program prints. Exit status 1 and what differs
if they do not; --write brings the outputs up to date."""

import argparse
import difflib
import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
from pathlib import Path

COLUMNS_SHOWN = 100
OUTPUT_OF = re.compile(r"<!-- output of: (caesura .*?) -->")
OPTION = re.compile(r"--[a-z][a-z-]*")
PATIENCE_S = 250  # of a slow machine
HINT_TO_THE_SLOW = "caesura: --engine direct gives the same bytes faster\n"  # printed only where a run takes long
PROGRESS = re.compile(r"(?:\r\x1b\[K[^\r\n]*)*\r\x1b\[K")
SHARED = "Scenario options"

failures = []


def fail(text):
    failures.append(text)


def help_of(caesura, *command):
    done = subprocess.run([caesura, *command, "--help"], capture_output=True, text=True, timeout=PATIENCE_S)
    if done.returncode != 0:
        fail(f"caesura {' '.join(command)} --help ends with status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def help_section(text, title):
    """The indented lines below `title:`."""
    found = re.search(rf"^{title}:\n((?:[ \t]+.*\n)+)", text, re.MULTILINE)
    return found.group(1) if found else ""


def commands_in_help(text):
    return set(re.findall(r"^  ([a-z]+) ", help_section(text, "Subcommands"), re.MULTILINE))


def options_in_help(text):
    starts = re.findall(r"^  (-.*?)(?:  |$)", help_section(text, "Options"), re.MULTILINE)
    # What an option excludes is listed after it.
    return {option for start in starts for option in OPTION.findall(start.split(" Excludes:")[0])}


def doc_sections(text):
    """Text by heading; before the first one, under ''."""
    parts = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2]))}


def options_in_tables(text):
    rows = re.findall(r"^\| (`-.*?) \| ", text, re.MULTILINE)
    return {option for row in rows for option in OPTION.findall(row)}


def compare(what, in_program, in_docs):
    for name in sorted(in_program - in_docs):
        fail(f"docs/command-line.md does not explain {name} of {what}")
    for name in sorted(in_docs - in_program):
        fail(f"docs/command-line.md explains {name} of {what}, which the program does not have")


def check_commands_and_options(caesura, text):
    sections = doc_sections(text)
    program_help = help_of(caesura)
    commands = commands_in_help(program_help)
    if not commands:
        sys.exit("caesura --help lists no commands: this test cannot read it")
    compare("caesura", commands, set(re.findall(r"^\| \[`([a-z]+)`\]", sections[""], re.MULTILINE)))
    compare("caesura", options_in_help(program_help), options_in_tables(sections[""]))
    by_command = {}
    for command in sorted(commands):
        by_command[command] = options_in_help(help_of(caesura, command))
        if command not in sections:
            fail(f"docs/command-line.md has no section for {command}")
            continue
        documented = options_in_tables(sections[command]) | {"--help"}
        if "(#scenario-options)" in sections[command]:
            documented |= options_in_tables(sections[SHARED])
        compare(f"caesura {command}", by_command[command], documented)
    return by_command | {"": options_in_help(program_help)}


def check_mentions(page, text, known):
    """Every option that a page mentions belongs to some command."""
    everything = set().union(*known.values())
    for span in re.findall(r"`([^`\n]+)`", text):
        for option in OPTION.findall(span):
            if option not in everything:
                fail(f"{page} mentions {option}, which the program does not have")


def example_arguments(line):
    """What a line of a page or of --help gives to the program; None if it does not run it."""
    words = shlex.split(line, comments=True)
    if words[:2] == ["./dev", "run"]:
        return ["run", *(words[2:] or ["scenarios/cancel_after_timeout.yaml"])]
    return words[1:] if words and words[0] in ("caesura", "build/release/caesura") else None


def cheap(arguments):
    """The same check of the same arguments, but for a run, which may be long: then what it would run."""
    if arguments[0] not in ("run", "verify", "sweep", "advise", "serve", "world"):
        return arguments
    kept, rest = ["validate"], iter(arguments[1:])
    for word in rest:
        if word in ("--policy", "--seed", "--requests", "--set"):
            kept += [word, next(rest)]
        elif word == "--vary":
            path, _, values = next(rest).partition("=")
            first = values.split(",")[0]  # a first value with commas of its own would be cut
            kept += ["--policy", first] if path == "policy" else ["--set", f"{path}={first}"]
        elif word in ("--threads", "--engine", "--time-scale", "--replications", "--out", "--minimise", "--maximise", "--hold",
                      "--listen", "--client-key", "--admin-key", "--key", "--name", "--clock", "--max-requests", "--max-runs", "--access-log"):
            next(rest)
        elif not word.startswith("--"):
            kept.append(word)
    return kept


def check_example(caesura, root, page, line, known):
    arguments = example_arguments(line)
    if arguments is None:
        return
    if arguments[0] not in known:
        return fail(f"{page}: there is no command {arguments[0]}: {line.strip()}")
    for word in arguments:
        if word.startswith("--") and word not in known[arguments[0]]:
            return fail(f"{page}: caesura {arguments[0]} has no option {word}: {line.strip()}")
    if arguments[0] in ("compare", "report"):
        return  # these need results that somebody has
    done = subprocess.run([caesura, *cheap(arguments)], cwd=root, capture_output=True, text=True, timeout=PATIENCE_S)
    if done.returncode != 0:
        fail(f"{page}: {line.strip()}\n    ends with status {done.returncode}: {done.stderr.strip()}")


def check_examples(caesura, root, page, text, known):
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            check_example(caesura, root, page, line, known)


def in_terminal(command, root):
    """What a command prints in a terminal, without colour, and what has stayed of it at the end."""
    ready, go = os.pipe()
    child, terminal = pty.fork()
    if child == 0:
        os.read(ready, 1)  # until the terminal has its size
        os.chdir(root)
        os.environ["NO_COLOR"] = "1"
        os.execv(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS_SHOWN, 0, 0))
    os.write(go, b"x")
    printed = b""
    while True:
        try:
            some = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not some:
            break
        printed += some
    os.waitpid(child, 0)
    os.close(terminal)
    text = PROGRESS.sub("", printed.decode()).replace("\r\n", "\n")
    return text.replace(HINT_TO_THE_SLOW, "")


def lasting(text):
    """Without what differs from run to run: the time it took, and where a line that tells of it is broken."""
    body, engine, tail = text.partition("\nEngine ")
    tail = re.sub(r" in \S+ \S+ \(\S+ requests/s\) on \S+ threads?;", " in … on … threads;", " ".join(tail.split()))
    return body.rstrip().splitlines() + ([engine.strip() + " " + tail] if engine else [])


def check_outputs(caesura, root, page, text):
    """Every block that claims to be an output is one."""
    shown = list(re.finditer(OUTPUT_OF.pattern + r"\n```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    if len(shown) != len(OUTPUT_OF.findall(text)):
        fail(f"{page}: an output is announced, and no block follows")
    for found in shown:
        command = shlex.split(found.group(1))
        printed = lasting(in_terminal([caesura, *command[1:]], root))
        differences = list(difflib.unified_diff(lasting(found.group(2)), printed, page, found.group(1), lineterm=""))
        if differences:
            fail(f"{page} does not show what {found.group(1)} prints in {COLUMNS_SHOWN} columns:\n    " + "\n    ".join(differences))
    return len(shown)


def rewrite_outputs(caesura, root, path):
    """Puts the program's present outputs into the blocks that show them."""

    def shown(found):
        printed = in_terminal([caesura, *shlex.split(found.group(2))[1:]], root)
        return found.group(1) + printed.rstrip("\n") + "\n```"

    text = path.read_text()
    path.write_text(re.sub(rf"({OUTPUT_OF.pattern}\n```[a-z]*\n).*?^```", shown, text, flags=re.MULTILINE | re.DOTALL))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--caesura", required=True, help="the program")
    parser.add_argument("--root", default=Path(__file__).resolve().parents[2], type=Path, help="the folder of README.md and docs/")
    parser.add_argument("--write", action="store_true", help="rewrite the outputs that the pages show")
    arguments = parser.parse_args()
    caesura = str(Path(arguments.caesura).resolve())
    root = arguments.root.resolve()
    pages = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    if arguments.write:
        for path in pages:
            rewrite_outputs(caesura, root, path)

    known = check_commands_and_options(caesura, (root / "docs" / "command-line.md").read_text())
    outputs = 0
    for path in pages:
        page, text = str(path.relative_to(root)), path.read_text()
        check_mentions(page, text, known)
        check_examples(caesura, root, page, text, known)
        outputs += check_outputs(caesura, root, page, text)
    if outputs == 0:
        fail("no page shows an output of the program")
    for line in help_section(help_of(caesura), "Examples").splitlines():
        check_example(caesura, root, "caesura --help", line, known)

    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
