#!/usr/bin/env python3
"""What does a command cost on a ledger of 100,000 events and 1,000 streams, beside a new one?

Two ledgers stand beside a new one: a *long* one, and a *full* one, whose streams are all held at one
instant. Both are streamed into git in the form of docs/ledger.md, so that it takes seconds: every
stream is claimed, synced, landed and claimed again, round after round, and some are held at the end,
by a machine that is not this one. They must read as what they are: `git stream status` has to count
the streams, and `git stream log` the entries. Each is tried twice: as the ledger of one repository,
and behind a remote by path that other clones share.

All of them run in one session, in turn (A B C C B A ...). What counts is CPU, user and system, with
all that a command has started; each figure is the median of the ratios to the new one.
Instructions are counted once, for the ledger of one repository: there is no figure where valgrind
crashes.

    benches/ledger.py --bin DIR [--events N] [--streams N] [--held N] [--rounds N] [--no-count]
                      [--out DIR]

--bin is the directory of the release binaries, --out gets raw.csv and README.md. The repositories
are made in TMPDIR; on a memory file system (TMPDIR=/dev/shm) the disk is no part of the answer.
"""

import argparse
import csv
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FILES = 200
ZERO = "0" * 40
BEGINNING = 1_700_000_000
# One round of a stream: what each event says.
STEPS = ("take", "ready", "sync", "land", "landed")
# How many events a stream has in the ledger whose streams are all held.
FULL = 10


def stamp(number):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(BEGINNING + number))


class Stream:
    """One stream's record, as the events change it."""

    def __init__(self, number):
        self.name = f"s{number:05}"
        self.number = number
        self.epoch = 0
        self.round = 0
        self.step = 0
        self.taken = 0
        self.landing = ""

    def is_held(self):
        return self.step != 0

    def head(self, state):
        return f'state = "{state}"\nepoch = {self.epoch}\nround = {max(self.round, 1)}\n'

    def claim(self, at, base, intent):
        kind = f'''
[claim.intent]
op = "{intent[0]}"
verb = "{intent[1]}"
machine = "elsewhere-00000001"
since = "{stamp(at)}"
''' if intent else ""
        return f'''
[claim]
agent = "agent-{self.number % 50}"
kind = "agent"
session = "2041.4026531836.{self.number}"
machine = "elsewhere-00000001"
worktree = "/src/app.streams/{self.name}"
worktree-id = "{self.name}"
slot = {self.number}
taken = "{stamp(self.taken)}"
renewed = "{stamp(at)}"
lease = "PT24H"
base = "main"
start = "{base}"
files = [["area-{self.number % 40}/part-{self.number}/**", "!area-{self.number % 40}/part-{self.number}/generated/**"]]
{kind}'''

    def landed(self, at, base):
        return f'''
[landing]
round = {self.round}
at = "{stamp(at)}"
agent = "agent-{self.number % 50}"
base = "main"
tip = "{base}"
old = "{base}"
new = "{base}"
strategy = "rebase"
commits = 3
files = 7

[landing.check]
command = "make test"
tree = "{ZERO[:-1]}1"
status = 0
seconds = 41
'''


class Bench:
    def __init__(self, options, root):
        self.options = options
        self.root = root
        self.rows = []
        self.built = 0.0
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

    def run(self, *argv, cwd, stdin=None, ok=(0,)):
        """Runs a command that is not measured; returns its stdout."""
        done = subprocess.run(
            argv, cwd=cwd, env=self.env, input=stdin, capture_output=True, check=False
        )
        if done.returncode not in ok:
            sys.exit(f"{argv} ended with {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode()

    # ---- the ledgers ----

    def build(self, name, remote):
        """A repository with a new ledger, shared or not."""
        repo = self.root / name
        self.run("git", "init", "-q", "-b", "main", str(repo), cwd=self.root)
        words = [b"commit refs/heads/main\ncommitter Ada <ada@example.com> 1700000000 +0000\n"
                 b"data 5\nBegin\n"]
        plan = 'version = 1\n' + ('remote = "origin"\n' if remote else "")
        files = {"streams.toml": plan}
        files.update({f"d{at % 20}/f{at}.txt": f"file {at}\n" for at in range(FILES)})
        for path, text in files.items():
            words.append(f"M 644 inline {path}\ndata {len(text)}\n{text}\n".encode())
        self.run("git", "fast-import", "--quiet", cwd=repo, stdin=b"".join(words))
        self.run("git", "reset", "-q", "--hard", cwd=repo)
        if remote:
            bare = self.root / f"{name}.git"
            self.run("git", "clone", "-q", "--bare", str(repo), str(bare), cwd=self.root)
            self.run("git", "remote", "add", "origin", str(bare), cwd=repo)
            self.run("git", "fetch", "-q", "origin", cwd=repo)
        self.run("git-stream-init", "-q", cwd=repo)
        return repo

    def lengthen(self, repo, remote, shape):
        """Puts the events on top of the ledger, as another machine would have."""
        git = ("git", "-C", str(repo))
        tip = self.run(*git, "rev-parse", "refs/stream/ledger", cwd=repo).strip()
        base = self.run(*git, "rev-parse", "main", cwd=repo).strip()
        begin = time.monotonic()
        importing = subprocess.Popen(
            [*git, "fast-import", "--quiet", "--depth=50"], stdin=subprocess.PIPE, env=self.env)
        for number, event in enumerate(self.events(base, *shape)):
            parent = f"from {tip}\n" if number == 0 else ""
            subject, trailers, edits = event
            message = f"{subject}\n\n{trailers}"
            words = [f"commit refs/stream/ledger\n"
                     f"committer Ada <ada@example.com> {BEGINNING + number} +0000\n"
                     f"data {len(message)}\n{message}\n{parent}"]
            words += [f"M 644 inline {path}\ndata {len(text)}\n{text}\n" for path, text in edits]
            importing.stdin.write("".join(words).encode())
        importing.stdin.close()
        if importing.wait() != 0:
            sys.exit("git fast-import has failed")
        self.built += time.monotonic() - begin
        if remote:
            self.run(*git, "push", "-q", "origin", "refs/stream/ledger", cwd=repo)
        self.accepted(repo, *shape)

    def events(self, base, most, held):
        """Every event: its subject, its trailers, and the files that it writes."""
        streams = [Stream(number) for number in range(self.options.streams)]
        number = 0
        # So many are left that every stream can come to its end.
        while number < most - len(STEPS) * len(streams):
            yield self.event(streams[number % len(streams)], number, base)
            number += 1
        for stream in streams:
            is_last = stream.number < held
            while stream.is_held() != is_last or (is_last and stream.step != 2):
                yield self.event(stream, number, base)
                number += 1
        while number < most:
            stream = streams[number % max(held, 1)]
            yield self.event(stream, number, base, renews=True)
            number += 1

    def event(self, stream, number, base, renews=False):
        name, agent = stream.name, f"agent-{stream.number % 50}"
        op = f"{number // 2:016x}"
        step = "renew" if renews else STEPS[stream.step]
        if not renews:
            stream.step = (stream.step + 1) % len(STEPS)
        edits, refs = [], ""
        path = f"streams/{name}.toml"
        if step == "take":
            stream.epoch, stream.round, stream.taken = stream.epoch + 1, stream.round + 1, number
            subject = f"claim {name}: {agent} takes area-{stream.number % 40}/part-{stream.number}/**"
            refs = f"Ref: refs/heads/stream/{name} {ZERO} {base}\n"
            text = stream.head("in-progress") + stream.claim(number, base, (op, "claim"))
        elif step in ("ready", "renew", "sync"):
            subject = {"ready": f"claim {name}: its worktree is ready",
                       "renew": f"renew {name}: {agent} is alive",
                       "sync": f"sync {name}: 3 commits onto {base[:12]}"}[step]
            text = stream.head("in-progress") + stream.claim(number, base, None)
        elif step == "land":
            subject = f"land {name}: {agent} begins"
            text = stream.head("completed") + stream.claim(number, base, (op, "land"))
        else:
            subject = f"land {name}: 3 commits of {agent} are on main"
            stream.landing = stream.landed(number, base)
            text = stream.head("landed")
            archived = f'stream = "{name}"\ncommits = ["{base}"]\nfiles = ["a"]\n{stream.landing}'
            edits.append((f"archive/{name}/{stream.round}.toml", archived))
        edits.append((path, text + stream.landing))
        trailers = f"Stream: {name}\nAgent: {agent}\nEpoch: {stream.epoch}\nOp: {op}\n{refs}"
        return subject, trailers, edits

    def accepted(self, repo, most, held):
        """Whether the programs read what was made as what it is."""
        shown = json.loads(self.run("git-stream-status", "--json", cwd=repo, ok=(0, 1)))
        found = (len(shown["streams"]), shown["overall"]["held"])
        entries = self.run("git-stream-log", "--json", "--verbose", cwd=repo).splitlines()
        if found != (self.options.streams, held):
            sys.exit(f"{found[0]} streams, {found[1]} held")
        if not most <= len(entries) <= most + 1:
            sys.exit(f"{len(entries)} entries, and not {most}")

    # ---- measuring ----

    def measure(self, row, argv, cwd):
        """Runs a command and notes its wall clock and its CPU, children included."""
        with open(os.devnull, "r+b") as null:
            begin = time.monotonic()
            child = subprocess.Popen(argv, cwd=cwd, env=self.env, stdin=null, stdout=null,
                                     stderr=subprocess.PIPE)
            said = child.stderr.read()
            _, status, usage = os.wait4(child.pid, 0)
            wall = time.monotonic() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"{argv} ended with {child.returncode}: {said.decode()}")
        cpu = usage.ru_utime + usage.ru_stime
        self.rows.append({**row, "wall_s": f"{wall:.6f}", "cpu_s": f"{cpu:.6f}",
                          "instructions": ""})

    def count(self, row, argv, cwd):
        """The instructions of a command and of all that it starts, if valgrind can follow it."""
        counts = self.root / "counts"
        shutil.rmtree(counts, ignore_errors=True)
        counts.mkdir()
        call = ["valgrind", "--tool=callgrind", "--trace-children=yes",
                f"--callgrind-out-file={counts}/%p", f"--log-file={counts}/%p.log", *argv]
        done = subprocess.run(call, cwd=cwd, env=self.env, capture_output=True, check=False)
        total = 0
        for log in counts.glob("*.log"):
            found = re.search(r"Collected : (\d+)", log.read_text(errors="replace"))
            # A process that has crashed has counted nothing, and the sum would be too small.
            total += int(found[1]) if found else -10**15
        if done.returncode == 0 and total > 0:
            self.rows.append({**row, "wall_s": "", "cpu_s": "", "instructions": total})
        else:
            # What it has begun is finished by the same command.
            self.run(*argv, cwd=cwd, ok=range(256))

    def commands(self, round_):
        name, agent = f"c{round_}", f"a{round_}"
        return {
            "claim": ["git-stream-claim", name, "--files", f"{name}/**", "--agent", agent, "-q"],
            "status": ["git-stream-status", "-q"],
            "log": ["git-stream-log", "-n", "20", "-q"],
            "release": ["git-stream-release", name, "--agent", agent, "-q"],
        }

    def pairs(self, where, repos):
        # The first one pays for what is found out once in a clone.
        for repo in repos.values():
            for argv in self.commands("first").values():
                self.run(*argv, cwd=repo)
        # Under valgrind a conversation with a remote takes minutes.
        counts = where == "alone" and shutil.which("valgrind") and not self.options.no_count
        for round_ in range(self.options.rounds + bool(counts)):
            is_counted = round_ == self.options.rounds
            order = list(repos.items())
            if round_ % 2:
                order.reverse()
            for scenario in self.commands(round_):
                for variant, repo in order:
                    row = {"where": where, "scenario": scenario, "variant": variant,
                           "round": round_}
                    argv = self.commands(round_)[scenario]
                    (self.count if is_counted else self.measure)(row, argv, repo)

    def joins(self, repos):
        """A fresh clone: its first claim brings the ledger here."""
        for round_ in range(self.options.joins):
            for variant, repo in repos.items():
                fresh = self.root / f"fresh-{variant}-{round_}"
                self.run("git", "clone", "-q", f"{repo}.git", str(fresh), cwd=self.root)
                row = {"where": "shared", "scenario": "join", "variant": variant, "round": round_}
                self.measure(row, ["git-stream-init", "-q"], fresh)
                shutil.rmtree(fresh)

    # ---- the report ----

    def ratio(self, where, scenario, variant, figure):
        """The median of the ratios to the new ledger, and of how many."""
        found = {}
        for row in self.rows:
            if (row["where"], row["scenario"]) == (where, scenario) and row[figure] != "":
                found.setdefault(row["round"], {})[row["variant"]] = float(row[figure])
        ratios = [pair[variant] / max(pair["new"], 1e-9) for pair in found.values()
                  if variant in pair and "new" in pair]
        return f"{statistics.median(ratios):.2f}" if ratios else "—", len(ratios)

    def median(self, where, scenario, variant):
        """What a command costs, in milliseconds."""
        some = [float(row["cpu_s"]) for row in self.rows if row["cpu_s"] != "" and
                (row["where"], row["scenario"], row["variant"]) == (where, scenario, variant)]
        return f"{statistics.median(some) * 1000:.0f}" if some else "—"

    def report(self):
        options = self.options
        out = Path(options.out)
        out.mkdir(parents=True, exist_ok=True)
        with open(out / "raw.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(self.rows[0]))
            writer.writeheader()
            writer.writerows(self.rows)
        version = self.run("git", "version", cwd=self.root).strip()
        lines = [
            "# A long ledger beside a new one", "",
            f"*Long*: {options.events:,} events and {options.streams:,} streams, of which "
            f"{options.held} are held on another machine. *Full*: all {options.streams:,} are held, "
            f"after {FULL * options.streams:,} events. *New*: a ledger on which nobody has claimed "
            f"yet. {os.cpu_count()} cores, {platform.system()}, {version}, "
            f"{self.run('git-stream', '--version', cwd=self.root).strip()}.",
            "", "Made by `benches/ledger.py`; every row of [raw.csv](raw.csv) is one run. What counts",
            "is the median of the ratios of the runs beside one another, to the new ledger: 1 is the",
            "same cost. CPU is user and system, with every git that is started. Instructions are",
            "callgrind's, of user space, counted once for the ledger of one repository; there is no",
            "figure where it cannot follow.", "",
            "*Alone* is the ledger of one repository, *shared* one behind a remote by path, whose own",
            "processes count as well. *join* is `git stream init` in a fresh clone, which fetches all",
            "of the ledger.", "",
            "| ledger | command | new | long | long / new | instructions | full | full / new "
            "| instructions | runs |",
            "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        ]
        for where, scenario in dict.fromkeys((row["where"], row["scenario"]) for row in self.rows):
            cells = [where, scenario, self.median(where, scenario, "new") + " ms"]
            for variant in ("long", "full"):
                cpu, runs = self.ratio(where, scenario, variant, "cpu_s")
                counted, _ = self.ratio(where, scenario, variant, "instructions")
                cells += [self.median(where, scenario, variant) + " ms", cpu, counted]
            lines.append(f"| {' | '.join(cells)} | {runs} |")
        text = "\n".join(lines) + "\n"
        (out / "README.md").write_text(text, encoding="utf-8")
        print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=lambda path: str(Path(path).resolve()))
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--held", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--joins", type=int, default=3)
    parser.add_argument("--no-count", action="store_true", help="count no instructions")
    parser.add_argument("--keep", type=Path, help="leave the repositories here")
    parser.add_argument("--out", default="docs/bench/ledger")
    options = parser.parse_args()
    root = options.keep or Path(tempfile.mkdtemp(prefix="git-stream-bench-"))
    root.mkdir(parents=True, exist_ok=True)
    try:
        bench = Bench(options, root)
        for where, remote in (("alone", False), ("shared", True)):
            shapes = {"long": (options.events, options.held),
                      "full": (FULL * options.streams, options.streams)}
            repos = {variant: bench.build(f"{where}-{variant}", remote)
                     for variant in ("new", *shapes)}
            bench.built = 0.0
            for variant, shape in shapes.items():
                bench.lengthen(repos[variant], remote, shape)
            print(f"{where}: made in {bench.built:.0f} s", file=sys.stderr)
            bench.pairs(where, repos)
        bench.joins(repos)
        bench.report()
    finally:
        if not options.keep:
            shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
