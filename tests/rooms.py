"""The folder rule of README.md ("The sources"), read off the #include lines.

A folder includes only from its left; files (a header and its source are one) know each other in no circle; a library is
included only where it has its place; a test stands in the folder of the rightmost thing that it includes, or further right.
`broken_rules` says how a tree breaks that, an edge a line.
"""

import collections
import re
from pathlib import Path

# Those in one row know nothing of each other. The names of the rule stand here before their folders do.
ROWS = [
    ["sim"],
    ["model"],
    ["actors"],
    ["mocks"],
    ["engines"],
    ["scenarios/format"],
    ["scenarios/results"],
    ["scenarios/run"],
    ["scenarios/study"],
    ["scenarios/report"],
    ["scenarios/page"],
    ["doors/http"],
    ["doors/live"],
    ["doors/control"],
    ["doors/muxi", "doors/world"],
    ["doors/openai", "doors/anthropic", "doors/gemini", "doors/mcp", "doors/a2a"],
    ["exam"],
    ["app"],
]
ROW_OF = {folder: row for row, folders in enumerate(ROWS) for folder in folders}
# What a folder to its right may not know all the same, because it stands apart.
APART = {("doors/live", "doors/http"), *((wire, "doors/muxi") for wire in ROWS[15])}
# HTTP knows nothing of ours at all.
KNOWS_NONE = {"doors/http"}
# By how its headers begin: where a library may be included.
LIBRARIES = {
    "caf/": ["engines"],
    "yaml-cpp/": ["scenarios/format"],
    "CLI/": ["app"],
    "boost/asio": ["doors/http", "doors/muxi", "doors/control", "doors/world", "exam", "app"],
    "boost/beast": ["doors/http", "doors/control", "doors/muxi", "doors/world", "exam"],
}
SYSTEM_INCLUDE = re.compile(r"^\s*#\s*include\s*<([^>]+)>", re.MULTILINE)
OWN_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def sources(root):
    """Every header and source of a folder of the rule, and of folders that would need a place in it; in a fixed order."""
    found = []
    for top in ("sim", "model", "actors", "mocks", "engines", "scenarios", "doors", "exam", "app"):
        found += [path for path in sorted((root / top).rglob("*")) if path.suffix in (".hpp", ".cpp")]
    return [path.relative_to(root) for path in found]


def misplaced_tests(root):
    """A line for each test that includes something to the right of the folder whose tests it stands among."""
    broken = []
    for path in sorted((root / "tests").rglob("*.[ch]pp")):
        folder = path.relative_to(root / "tests").parent.as_posix()
        if folder not in ROW_OF:  # what tests of several folders share
            continue
        for header in OWN_INCLUDE.findall(path.read_text(encoding="utf-8")):
            other = Path(header).parent.as_posix()
            if other in ROW_OF and not may_know(folder, other):
                broken.append(f"{path.relative_to(root)} includes {header}: a test of {folder} may not know {other}")
    return broken


def circles(graph):
    """The strongly connected parts of more than one node, each sorted (Tarjan, without recursion)."""
    index, low, stack, found = {}, {}, [], []
    for start in sorted(graph):
        if start in index:
            continue
        work = [(start, iter(sorted(graph[start])))]
        index[start] = low[start] = len(index)
        stack.append(start)
        while work:
            node, others = work[-1]
            for other in others:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    work.append((other, iter(sorted(graph.get(other, ())))))
                    break
                if other in stack:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    members = stack[stack.index(node):]
                    del stack[stack.index(node):]
                    if len(members) > 1:
                        found.append(sorted(members))
    return found


def may_know(folder, other):
    if folder == other:
        return True
    if folder in KNOWS_NONE or (folder, other) in APART:
        return False
    return ROW_OF[other] < ROW_OF[folder]


def broken_rules(root):
    """A line for each broken rule; none if all is well. A file that the rule has no room for is one."""
    root = Path(root)
    broken = []
    by_file, by_folder = collections.defaultdict(set), collections.defaultdict(set)
    for path in sources(root):
        folder = path.parent.as_posix()
        if folder not in ROW_OF:
            broken.append(f"{path}: its folder has no place in the rule")
            continue
        text = (root / path).read_text(encoding="utf-8")
        for header in SYSTEM_INCLUDE.findall(text):
            for library, homes in LIBRARIES.items():
                if header.startswith(library) and folder not in homes:
                    broken.append(f"{path} includes <{header}>, which is for {', '.join(homes)}")
        for header in OWN_INCLUDE.findall(text):
            other = Path(header).parent.as_posix()
            unit, known = path.with_suffix("").as_posix(), Path(header).with_suffix("").as_posix()
            if other not in ROW_OF:
                broken.append(f"{path} includes {header}, which has no place in the rule")
            elif not may_know(folder, other):
                broken.append(f"{path} includes {header}: {folder} may not know {other}")
            elif unit != known:
                by_file[unit].add(known)
                if folder != other:
                    by_folder[folder].add(other)
    broken += misplaced_tests(root)
    broken += ["a circle of folders: " + " ".join(members) for members in circles(by_folder)]
    broken += ["a circle of files: " + " ".join(members) for members in circles(by_file)]
    return broken
