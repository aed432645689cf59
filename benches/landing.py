#!/usr/bin/env python3
"""What does a landing cost beside syncing and pushing by hand?

    benches/landing.py --bin DIR [--files 20000] [--commits 5] [--rounds 11] [--out DIR]

In each round a stream with some commits comes onto a base that has moved: once by `git stream land`,
in a plan without a check, and once by `git stream sync` and `git push` of its branch to the base.
Both in turn (A B, B A, A B ...), in one session and one repository with a bare remote beside it; what
counts is the ratio within each pair. CPU is that of the command with all that it starts, the
remote's side included. `landing.csv` gets every run, and the last lines printed are the answer.

A landing does more than the other: it judges every commit anew, tells the ledger of all machines,
archives, and takes claim, branch and worktree away. The release that by hand would follow is not
counted on the other side.
"""

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent


class Bench:
    def __init__(self, options, root):
        self.options, self.root = options, root
        self.repo = root / "repo"
        self.other = root / "other"
        self.rows = []
        self.env = {
            "PATH": f"{options.bin}:{os.environ['PATH']}",
            "HOME": str(root),
            "TMPDIR": str(root),
            "TZ": "UTC",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        for name in ("AUTHOR", "COMMITTER"):
            self.env[f"GIT_{name}_NAME"] = "Ada"
            self.env[f"GIT_{name}_EMAIL"] = "ada@example.com"

    def run(self, *argv, cwd=None, stdin=None):
        """Runs a command that is not measured."""
        done = subprocess.run(
            argv, cwd=cwd or self.repo, env=self.env, input=stdin, capture_output=True, check=False
        )
        if done.returncode:
            sys.exit(f"{argv} ended with {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode()

    def measure(self, variant, round_, script):
        """Runs a shell line and notes its wall clock and its CPU, children included."""
        with open(os.devnull, "r+b") as null:
            begin = time.monotonic()
            child = subprocess.Popen(
                ["sh", "-c", script], cwd=self.repo, env=self.env,
                stdin=null, stdout=null, stderr=subprocess.PIPE,
            )
            message = child.stderr.read()
            _, status, usage = os.wait4(child.pid, 0)
            wall = time.monotonic() - begin
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sys.exit(f"{script} ended with {child.returncode}: {message.decode()}")
        cpu = usage.ru_utime + usage.ru_stime
        self.rows.append({"variant": variant, "round": round_, "wall_s": wall, "cpu_s": cpu})

    def build(self):
        """One commit with many small files, and a bare remote that two clones push to."""
        self.run("git", "init", "-q", "-b", "main", str(self.repo), cwd=self.root)
        stream = [b"commit refs/heads/main\ncommitter Ada <ada@example.com> 1700000000 +0000\n",
                  b"data 5\nBegin\n"]
        plan = "version = 1\nremote = 'origin'\n"
        for at in range(2 * self.options.rounds):
            plan += f"[streams.s{at}]\nfiles = ['s/{at}/**']\n"
        stream.append(b"M 644 inline streams.toml\ndata %d\n%s\n" % (len(plan), plan.encode()))
        for at in range(self.options.files):
            text = f"file {at}\n".encode() * 8
            path = f"d{at // 2000}/e{at // 50}/f{at}.txt".encode()
            stream.append(b"M 644 inline %s\ndata %d\n%s\n" % (path, len(text), text))
        self.run("git", "fast-import", "--quiet", stdin=b"".join(stream))
        self.run("git", "reset", "-q", "--hard")
        remote = str(self.root / "remote.git")
        self.run("git", "clone", "-q", "--bare", str(self.repo), remote, cwd=self.root)
        self.run("git", "remote", "add", "origin", remote)
        self.run("git", "fetch", "-q", "origin")
        self.run("git", "clone", "-q", remote, str(self.other), cwd=self.root)
        self.run("git-stream-init", "-q")

    def prepare(self, at):
        """A stream with commits, and a base that moves on behind it."""
        name = f"s{at}"
        worktree = Path(self.run("git-stream-claim", name, "--agent", name).strip())
        for commit in range(self.options.commits):
            path = worktree / "s" / str(at) / f"{commit}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{commit}\n" * 20)
            self.run("git", "add", "--all", cwd=worktree)
            self.run("git", "commit", "-q", "-m", f"{name} {commit}", cwd=worktree)
        self.run("git", "pull", "-q", "--rebase", cwd=self.other)
        (self.other / "moved.txt").write_text(f"{at}\n")
        self.run("git", "add", "--all", cwd=self.other)
        self.run("git", "commit", "-q", "-m", f"Move {at}", cwd=self.other)
        self.run("git", "push", "-q", cwd=self.other)
        return name

    def round(self, round_):
        land, push = (self.prepare(2 * round_ + at) for at in range(2))
        ours = ("land", f"git-stream-land {land} --agent {land} -q")
        hand = ("sync and push", f"git-stream-sync {push} --agent {push} -q && "
                f"git push -q --no-verify origin stream/{push}:main")
        pairs = [ours, hand] if round_ % 2 == 0 else [hand, ours]
        for variant, script in pairs:
            self.measure(variant, round_, script)
        self.run("git-stream-release", push, "--agent", push, "-q")
        subjects = self.run("git", "log", "--format=%s", "origin/main").splitlines()
        for name in (land, push):
            for commit in range(self.options.commits):
                if subjects.count(f"{name} {commit}") != 1:
                    sys.exit(f"{name} {commit} has not landed once: {subjects[:20]}")

    def answer(self):
        """The median of the pairs' ratios."""
        for what in ("cpu_s", "wall_s"):
            by = {(row["variant"], row["round"]): row[what] for row in self.rows}
            rounds = range(self.options.rounds)
            pairs = [(by["land", at], by["sync and push", at]) for at in rounds]
            ours, hand = (statistics.median(pair[at] for pair in pairs) for at in range(2))
            ratio = statistics.median(one / other for one, other in pairs)
            print(f"{what}: land {ours:.3f}, sync and push {hand:.3f}, ratio {ratio:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=TOP / "target/release", type=Path)
    parser.add_argument("--files", default=20000, type=int)
    parser.add_argument("--commits", default=5, type=int)
    parser.add_argument("--rounds", default=11, type=int)
    parser.add_argument("--out", default=TOP / "docs/bench/land", type=Path)
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    with tempfile.TemporaryDirectory() as root:
        bench = Bench(options, Path(root).resolve())
        bench.build()
        for round_ in range(options.rounds):
            bench.round(round_)
    options.out.mkdir(parents=True, exist_ok=True)
    with open(options.out / "landing.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["variant", "round", "wall_s", "cpu_s"], lineterminator="\n")
        writer.writeheader()
        for row in bench.rows:
            shown = {key: f"{row[key]:.6f}" for key in ("wall_s", "cpu_s")}
            writer.writerow({**row, **shown})
    bench.answer()


if __name__ == "__main__":
    main()
