"""Finds code written twice: equal runs of lines, whatever white space and comments stand between them.

`python -m tests.architecture.duplicates` lists the pairs and exits 1 when there are any.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("console", "services", "jobs", "tests", "benchmarks")
SHORTEST = 10
_SKIPPED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


@dataclass(frozen=True)
class Pair:
    """Two places that hold the same `lines` lines of code."""

    first: str
    second: str
    lines: int


def code_lines(source: str) -> list[tuple[int, str]]:
    """(line number, tokens joined) of each line that says something: no imports, fields, comments, lone brackets."""
    silent = _silent_lines(source)
    lines: dict[int, list[str]] = defaultdict(list)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _SKIPPED:
            lines[token.start[0]].append(token.string)
    return [
        (number, " ".join(tokens))
        for number, tokens in sorted(lines.items())
        if number not in silent and any(token.isidentifier() for token in tokens)
    ]


def _silent_lines(source: str) -> set[int]:
    """Lines of imports and of bare field declarations: they are written again wherever they are needed."""
    nodes = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom) or (isinstance(node, ast.AnnAssign) and node.value is None)
    ]
    return {number for node in nodes for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def find(files: dict[str, str], shortest: int = SHORTEST) -> list[Pair]:
    """The pairs of equal runs of at least `shortest` lines in `files` (name to source)."""
    seen: dict[tuple[str, ...], tuple[str, int]] = {}
    pairs: list[Pair] = []
    for name, source in files.items():
        lines = code_lines(source)
        last = -shortest
        for start in range(len(lines) - shortest + 1):
            run = tuple(text for _, text in lines[start : start + shortest])
            place = (name, lines[start][0])
            other = seen.setdefault(run, place)
            if other != place and start >= last + shortest:
                pairs.append(Pair(f"{other[0]}:{other[1]}", f"{name}:{lines[start][0]}", shortest))
                last = start
    return pairs


def main() -> int:
    files = {
        str(path.relative_to(ROOT)): path.read_text()
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
    }
    pairs = find(files)
    for pair in pairs:
        print(f"{pair.first} and {pair.second} share {pair.lines} lines: make one piece of code serve both")  # noqa: T201
    return 1 if pairs else 0


if __name__ == "__main__":
    sys.exit(main())
