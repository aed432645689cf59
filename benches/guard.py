#!/usr/bin/env python3
"""What does the guard's look at the index cost beside git's own `git diff --cached`?

For synthetic repositories of several sizes, with one file and with a hundred staged, counts the
instructions of both programs under valgrind's callgrind (exact, the same on every run but for a
few thousandths) and, in turn (A B A B ...), their CPU time.

    benches/guard.py --bin DIR [--files N,N,N] [--rounds N] [--out DIR]

--bin is the directory of the release binaries, --out gets raw.csv and README.md. Two moments are
measured: after `git add`, when the index no longer knows the trees of the directories that were
touched, and inside a pre-commit hook, for which `git commit` has just worked them out.
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
STAGED = (1, 100)
GIT = ("git", "diff", "--cached", "--name-only", "-z", "--no-renames")
GUARD = ("git-stream-guard", "staged", "--files", "**", "-q")
# The most that is allowed: (files, staged) to instructions of the guard / instructions of git.
TARGETS = {(100_000, 1): 0.4, (500_000, 1): 0.3}
TARGET_OF_MANY = 0.6


def path(at):
    directory = at // PER_DIRECTORY
    return f"d{directory % TOPS}/s{directory}/f{at}.txt"


class Bench:
    def __init__(self, options, root, files):
        self.options = options
        self.root = root
        self.files = files
        self.repo = root / f"repo-{files}"
        self.rows = []
        self.env = {
            "PATH": f"{options.bin}:{os.environ['PATH']}",
            "HOME": str(root),
            "TZ": "UTC",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.com",
        }

    def run(self, *argv, stdin=None, cwd=None):
        """Runs a command that is not measured; returns its stdout and stderr."""
        done = subprocess.run(
            argv, cwd=cwd or self.repo, env=self.env, input=stdin, capture_output=True, check=False
        )
        if done.returncode != 0:
            sys.exit(f"{argv} ended with {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode(), done.stderr.decode()

    def build(self):
        """One commit of many files, no two alike, in one pack; nothing is checked out."""
        self.run("git", "init", "-q", "-b", "main", str(self.repo), cwd=self.root)
        stream = [b"commit refs/heads/main\n",
                  b"committer Ada <ada@example.com> 1700000000 +0000\ndata 5\nBegin\n"]
        for at in range(self.files):
            text = b"%d\n" % at
            stream.append(b"M 644 inline %s\ndata %d\n%s\n" % (path(at).encode(), len(text), text))
        self.run("git", "fast-import", "--quiet", stdin=b"".join(stream))
        self.run("git", "read-tree", "HEAD")
        for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com")):
            self.run("git", "config", key, value)
        self.run("git-stream-init", "-q")

    def stage(self, staged, moment):
        """Changes files in as many directories as can be, and leaves the cache-tree as git does."""
        self.run("git", "read-tree", "HEAD")
        blob, _ = self.run("git", "hash-object", "-w", "--stdin", stdin=b"changed\n")
        step = self.files // staged
        lines = (f"100644 {blob.strip()}\t{path(at * step)}\n" for at in range(staged))
        self.run("git", "update-index", "--index-info", stdin="".join(lines).encode())
        if moment == "pre-commit":
            self.run("git", "write-tree")

    def instructions(self, argv):
        _, said = self.run("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *argv)
        return int(re.search(r"Collected : (\d+)", said)[1])

    def cpu(self, argv):
        def used():
            usage = resource.getrusage(resource.RUSAGE_CHILDREN)
            return usage.ru_utime + usage.ru_stime
        before = used()
        self.run(*argv)
        return used() - before

    def measure(self, staged, moment):
        self.stage(staged, moment)
        for round_ in range(self.options.rounds):
            for program, argv in (("git", GIT), ("guard", GUARD)):
                row = {"files": self.files, "staged": staged, "moment": moment,
                       "program": program, "round": round_}
                # The first rounds count instructions; two are enough to see that they agree.
                row["instructions"] = self.instructions(argv) if round_ < 2 else ""
                row["cpu_s"] = f"{self.cpu(argv):.6f}"
                self.rows.append(row)


def median(rows, program, figure):
    return statistics.median(
        float(row[figure]) for row in rows if row["program"] == program and row[figure] != "")


def table(rows):
    """One line for each case, and whether every target is met."""
    lines = ["| files | staged | moment | git, M instr | guard, M instr | ratio | at most | CPU ratio |",
             "|--:|--:|---|--:|--:|--:|--:|--:|"]
    met = True
    cases = dict.fromkeys((row["files"], row["staged"], row["moment"]) for row in rows)
    for files, staged, moment in cases:
        here = [row for row in rows
                if (row["files"], row["staged"], row["moment"]) == (files, staged, moment)]
        git, guard = (median(here, program, "instructions") for program in ("git", "guard"))
        cpu = median(here, "guard", "cpu_s") / max(median(here, "git", "cpu_s"), 1e-9)
        target = TARGETS.get((files, staged), TARGET_OF_MANY if staged > 1 else None)
        ratio = guard / git
        within = target is None or ratio <= target
        met = met and within
        shown = f"{ratio:.2f}" if within else f"**{ratio:.2f}**"
        lines.append(f"| {files:,} | {staged} | {moment} | {git / 1e6:.2f} | {guard / 1e6:.2f} | "
                     f"{shown} | {target or ''} | {cpu:.2f} |")
    return lines, met


def report(options, rows, versions):
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "raw.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    cases, met = table(rows)
    lines = [
        "# The guard's look at the index beside `git diff --cached`", "",
        f"{os.cpu_count()} cores, {platform.system()}, {versions}.", "",
        "Made by `benches/guard.py`; every row of [raw.csv](raw.csv) is one run. Both programs are",
        f"whole processes: `{' '.join(GIT)}` and", f"`{' '.join(GUARD)}`. *added*: after",
        "`git add`; *pre-commit*: when `git commit` has worked out the trees, as inside the hook.",
        "Instructions are callgrind's, of user space; CPU is user and system time, whose ratio says",
        "less the smaller the repository is.", "", *cases, "",
    ]
    if not met:
        lines += [
            "Bold is more than was aimed at. Both programs read the trees of the directories in",
            "which something is staged, and unpacking them is most of what is left of the guard's",
            "cost where those are a large part of all directories; it cannot be passed over.", "",
            "As a hook, the guard hashes those directories, too, so that the later hooks of the commit",
            "need not judge it again.", "",
        ]
    text = "\n".join(lines)
    (out / "README.md").write_text(text, encoding="utf-8")
    print(text)
    return met


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=lambda path: str(Path(path).resolve()))
    parser.add_argument("--files", default="10000,100000,500000")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", default="docs/bench/guard")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="git-stream-bench-"))
    rows, versions = [], ""
    try:
        for files in map(int, options.files.split(",")):
            bench = Bench(options, root, files)
            bench.build()
            for staged in STAGED:
                for moment in ("added", "pre-commit"):
                    bench.measure(staged, moment)
            rows += bench.rows
            git, ours = bench.run("git", "version")[0], bench.run("git-stream", "--version")[0]
            versions = f"{git.strip()}, {ours.strip()}"
            shutil.rmtree(bench.repo)
        return 0 if report(options, rows, versions) else 1
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
