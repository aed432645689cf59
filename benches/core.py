#!/usr/bin/env python3
"""What do claim, guard, sync and status cost beside what a user would do by hand?

Every pair runs in one session, in turn (A B A B ...), on one synthetic repository; what counts is
the ratio of the pairs' medians. Absolute times say more about the machine than about the programs.

    benches/core.py --bin DIR [--files N] [--rounds N] [--out DIR]

--bin is the directory of the release binaries, --out gets raw.csv and README.md. The repository is
made in TMPDIR; on a memory file system (TMPDIR=/dev/shm) the disk is no part of the answer.
"""

import argparse
import csv
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PER_DIRECTORY = 50
COMMITS = 20


class Bench:
    def __init__(self, options, root):
        self.options = options
        self.root = root
        self.repo = root / "repo"
        self.rows = []
        self.env = {
            "PATH": f"{options.bin}:{os.environ['PATH']}",
            "HOME": str(root),
            "TMPDIR": str(root),
            "TZ": "UTC",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.com",
        }

    def run(self, *argv, cwd=None, ok=(0,), stdin=None):
        """Runs a command that is not measured."""
        done = subprocess.run(
            argv, cwd=cwd or self.repo, env=self.env, input=stdin, capture_output=True, check=False
        )
        if done.returncode not in ok:
            sys.exit(f"{argv} ended with {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode()

    def measure(self, scenario, variant, round_, script, cwd=None, ok=(0,)):
        """Runs a shell line and notes its wall clock and its CPU, children included."""
        with open(os.devnull, "r+b") as null:
            begin = time.monotonic()
            child = subprocess.Popen(
                ["sh", "-c", script], cwd=cwd or self.repo, env=self.env,
                stdin=null, stdout=null, stderr=subprocess.PIPE,
            )
            message = child.stderr.read()
            _, status, usage = os.wait4(child.pid, 0)
            wall = time.monotonic() - begin
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in ok:
            sys.exit(f"{script} ended with {child.returncode}: {message.decode()}")
        cpu = usage.ru_utime + usage.ru_stime
        self.rows.append(
            {"scenario": scenario, "variant": variant, "round": round_,
             "wall_s": f"{wall:.6f}", "cpu_s": f"{cpu:.6f}"}
        )

    def build(self):
        """One commit with many small files, streamed into git so that it takes seconds."""
        self.run("git", "init", "-q", "-b", "main", str(self.repo), cwd=self.root)
        stream = [b"commit refs/heads/main\ncommitter Ada <ada@example.com> 1700000000 +0000\n",
                  b"data 5\nBegin\n"]
        for at in range(self.options.files):
            directory = at // PER_DIRECTORY
            path = f"d{directory % 40}/s{directory}/f{at}.txt"
            text = "".join(f"line {line} of file {at}\n" for line in range(8)).encode()
            stream.append(b"M 644 inline %s\ndata %d\n%s\n" % (path.encode(), len(text), text))
        self.run("git", "fast-import", "--quiet", stdin=b"".join(stream))
        self.run("git", "reset", "-q", "--hard")
        self.run("git-stream-init", "-q")

    def file(self, at):
        directory = at // PER_DIRECTORY
        return f"d{directory % 40}/s{directory}/f{at}.txt"

    def claims(self):
        """A branch and a worktree for somebody: nobody else is kept out by the one by hand."""
        for round_ in range(self.options.rounds):
            ours = f"git-stream-claim c{round_} --files 'c{round_}/**' --agent a{round_} -q"
            path = self.root / "by-hand" / f"h{round_}"
            hand = f"git worktree add -q -b h{round_} '{path}' main"
            self.measure("claim", "git stream", round_, ours)
            self.measure("claim", "by hand", round_, hand)
            self.run("git-stream-release", f"c{round_}", "--agent", f"a{round_}", "-q")
            self.run("git", "worktree", "remove", "--force", str(path))

    def guards(self):
        """Is what is staged inside its directory?"""
        self.run("git-stream-claim", "guarded", "--files", "d0/**", "--agent", "g", "-q")
        worktree = self.root / "repo.streams" / "guarded"
        (worktree / self.file(0)).write_text("changed\n")
        self.run("git", "add", "-u", cwd=worktree)
        ours = "git-stream-guard staged -q"
        hand = ("git diff --cached --name-only -z --no-renames | tr '\\0' '\\n' | "
                "while read -r f; do case $f in d0/*) ;; *) exit 1 ;; esac; done")
        for round_ in range(self.options.rounds * 4):
            self.measure("guard", "git stream", round_, ours, cwd=worktree)
            self.measure("guard", "by hand", round_, hand, cwd=worktree)
        self.run("git", "reset", "-q", "--hard", cwd=worktree)

    def syncs(self):
        """A stream of twenty commits onto a base that has moved by 150 files."""
        streams = {}
        for variant in ("ours", "hand"):
            name = f"sync-{variant}"
            files = f"d1/**" if variant == "ours" else "d2/**"
            self.run("git-stream-claim", name, "--files", files, "--agent", name, "-q")
            worktree = self.root / "repo.streams" / name
            streams[variant] = (name, worktree)
            first = PER_DIRECTORY * (1 if variant == "ours" else 2)
            for at in range(COMMITS):
                (worktree / self.file(first + at)).write_text(f"commit {at}\n")
                self.run("git", "commit", "-q", "-am", f"commit {at}", cwd=worktree)
        for round_ in range(self.options.rounds):
            for at in range(150):
                (self.repo / self.file(PER_DIRECTORY * 3 + at * 40)).write_text(f"{round_} {at}\n")
            self.run("git", "commit", "-q", "-am", f"base {round_}")
            name, worktree = streams["ours"]
            self.measure("sync", "git stream", round_, f"git-stream-sync {name} --agent {name} -q")
            _, worktree = streams["hand"]
            self.measure("sync", "by hand", round_, "git rebase -q main", cwd=worktree)
        self.run("git-stream-release", "sync-ours", "--agent", "sync-ours", "-q")
        self.run("git-stream-release", "sync-hand", "--agent", "sync-hand", "-q")

    def statuses(self):
        """Where does each of five worktrees stand, and is it dirty?"""
        for at in range(5):
            self.run("git-stream-claim", f"t{at}", "--files", f"t{at}/**", "--agent", "t", "-q")
        ours = "git-stream-status -q"
        hand = ("for w in ../repo.streams/t*; do git -C $w --no-optional-locks status --porcelain; "
                "git -C $w rev-list --left-right --count main...HEAD; done")
        for round_ in range(self.options.rounds):
            self.measure("status", "git stream", round_, ours)
            self.measure("status", "by hand", round_, hand)

    def report(self):
        out = Path(self.options.out)
        out.mkdir(parents=True, exist_ok=True)
        with open(out / "raw.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(self.rows[0]))
            writer.writeheader()
            writer.writerows(self.rows)
        lines = [
            "# claim, guard, sync and status beside doing it by hand", "",
            f"{self.options.files} files, {os.cpu_count()} cores, {platform.system()}, "
            f"{self.run('git', 'version').strip()}, "
            f"{self.run('git-stream', '--version').strip()}.",
            "", "Made by `benches/core.py`; every row of [raw.csv](raw.csv) is one run. What counts",
            "is the ratio of the medians, ours to the one by hand: below 1, ours costs less.", "",
            "| what | wall, ours / by hand | CPU, ours / by hand | rounds |",
            "|---|--:|--:|--:|",
        ]
        for scenario in dict.fromkeys(row["scenario"] for row in self.rows):
            cells = []
            for figure in ("wall_s", "cpu_s"):
                medians = {
                    variant: statistics.median(
                        float(row[figure]) for row in self.rows
                        if row["scenario"] == scenario and row["variant"] == variant)
                    for variant in ("git stream", "by hand")}
                cells.append(f"{medians['git stream'] / max(medians['by hand'], 1e-9):.2f}")
            rounds = sum(row["scenario"] == scenario for row in self.rows) // 2
            lines.append(f"| {scenario} | {cells[0]} | {cells[1]} | {rounds} |")
        text = "\n".join(lines) + "\n"
        (out / "README.md").write_text(text, encoding="utf-8")
        print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=lambda path: str(Path(path).resolve()))
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", default="docs/bench/core")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="git-stream-bench-"))
    try:
        bench = Bench(options, root)
        bench.build()
        for step in (bench.claims, bench.guards, bench.syncs, bench.statuses):
            step()
        bench.report()
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
