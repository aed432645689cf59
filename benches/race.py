#!/usr/bin/env python3
"""How long does it take until every one of N machines has claimed a stream at one instant?

Every machine is a clone of one bare repository, reached by path. All stand at a gate and start
together; the time is from the opening of the gate until the last one has ended. Three cases:

- disjoint: N streams that have no path in common: everybody gets one;
- overlapping: N streams of the same paths: exactly one gets it, the others are refused;
- naive: what a program does that knows only `fetch`, `commit` and `push`: it writes one file into
  the same sort of ledger, pushes it with the commit it expects, and does all of it again, at once,
  when somebody was faster.

After each round the ledger is asked: no claim that was acknowledged may be missing, none that was
refused may be there, and no two that overlap may be held.

usage: race.py BIN OUT [--machines 1,2,4,8,16,32] [--rounds 3] [--naive-rounds 1]
"""

import argparse
import csv
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path

PLAN = 'version = 1\nbase = "main"\nremote = "origin"\n'
LEDGER = "refs/stream/ledger"

# fetch, a commit with one file more, push; again until it is there. Prints how often it tried.
NAIVE = r"""
read -r _ <&3
tries=0
while :; do
    tries=$((tries + 1))
    git fetch -q origin +refs/naive/ledger:refs/naive/seen || continue
    old=$(git rev-parse refs/naive/seen)
    blob=$(echo "$1 $2" | git hash-object -w --stdin)
    tree=$({ git ls-tree "$old"; printf '100644 blob %s\t%s\n' "$blob" "$1-$2"; } | git mktree)
    new=$(git commit-tree -p "$old" -m "claim $1-$2" "$tree")
    git push -q --force-with-lease=refs/naive/ledger:"$old" origin "$new":refs/naive/ledger \
        2>/dev/null && break
done
echo "$tries"
"""

STREAM = r"""
read -r _ <&3
exec "$@"
"""


class Fleet:
    def __init__(self, root, bin_dir, number):
        self.root, self.bin = Path(root), Path(bin_dir)
        self.env = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": "/nonexistent",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
            "TZ": "UTC",
        }
        for who in ("AUTHOR", "COMMITTER"):
            self.env[f"GIT_{who}_NAME"] = "Ada"
            self.env[f"GIT_{who}_EMAIL"] = "ada@example.com"
        self.remote = self.root / "remote.git"
        seed = self.root / "seed"
        self.git(None, "init", "-q", "-b", "main", str(seed))
        (seed / "streams.toml").write_text(PLAN)
        (seed / "README.md").write_text("A project.\n")
        self.git(seed, "add", ".")
        self.git(seed, "commit", "-q", "-m", "Begin")
        self.git(None, "clone", "-q", "--bare", str(seed), str(self.remote))
        empty = self.git(self.remote, "hash-object", "-w", "-t", "tree", "/dev/null").strip()
        first = self.git(self.remote, "commit-tree", "-m", "naive", empty).strip()
        self.git(self.remote, "update-ref", "refs/naive/ledger", first)
        self.machines = []
        for at in range(number):
            machine = self.root / f"m{at}"
            self.git(None, "clone", "-q", str(self.remote), str(machine))
            self.run(machine, "init")
            self.machines.append(machine)

    def git(self, directory, *args):
        ran = subprocess.run(["git", *args], cwd=directory, env=self.env, text=True,
                             capture_output=True)
        if ran.returncode != 0:
            raise SystemExit(f"git {args}: {ran.stderr}")
        return ran.stdout

    def run(self, machine, verb, *args):
        command = [str(self.bin / f"git-stream-{verb}"), *args]
        ran = subprocess.run(command, cwd=machine, env=self.env, text=True, capture_output=True)
        if ran.returncode != 0:
            raise SystemExit(f"{verb} {args}: {ran.stderr}")

    def race(self, script, words):
        """Starts `words[i]` on machine i, all at once; their statuses, answers and the time."""
        read, write = os.pipe()
        running = []
        for at, args in enumerate(words):
            gate = os.dup(read)
            child = subprocess.Popen(
                ["sh", "-c", f"exec 3<&{gate}; {script}", "sh", *args],
                cwd=self.machines[at], env={**self.env, "GIT_STREAM_AGENT": f"a{at}"},
                pass_fds=[gate], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            os.close(gate)
            running.append(child)
        os.close(read)
        time.sleep(0.3)
        began = time.monotonic()
        os.close(write)
        answers = [None] * len(running)

        def wait(at, child):
            out, error = child.communicate()
            answers[at] = (child.returncode, out, error)

        waiters = [threading.Thread(target=wait, args=pair) for pair in enumerate(running)]
        for waiter in waiters:
            waiter.start()
        for waiter in waiters:
            waiter.join()
        return time.monotonic() - began, answers

    def held(self):
        """The streams that the remote's ledger says somebody holds, and their patterns."""
        held = {}
        names = self.git(self.remote, "ls-tree", "-r", "--name-only", LEDGER).split()
        for name in names:
            if name.startswith("streams/"):
                text = self.git(self.remote, "show", f"{LEDGER}:{name}")
                if "[claim]" in text:
                    files = [row for row in text.splitlines() if row.startswith("files = ")]
                    held[Path(name).stem] = files[0]
        return held

    def entries(self):
        return int(self.git(self.remote, "rev-list", "--count", LEDGER))


def claims(fleet, round_, overlapping):
    program = str(fleet.bin / "git-stream-claim")
    words = []
    for at in range(len(fleet.machines)):
        files = f"r{round_}/**" if overlapping else f"r{round_}/part{at}/**"
        words.append([program, f"r{round_}-s{at}", "--files", files])
    return words


def check(fleet, case, round_, answers):
    held = {name: files for name, files in fleet.held().items()
            if name.startswith(f"r{round_}-")}
    won = {f"r{round_}-s{at}" for at, answer in enumerate(answers) if answer[0] == 0}
    lost = [answer for answer in answers if answer[0] != 0]
    wanted = 1 if case == "overlapping" else len(answers)
    problems = []
    if set(held) != won:
        problems.append(f"acknowledged {sorted(won)}, held {sorted(held)}")
    if len(won) != wanted:
        problems.append(f"{len(won)} have won, not {wanted}: {[a[2][-300:] for a in lost][:3]}")
    if any(answer[0] != 4 for answer in lost):
        problems.append(f"statuses {[answer[0] for answer in lost]}")
    if problems:
        raise SystemExit(f"{case}, round {round_}: " + "; ".join(problems))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin")
    parser.add_argument("out")
    parser.add_argument("--machines", default="1,2,4,8,16,32")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--naive-rounds", type=int, default=1)
    options = parser.parse_args()
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in map(int, options.machines.split(",")):
        with tempfile.TemporaryDirectory(prefix="git-stream-race-") as root:
            fleet = Fleet(root, Path(options.bin).resolve(), number)
            round_ = 0
            for _ in range(options.rounds):
                for case in ("disjoint", "overlapping"):
                    round_ += 1
                    seconds, answers = fleet.race(
                        STREAM, claims(fleet, round_, case == "overlapping"))
                    check(fleet, case, round_, answers)
                    rows.append((case, number, round_, f"{seconds:.3f}", ""))
                    print(*rows[-1], flush=True)
            for at in range(options.naive_rounds):
                words = [[f"m{machine}", str(at)] for machine in range(number)]
                seconds, answers = fleet.race(NAIVE, words)
                tries = sum(int(answer[1].split()[-1]) for answer in answers)
                files = fleet.git(fleet.remote, "ls-tree", "--name-only", "refs/naive/ledger")
                if len(files.split()) != number * (at + 1):
                    raise SystemExit("the naive loop has lost an entry")
                rows.append(("naive", number, at + 1, f"{seconds:.3f}", tries))
                print(*rows[-1], flush=True)
    with open(out / "raw.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case", "machines", "round", "seconds", "tries"])
        writer.writerows(rows)
    (out / "race.svg").write_text(plot(rows))


def plot(rows):
    """Time against machines, both as they are; the median of the rounds."""
    cases = {"naive": "#b33", "overlapping": "#777", "disjoint": "#27a"}
    times = {}
    for case, number, _, seconds, _ in rows:
        times.setdefault((case, number), []).append(float(seconds))
    median = {key: sorted(all_)[len(all_) // 2] for key, all_ in times.items()}
    most = max(number for _, number in median)
    longest = max(median.values())
    wide, high, left, bottom = 640, 400, 60, 40

    def at(number, seconds):
        x = left + (wide - left - 110) * number / most
        y = high - bottom - (high - bottom - 20) * seconds / longest
        return f"{x:.1f},{y:.1f}"

    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
           'font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="white"/>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        x, y = at(0, longest * share).split(",")
        svg.append(f'<line x1="{x}" y1="{y}" x2="{wide - 110}" y2="{y}" stroke="#ddd"/>')
        svg.append(f'<text x="{left - 8}" y="{y}" text-anchor="end">{longest * share:.1f} s</text>')
    for number in sorted({number for _, number in median}):
        x, _ = at(number, 0).split(",")
        svg.append(f'<text x="{x}" y="{high - bottom + 18}" text-anchor="middle">{number}</text>')
    svg.append(f'<text x="{(wide - 60) / 2}" y="{high - 6}" text-anchor="middle">machines</text>')
    for case, colour in cases.items():
        points = sorted((number, time_) for (one, number), time_ in median.items() if one == case)
        if not points:
            continue
        line = " ".join(at(*point) for point in points)
        svg.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x, y = at(*points[-1]).split(",")
        svg.append(f'<text x="{float(x) + 8}" y="{y}" fill="{colour}">{case}</text>')
    return "\n".join([*svg, "</svg>\n"])


if __name__ == "__main__":
    main()
