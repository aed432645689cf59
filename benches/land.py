#!/usr/bin/env python3
"""How many checks does the queue need, beside one for each stream and beside log2?

    benches/land.py [--programs DIR] [--streams 16] [--bad 0,1,3] [--out DIR]

For each number of bad streams it makes a repository with that many finished streams, some of whose
work fails the check, and lands them by `git stream land --all`. The check counts itself. Which
streams are bad is drawn with a fixed seed, several times, since it depends on where they stand.
What counts is a number of processes: no time is measured. The raw data goes to checks.json.
"""

import argparse
import json
import math
import os
import random
import subprocess
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
CHECK = "echo x >>\"$COUNT\"; ! grep -rq bad s"


def run(environment, directory, *words, allow=(0,)):
    done = subprocess.run(words, cwd=directory, env=environment, capture_output=True, text=True)
    if done.returncode not in allow:
        raise SystemExit(f"{words}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def landed(programs, streams, bad, one_by_one):
    """Makes the repository, lands everything, and answers what happened."""
    with tempfile.TemporaryDirectory() as top:
        top = Path(top)
        repo = top / "repo"
        repo.mkdir()
        count = top / "count"
        environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(top),
            "GIT_CONFIG_NOSYSTEM": "1",
            "COUNT": str(count),
            "TMPDIR": str(top),
        }
        for name in ("AUTHOR", "COMMITTER"):
            environment[f"GIT_{name}_NAME"] = "Ada"
            environment[f"GIT_{name}_EMAIL"] = "ada@example.com"

        def git(*words, at=repo):
            return run(environment, at, "git", *words)

        def stream(verb, *words, agent=None, allow=(0,)):
            own = dict(environment, **({"GIT_STREAM_AGENT": agent} if agent else {}))
            return run(own, repo, f"{programs}/git-stream-{verb}", *words, allow=allow)

        names = [f"s{at:02}" for at in range(streams)]
        plan = f"version = 1\n[land]\ncheck = '''{CHECK}'''\n"
        plan += "".join(f"[streams.{name}]\nfiles = ['s/{name}']\n" for name in names)
        git("init", "--quiet", "-b", "main")
        (repo / "streams.toml").write_text(plan)
        (repo / "s").mkdir()
        (repo / "s/begin").write_text("begin\n")
        git("add", "--all")
        git("commit", "--quiet", "-m", "Begin")
        stream("init")
        stream("init", "--approve")
        for at, name in enumerate(names):
            worktree = Path(stream("claim", name, agent=name).strip())
            (worktree / "s" / name).write_text("bad\n" if at in bad else "good\n")
            git("add", "--all", at=worktree)
            git("commit", "--quiet", "-m", name, at=worktree)
            stream("progress", name, "--complete", agent=name)
        if one_by_one:
            for name in names:
                stream("land", name, agent=name, allow=(0, 1))
        else:
            stream("land", "--all", "--json", allow=(0, 3))
        subjects = set(git("log", "--format=%s", "main").split())
        good = {name for at, name in enumerate(names) if at not in bad}
        if subjects - {"Begin"} != good:
            raise SystemExit(f"landed {subjects}, and {good} are good")
        return len(count.read_text().splitlines())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", default=TOP / "target/release", type=Path)
    parser.add_argument("--streams", default=16, type=int)
    parser.add_argument("--bad", default="0,1,3")
    parser.add_argument("--draws", default=5, type=int)
    parser.add_argument("--out", default=TOP / "docs/bench/land", type=Path)
    given = parser.parse_args()
    programs = given.programs.resolve()
    drawn = random.Random(5)
    rows = []
    for number in map(int, given.bad.split(",")):
        for _ in range(given.draws if number else 1):
            bad = sorted(drawn.sample(range(given.streams), number))
            checks = landed(programs, given.streams, set(bad), False)
            rows.append({"streams": given.streams, "bad": bad, "checks": checks})
            print(json.dumps(rows[-1]), flush=True)
    bad = sorted(drawn.sample(range(given.streams), 1))
    single = landed(programs, given.streams, set(bad), True)
    result = {
        "queue": rows,
        "one_by_one": {"streams": given.streams, "bad": bad, "checks": single},
        "log2": math.log2(given.streams),
    }
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "checks.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
