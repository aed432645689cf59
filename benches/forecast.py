#!/usr/bin/env python3
"""What does `git stream status --forecast` cost, counted in calls of `git merge-tree`?

A repository of many files, a base that has moved, and many streams, each with commits and with
files that are not committed. In turn (A B C A B C ...), the CPU time of

    status      git stream status
    forecast    git stream status --forecast
    merge-tree  one `git merge-tree --write-tree` of two of the streams, the mean of many

is taken. What the forecast costs besides the status (every look at a worktree is the status's) is
divided by that of one merge; comparing all pairs one after the other would be a merge for each.
Instructions of all processes are counted once under valgrind's callgrind, and divided likewise,
unless it is run with --no-counted.

    benches/forecast.py --bin DIR [--files N] [--streams N] [--rounds N] [--no-counted] [--out DIR]

--bin is the directory of the release binaries, --out gets raw.csv and README.md.
"""

import argparse
import csv
import os
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PER_DIRECTORY = 50
TOPS = 40
BASE_MOVES = 150
COMMITTED = 20
UNCOMMITTED = 3
SHARED = "shared.txt"
# How many of the streams change the shared file: nobody, one in five, everybody.
SCENARIOS = (("disjoint", 0), ("some share", 5), ("all share", 1))
MERGES = 40


def path(at):
    directory = at // PER_DIRECTORY
    return f"d{directory % TOPS}/s{directory}/f{at}.txt"


def shared(changed=None):
    lines = [f"line {at}" for at in range(200)]
    if changed is not None:
        lines[changed] = f"changed {changed}"
    return "\n".join(lines) + "\n"


class Bench:
    def __init__(self, options, root):
        self.options = options
        self.root = root
        self.repo = root / "repo"
        self.rows = []
        self.env = {
            "PATH": f"{options.bin}:{os.environ['PATH']}",
            "HOME": str(root),
            "TZ": "UTC",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_STREAM_AGENT": "a1",
            **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
               for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.com"))},
        }

    def run(self, *argv, stdin=None, cwd=None, env=None):
        """Runs a command that is not measured; returns its stdout and stderr."""
        done = subprocess.run(argv, cwd=cwd or self.repo, env=env or self.env, input=stdin,
                              capture_output=True, check=False)
        if done.returncode not in (0, 1) or (done.returncode == 1 and argv[1] != "merge-tree"):
            sys.exit(f"{argv} ended with {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode(), done.stderr.decode()

    def tops(self):
        return [self.root / "repo.streams" / f"s{n:02}" for n in range(self.options.streams)]

    def own(self, stream, nth):
        """A file of a stream: the streams divide the first directories among themselves."""
        return path((stream * 4 + nth % 4) * PER_DIRECTORY + nth // 4)

    def build(self):
        """The streams are taken while there is little; the files follow, checked out sparsely."""
        self.run("git", "init", "-q", "-b", "main", str(self.repo), cwd=self.root)
        (self.repo / "README.md").write_text("# Many files\n", encoding="utf-8")
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", "Begin")
        self.run("git-stream-init", "-q")
        for n in range(self.options.streams):
            self.run("git-stream-claim", f"s{n:02}", "--files", f"own{n}/**", "-q")
        stream = [b"commit refs/heads/main\n",
                  b"committer Ada <ada@example.com> 1700000000 +0000\ndata 5\nFiles\n",
                  b"from refs/heads/main^0\n"]
        for at in range(self.options.files):
            text = f"{at}\n" + "a line\n" * 20
            stream.append(f"M 644 inline {path(at)}\ndata {len(text)}\n{text}\n".encode())
        stream.append(f"M 644 inline {SHARED}\ndata {len(shared())}\n{shared()}\n".encode())
        self.run("git", "fast-import", "--quiet", stdin=b"".join(stream))
        self.start = self.run("git", "rev-parse", "main")[0].strip()
        self.run("git", "sparse-checkout", "set", "--no-cone", "README.md")
        self.run("git", "reset", "-q", "--hard")
        # The new base is heard of, before streams have it: otherwise it looks like unlanded work.
        self.run("git-stream-claim", "last", "--files", "last/**", "-q")
        self.run("git-stream-release", "last", "-q")

    def scene(self, every):
        """Every stream begins again; every so many of them change the shared file."""
        plain = ("-c", "core.hooksPath=/dev/null")
        self.run("git", "reset", "-q", "--hard", self.start)
        for n, top in enumerate(self.tops()):
            mine = [self.own(n, nth) for nth in range(COMMITTED + UNCOMMITTED)]
            self.run("git", "sparse-checkout", "set", "--no-cone", SHARED, *mine, cwd=top)
            self.run("git", *plain, "reset", "-q", "--hard", self.start, cwd=top)
            for at, name in enumerate(mine[:COMMITTED]):
                with open(top / name, "a", encoding="utf-8") as file:
                    file.write(f"by {n}\n")
                if at % 4 == 3:
                    self.run("git", *plain, "commit", "-q", "-a", "-m", f"Work {at}", cwd=top)
            for name in mine[COMMITTED:]:
                with open(top / name, "a", encoding="utf-8") as file:
                    file.write(f"not committed by {n}\n")
            if every and n % every == 0:
                (top / SHARED).write_text(shared(n * 2), encoding="utf-8")
        moved = [b"commit refs/heads/main\n",
                 b"committer Ada <ada@example.com> 1700000001 +0000\ndata 5\nMoved\n",
                 b"from refs/heads/main^0\n"]
        for at in range(BASE_MOVES):
            text = f"moved {at}\n"
            name = path(self.options.files - 1 - at * 7)
            moved.append(f"M 644 inline {name}\ndata {len(text)}\n{text}\n".encode())
        self.run("git", "fast-import", "--quiet", stdin=b"".join(moved))
        self.run("git", "reset", "-q", "--hard")
        # As in a repository that is looked after.
        self.run("git", "repack", "-a", "-d", "-q")

    def pairs(self):
        """Pairs of streams, spread over all of them."""
        count = self.options.streams
        return [(f"stream/s{n % count:02}", f"stream/s{(n * 7 + 3) % count:02}")
                for n in range(MERGES)]

    def cpu(self, argvs):
        def used():
            usage = resource.getrusage(resource.RUSAGE_CHILDREN)
            return usage.ru_utime + usage.ru_stime
        before = used()
        for argv in argvs:
            self.run(*argv)
        return used() - before

    def instructions(self, argv):
        """Of the command and of all that it starts."""
        log = self.root / "callgrind"
        shutil.rmtree(log, ignore_errors=True)
        log.mkdir()
        self.run("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                 "--trace-children=yes", f"--log-file={log}/%p", *argv)
        texts = (file.read_text(encoding="utf-8") for file in log.iterdir())
        return sum(int(found[1]) for text in texts
                   if (found := re.search(r"Collected : (\d+)", text)))

    def measure(self, scenario, every):
        self.scene(every)
        commands = (
            ("status", [("git-stream-status", "--json")]),
            ("forecast", [("git-stream-status", "--forecast", "--json")]),
            ("merge-tree", [("git", "merge-tree", "--write-tree", a, b) for a, b in self.pairs()]),
        )
        answer, _ = self.run(*commands[1][1][0])
        merges = re.search(r'"merges":(\d+)', answer)[1]
        for round_ in range(self.options.rounds):
            for what, argvs in commands:
                row = {"scenario": scenario, "what": what, "round": round_, "merges": merges,
                       "calls": len(argvs), "cpu_s": f"{self.cpu(argvs):.6f}", "instructions": ""}
                if round_ == 0 and self.options.counted:
                    some = argvs[:5]
                    counted = sum(self.instructions(argv) for argv in some)
                    row["instructions"] = counted * len(argvs) // len(some)
                self.rows.append(row)


def median(rows, what, figure):
    """Of one call; nothing where it was not taken."""
    values = [float(row[figure]) / row["calls"] for row in rows
              if row["what"] == what and row[figure] != ""]
    return statistics.median(values) if values else None


def report(options, rows, versions):
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "raw.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    pairs = options.streams * (options.streams - 1) // 2
    lines = [
        "# What a forecast costs", "",
        f"{options.streams} streams ({pairs:,} pairs) in a repository of {options.files:,} files;",
        f"{os.cpu_count()} cores, {platform.system()}, {versions}.", "",
        "Made by `benches/forecast.py`; every row of [raw.csv](raw.csv) is one run, all in turn.",
        f"Each stream has {COMMITTED // 4} commits in {COMMITTED} files and {UNCOMMITTED} files",
        f"that are not committed; the base has moved by {BASE_MOVES} files. *asked* is the number of",
        "merges that git was asked for. *besides status* is what `status --forecast` costs more than",
        "`status`, which looks into every worktree as well; both are divided by the cost of one",
        "`git merge-tree --write-tree` of two streams: so many calls could have been made instead.",
        "The worktrees are checked out sparsely; in full ones `status` itself takes longer, and the",
        "forecast does not.", "",
        "| streams that change one shared file | asked | besides status, in calls (CPU) "
        "| (instructions) | all of it, in calls (CPU) | one call, ms CPU |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for scenario in dict.fromkeys(row["scenario"] for row in rows):
        here = [row for row in rows if row["scenario"] == scenario]
        costs = {}
        for figure in ("cpu_s", "instructions"):
            status, forecast, merge = (median(here, what, figure)
                                       for what in ("status", "forecast", "merge-tree"))
            if merge is not None:
                costs[figure] = ((forecast - status) / merge, forecast / merge, merge)
        counted = f"{costs['instructions'][0]:.1f}" if "instructions" in costs else ""
        lines.append(
            f"| {scenario} | {here[0]['merges']} | {costs['cpu_s'][0]:.1f} "
            f"| {counted} | {costs['cpu_s'][1]:.1f} "
            f"| {costs['cpu_s'][2] * 1000:.1f} |")
    text = "\n".join([*lines, ""])
    (out / "README.md").write_text(text, encoding="utf-8")
    print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=lambda path: str(Path(path).resolve()))
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--counted", action=argparse.BooleanOptionalAction, default=True,
                        help="whether instructions are counted as well, which takes long")
    parser.add_argument("--out", default="docs/bench/forecast")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="git-stream-bench-"))
    try:
        bench = Bench(options, root)
        bench.build()
        for scenario, every in SCENARIOS:
            bench.measure(scenario, every)
        git, ours = bench.run("git", "version")[0], bench.run("git-stream", "--version")[0]
        report(options, bench.rows, f"{git.strip()}, {ours.strip()}")
        return 0
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
