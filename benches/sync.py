#!/usr/bin/env python3
"""What does a sync cost beside `git rebase`, and its decision beside `git replay`?

One repository of many small files; streams of 1, 20, 50 and 100 commits, each in two worktrees that
hold the same: one is moved by `git stream sync`, the other by `git rebase`. A commit of a stream
changes one file and adds another; every fifth changes a file that the base changes as well, in
another place. Before each pair the base moves by so many files, in ten commits. Every other pair is
the other way round. What counts is CPU, user and system, with all that a command has started; each
figure is the median of the pairs' ratios. Instructions, where valgrind can follow, are counted once.

    benches/sync.py --bin DIR [--files N] [--rounds N] [--commits N,N] [--moved N,N] [--out DIR]

--bin is the directory of the release binaries, --out gets raw.csv and README.md. The repository is
made in TMPDIR; on a memory file system (TMPDIR=/dev/shm) the disk is no part of the answer.
"""

import argparse
import csv
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PER_DIRECTORY = 50
TOPS = 40
BASE_COMMITS = 10
REBASE = "git -c merge.directoryRenames=false rebase -q main"
# What is aimed at: ours to theirs, at most, from so many commits on.
GOALS = {"sync / rebase": [(1, 1.0), (50, 1 / 15)], "dry run / replay": [(1, 3.0)]}


def path(at):
    directory = at // PER_DIRECTORY
    return f"d{directory % TOPS}/s{directory}/f{at}.txt"


def text(at, first="", last=""):
    lines = [f"line {line} of file {at}" for line in range(8)]
    return "\n".join([first or lines[0], *lines[1:-1], last or lines[-1]]) + "\n"


class Bench:
    def __init__(self, options, root):
        self.options = options
        self.root = root
        self.repo = root / "repo"
        self.moves = 0
        self.rows = []
        # Each stream has two directories: what it changes alone, and what the base changes, too.
        self.tops = {number: (f"d{2 * at}/", f"d{2 * at + 1}/")
                     for at, number in enumerate(options.commits)}
        self.own = {number: self.below(tops[0]) for number, tops in self.tops.items()}
        self.both = {number: self.below(tops[1]) for number, tops in self.tops.items()}
        taken = {at for files in (*self.own.values(), *self.both.values()) for at in files}
        self.others = [at for at in range(options.files) if at not in taken]
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

    def below(self, top):
        return [at for at in range(self.options.files) if path(at).startswith(top)]

    def run(self, *argv, stdin=None, cwd=None):
        """Runs a command that is not measured; returns its stdout."""
        done = subprocess.run(
            argv, cwd=cwd or self.repo, env=self.env, input=stdin, capture_output=True, check=False
        )
        if done.returncode != 0:
            sys.exit(f"{argv} ended with {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode()

    def commit(self, branch, message, files, parent):
        """One commit, in the words of `git fast-import`."""
        words = [f"commit refs/heads/{branch}\n"
                 f"committer Ada <ada@example.com> {1_700_000_000 + self.moves} +0000\n"
                 f"data {len(message)}\n{message}\n{parent}"]
        for name, content in files.items():
            words.append(f"M 644 inline {name}\ndata {len(content)}\n{content}\n")
        return "".join(words)

    def load(self, words):
        self.run("git", "fast-import", "--quiet", "--force", stdin="".join(words).encode())

    def build(self):
        """The first commit, and for each number of commits a stream in two worktrees."""
        self.run("git", "init", "-q", "-b", "main", str(self.repo), cwd=self.root)
        for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com"),
                           ("gc.auto", "0"), ("maintenance.auto", "false")):
            self.run("git", "config", key, value)
        files = {path(at): text(at) for at in range(self.options.files)}
        self.load([self.commit("main", "Begin", files, "")])
        self.run("git-stream-init", "-q")
        for number in self.options.commits:
            parent = "from refs/heads/main^0\n"
            words = []
            for at in range(number):
                changed = (self.both if at % 5 == 4 else self.own)[number][at]
                files = {path(changed): text(changed, last=f"changed by commit {at}"),
                         f"{self.tops[number][0]}new/n{at}.txt": f"new {at}\n"}
                words.append(self.commit(f"work{number}", f"commit {at}", files, parent))
                parent = ""
            self.load(words)
            hand = self.root / f"hand{number}"
            self.run("git", "worktree", "add", "-q", "-b", f"hand{number}", str(hand),
                     f"work{number}")
            patterns = [word for top in self.tops[number] for word in ("--files", f"{top}**")]
            self.run("git-stream-claim", f"s{number}", *patterns, "--agent", "a", "-q")
        self.run("git", "pack-refs", "--all")

    def worktree(self, number):
        return self.root / "repo.streams" / f"s{number}"

    def begin(self, number):
        """Stream and branch hold the same commits, on the same base."""
        ours, hand = self.worktree(number), self.root / f"hand{number}"
        tip = self.run("git", "rev-parse", f"work{number}").strip()
        for top in (ours, hand):
            self.run("git", "-c", "core.hooksPath=/dev/null", "reset", "-q", "--hard", tip, cwd=top)

    def move(self, moved, number):
        """The base changes so many files, and among them those that the stream changes, too."""
        self.moves += 1
        changed = [*self.both[number][:100], *self.others][:moved]
        words, parent = [], "from refs/heads/main^0\n"
        size = -(-len(changed) // BASE_COMMITS)
        for at in range(0, len(changed), size):
            files = {path(one): text(one, first=f"moved {self.moves}")
                     for one in changed[at:at + size]}
            words.append(self.commit("main", f"base {self.moves} {at}", files, parent))
            parent = ""
        self.load(words)

    def measure(self, cell, variant, round_, argv, cwd):
        """Runs a command and notes its CPU, children included; or counts its instructions."""
        counts = self.root / "counts"
        if round_ == "instructions":
            counts.mkdir()
            argv = ["valgrind", "--tool=callgrind", "--trace-children=yes",
                    f"--callgrind-out-file={counts}/%p", *argv]
        with open(os.devnull, "r+b") as null:
            child = subprocess.Popen(argv, cwd=cwd, env=self.env, stdin=null, stdout=null,
                                     stderr=subprocess.PIPE)
            message = child.stderr.read()
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"{argv} ended with {child.returncode}: {message.decode()}")
        value = f"{usage.ru_utime + usage.ru_stime:.6f}"
        if round_ == "instructions":
            totals = [re.search(r"^(?:summary|totals): (\d+)", file.read_text(), re.M)
                      for file in counts.iterdir()]
            value = str(sum(int(total.group(1)) for total in totals if total))
            shutil.rmtree(counts)
        self.rows.append({"moved": cell[0], "commits": cell[1], "variant": variant,
                          "round": round_, "cpu_s_or_instructions": value})

    def round(self, cell, round_):
        moved, number = cell
        old = self.run("git", "merge-base", "main", f"hand{number}").strip()
        self.move(moved, number)
        ours, hand = self.worktree(number), self.root / f"hand{number}"
        sync = ["git-stream-sync", "--agent", "a", "-q"]
        pairs = [
            ("dry run", [*sync, "--dry-run"], ours),
            ("replay", ["git", "replay", "--onto", "main", f"{old}..hand{number}"], hand),
            ("sync", sync, ours),
            ("rebase", REBASE.split(), hand),
        ]
        if isinstance(round_, int) and round_ % 2:
            pairs = [pairs[1], pairs[0], pairs[3], pairs[2]]
        for variant, argv, cwd in pairs:
            self.measure(cell, variant, round_, argv, cwd)
        trees = [self.run("git", "rev-parse", "HEAD^{tree}", cwd=top) for top in (ours, hand)]
        if trees[0] != trees[1]:
            sys.exit(f"{cell}: the two do not end alike")

    def go(self):
        self.build()
        for number in self.options.commits:
            self.begin(number)
            # The indexes, as they are after any git command of a user.
            for top in (self.worktree(number), self.root / f"hand{number}"):
                self.run("git", "status", "--porcelain", cwd=top)
            for moved in self.options.moved:
                cell = (moved, number)
                for round_ in range(-1, self.options.rounds):
                    self.round(cell, round_)
                # The first round warms up.
                self.rows = [row for row in self.rows if row["round"] != -1]
                if shutil.which("valgrind") and number <= self.options.counted:
                    self.round(cell, "instructions")

    def ratio(self, cell, ours, theirs, counted):
        values = {}
        for row in self.rows:
            is_counted = row["round"] == "instructions"
            if (row["moved"], row["commits"]) == cell and is_counted == counted:
                values[(row["variant"], row["round"])] = float(row["cpu_s_or_instructions"])
        rounds = [round_ for variant, round_ in values if variant == ours]
        ratios = [values[(ours, one)] / max(values[(theirs, one)], 1e-4) for one in rounds]
        return statistics.median(ratios) if ratios else None

    def report(self):
        out = Path(self.options.out)
        out.mkdir(parents=True, exist_ok=True)
        with open(out / "raw.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(self.rows[0]))
            writer.writeheader()
            writer.writerows(self.rows)
        head = [
            "# A sync beside `git rebase`", "",
            f"{self.options.files:,} files, {os.cpu_count()} cores, {platform.system()}, "
            f"{self.options.rounds} rounds;", f"{self.run('git', 'version').strip()}, "
            f"{self.run('git-stream', '--version').strip()}.", "",
            "Made by `benches/sync.py`; every row of [raw.csv](raw.csv) is one command. CPU is user",
            "and system time of a command and of everything that it starts. Each figure is the",
            "median, over the pairs, of ours divided by theirs: below 1, ours costs less.",
            "Instructions are callgrind's, of user space, counted once for up to "
            f"{self.options.counted} commits.", "",
            "| base moved by | commits | sync / rebase | instructions | dry run / replay "
            "| instructions |",
            "|--:|--:|--:|--:|--:|--:|",
        ]
        lines, met = [], []
        for moved in self.options.moved:
            for number in self.options.commits:
                cells = [f"{moved:,} files", str(number)]
                for ours, theirs in (("sync", "rebase"), ("dry run", "replay")):
                    for counted in (False, True):
                        value = self.ratio((moved, number), ours, theirs, counted)
                        cells.append("" if value is None else f"{value:.3f}")
                    met.extend(self.judged(f"{ours} / {theirs}", moved, number,
                                           float(cells[-2])))
                lines.append("| " + " | ".join(cells) + " |")
        page = "\n".join([*head, *lines, "", "What was aimed at:", "", *met]) + "\n"
        (out / "README.md").write_text(page, encoding="utf-8")
        print(page)

    def judged(self, what, moved, number, value):
        goals = [goal for least, goal in GOALS[what] if number >= least]
        if not goals or (number not in (1, 50, 100) and what.startswith("sync")):
            return []
        mark = "" if value <= goals[-1] else "**not met** "
        return [f"- {mark}{what}, {moved:,} files, {number} commits: {value:.3f}, "
                f"at most {goals[-1]:.3f}"]


def numbers(text_):
    return [int(word) for word in text_.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=lambda one: str(Path(one).resolve()))
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--commits", type=numbers, default=[1, 20, 50, 100])
    parser.add_argument("--moved", type=numbers, default=[150, 3_000])
    parser.add_argument("--counted", type=int, default=50,
                        help="instructions are counted up to so many commits")
    parser.add_argument("--out", default="docs/bench/sync")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="git-stream-bench-"))
    try:
        bench = Bench(options, root)
        bench.go()
        bench.report()
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
