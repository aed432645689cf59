#!/usr/bin/env python3
"""What does `git stream init --strict` add to one `git commit`, and to a fetch?

In a synthetic repository of some thousand files, in the worktree of one stream, the same commit of
one file is made with the hooks that are always there, and with the strict layer as well; and 50 refs
are fetched into the main checkout with and without it. Every process that git starts is counted,
with its instructions of user space, by callgrind.

    benches/strict.py --bin DIR [--files N] [--out DIR]

--bin is the directory of the release binaries; --out gets raw.csv and README.md. It needs valgrind.
"""

import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REFS = 50
EVENT = "reference-transaction"


class Bench:
    def __init__(self, options, root):
        self.options = options
        self.root = root
        self.repo = root / "repo"
        self.top = root / "repo.streams" / "measured"
        self.env = {
            "PATH": ":".join([options.bin, os.environ["PATH"]]),
            "HOME": str(root),
            "TZ": "UTC",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.com",
        }

    def run(self, *argv, stdin=None, cwd=None):
        """Runs a command; returns its stdout."""
        done = subprocess.run(argv, cwd=cwd or self.repo, env=self.env, input=stdin,
                              capture_output=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{argv} ended with {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode()

    def build(self):
        self.run("git", "init", "-q", "-b", "main", "--template=", str(self.repo), cwd=self.root)
        stream = [b"commit refs/heads/main\n",
                  b"committer Ada <ada@example.com> 1700000000 +0000\ndata 5\nBegin\n"]
        for at in range(self.options.files):
            stream.append(b"M 644 inline d%d/f%d.txt\ndata 2\nx\n\n" % (at // 50, at))
        self.run("git", "fast-import", "--quiet", stdin=b"".join(stream))
        self.run("git", "read-tree", "HEAD")
        for key, value in (("gc.auto", "0"), ("maintenance.auto", "false")):
            self.run("git", "config", key, value)
        self.run("git-stream-init", "-q")
        self.run("git-stream-claim", "measured", "--files", "d0/**", "--agent", "a1", "-q")
        self.run("git", "clone", "-q", "--bare", "--template=", ".", str(self.root / "other.git"))
        refs = "".join(f"create refs/heads/topic/{at} main\n" for at in range(REFS))
        self.run("git", "update-ref", "--stdin", stdin=refs.encode(), cwd=self.root / "other.git")

    def counted(self, *argv, cwd):
        """Every process of a command: what it is, and its instructions."""
        counts = self.root / "counts"
        shutil.rmtree(counts, ignore_errors=True)
        counts.mkdir()
        self.run("valgrind", "--tool=callgrind", "--trace-children=yes",
                 f"--callgrind-out-file={counts}/%p", f"--log-file={counts}/%p.log", *argv, cwd=cwd)
        for log in sorted(counts.glob("*.log")):
            text = log.read_text()
            command = re.findall(r"Command: (.*)", text)
            collected = re.search(r"Collected : (\d+)", text)
            if command and collected:
                yield command[-1], int(collected[1])

    def commit(self, name, hooks):
        self.run("git", "reset", "-q", "--soft", "main", cwd=self.top)
        (self.top / "d0" / "f0.txt").write_text(f"{name}\n")
        self.run("git", "add", "d0/f0.txt", cwd=self.top)
        return self.counted("git", *hooks, "commit", "-q", "-m", "More", cwd=self.top)

    def fetch(self):
        refs = self.run("git", "for-each-ref", "--format=delete %(refname)", "refs/remotes/other")
        self.run("git", "-c", "core.hooksPath=/dev/null", "update-ref", "--stdin",
                 stdin=refs.encode())
        return self.counted("git", "fetch", "-q", str(self.root / "other.git"),
                            "refs/heads/topic/*:refs/remotes/other/*", cwd=self.repo)

    def measure(self):
        rows = []

        def add(what, variant, processes):
            for command, instructions in processes:
                rows.append({"what": what, "variant": variant,
                             "process": kind(command), "instructions": instructions})

        # git looks into files that are as young as its index: these are not, when it is written anew.
        time.sleep(2)
        self.run("git", "update-index", "-q", "--refresh", "--force-write-index", cwd=self.top)
        add("commit", "git stream", self.commit("plain", []))
        add("fetch", "git stream", self.fetch())
        self.run("git-stream-init", "-q", "--strict")
        add("commit", "git stream --strict", self.commit("strict", []))
        add("fetch", "git stream --strict", self.fetch())
        return rows


def kind(command):
    """A process in one word: git's verb, or the hook."""
    words = command.split()
    name = os.path.basename(words[0])
    if name == EVENT:
        return f"{name} {words[1]}" if len(words) > 1 else name
    verbs = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return f"git {verbs[0]}" if name == "git" and verbs else name


def of(rows, what, variant):
    return [row for row in rows if (row["what"], row["variant"]) == (what, variant)]


def line(rows, what, variant, against):
    here, there = of(rows, what, variant), of(rows, what, against)
    total = sum(row["instructions"] for row in here)
    before = sum(row["instructions"] for row in there)
    hooks = [row for row in here if row["process"].startswith(EVENT)]
    added = "" if variant == against else f"{(total - before) / 1e6:.1f} ({total / before - 1:.0%})"
    return f"| {what} | {variant} | {len(here)} | {len(hooks)} | {total / 1e6:.1f} | {added} |"


def report(options, rows, versions):
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "raw.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    strict = of(rows, "commit", "git stream --strict")
    hooks = [row for row in strict if row["process"].startswith(EVENT)]
    judged = max(row["instructions"] for row in hooks)
    left = [row["instructions"] for row in hooks if row["instructions"] != judged]
    lines = [
        "# What the strict layer adds", "",
        f"{versions}; {options.files:,} files, one of them committed; a fetch of {REFS} new refs into",
        "the main checkout. Instructions are callgrind's, of user space, in every process that is",
        "started, in millions. Made by `benches/strict.py`; each process is a row of",
        "[raw.csv](raw.csv).", "",
        f"| what | hooks | processes | of {EVENT} | instructions, M | adds, M |",
        "|---|---|--:|--:|--:|--:|",
        line(rows, "commit", "git stream", "git stream"),
        line(rows, "commit", "git stream --strict", "git stream"),
        line(rows, "fetch", "git stream", "git stream"),
        line(rows, "fetch", "git stream --strict", "git stream"), "",
        f"Of the calls in a commit one judges, with {judged / 1e6:.1f} M instructions; the other"
        f" {len(left)} leave",
        f"after {min(left) / 1e6:.2f} to {max(left) / 1e6:.2f} M each.", "",
    ]
    text = "\n".join(lines)
    (out / "README.md").write_text(text, encoding="utf-8")
    print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=lambda given: str(Path(given).resolve()))
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--out", default="docs/bench/strict")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="git-stream-bench-"))
    try:
        bench = Bench(options, root)
        bench.build()
        rows = bench.measure()
        said = (bench.run("git", "version"), bench.run("git-stream-guard", "--version"))
        numbers = [re.search(r"\d+\.\d+(\.\d+)?", one)[0] for one in said]
        report(options, rows, f"git {numbers[0]}, git stream {numbers[1]}")
        return 0
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
