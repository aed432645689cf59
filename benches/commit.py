#!/usr/bin/env python3
"""What do our hooks add to `git commit` of one file, beside what others' hooks add?

In synthetic repositories of two sizes, in the worktree of one stream, the same commit is made again
and again, in pairs: without any hook, and with ours, with a guard of a few lines of shell, with
lefthook, pre-commit, prek and husky, each with one hook that does nothing, and with such a hook
alone. Every other pair is the other way round. What counts is CPU, user and system, of `git commit`
and of all that it has started; each figure is the median of what the pairs say. Instructions, where
valgrind can follow, are counted once.

    tests/managers/install DIR
    benches/commit.py --bin DIR [--managers DIR] [--files N,N] [--rounds N] [--out DIR]

--bin is the directory of the release binaries, --managers what tests/managers/install has filled,
--out gets raw.csv and README.md. The repositories are made in TMPDIR; on a memory file system
(TMPDIR=/dev/shm) the disk is no part of the answer.
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
SHELL_GUARD = """#!/bin/sh
! git diff --cached --name-only | grep -qv '^d0/'
"""
NOTHING = "#!/bin/sh\nexit 0\n"
CONFIGS = {
    "lefthook.yml": "pre-commit:\n  commands:\n    nothing:\n      run: 'true'\n",
    ".pre-commit-config.yaml": "repos:\n- repo: local\n  hooks:\n  - id: nothing\n"
    "    name: nothing\n    language: system\n    entry: 'true'\n    always_run: true\n"
    "    pass_filenames: false\n",
    ".husky/pre-commit": "true\n",
}
# How each manager is asked to install itself.
MANAGERS = {
    "lefthook": ("lefthook", "install"),
    "pre-commit": ("pre-commit", "install"),
    "prek": ("prek", "install"),
    "husky": ("husky",),
}
# The variants whose programs valgrind follows in reasonable time.
COUNTED = ("bare", "git stream", "empty hook", "shell guard")
# What ours may add: of a bare commit's CPU, in milliseconds, and of what lefthook adds.
AT_MOST_SHARE = {100_000: 0.12}
AT_MOST_MS = {100: 15}
AT_MOST_OF_LEFTHOOK = {100: 1 / 3}


def path(at):
    directory = at // PER_DIRECTORY
    return f"d{directory % TOPS}/s{directory}/f{at}.txt"


class Bench:
    def __init__(self, options, root, files):
        self.options = options
        self.root = root
        self.files = files
        self.repo = root / f"repo-{files}"
        self.top = root / f"repo-{files}.streams" / "measured"
        self.variants = {}
        self.missing = []
        self.rows = []
        managers = options.managers
        tools = [f"{managers}/node_modules/.bin", f"{managers}/python/bin"] if managers else []
        self.env = {
            "PATH": ":".join([options.bin, *tools, os.environ["PATH"]]),
            "HOME": str(root),
            "TZ": "UTC",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.com",
        }

    def run(self, *argv, stdin=None, cwd=None):
        """Runs a command that is not measured; returns its stdout."""
        done = subprocess.run(
            argv, cwd=cwd or self.repo, env=self.env, input=stdin, capture_output=True, check=False
        )
        if done.returncode != 0:
            sys.exit(f"{argv} ended with {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode()

    def build(self):
        """One commit of many files, and the worktree of a stream, checked out."""
        self.run("git", "init", "-q", "-b", "main", "--template=", str(self.repo), cwd=self.root)
        stream = [b"commit refs/heads/main\n",
                  b"committer Ada <ada@example.com> 1700000000 +0000\ndata 5\nBegin\n"]
        texts = {path(at): f"{at}\n" for at in range(self.files)} | CONFIGS
        for name, text in texts.items():
            text = text.encode()
            stream.append(b"M 644 inline %s\ndata %d\n%s\n" % (name.encode(), len(text), text))
        self.run("git", "fast-import", "--quiet", stdin=b"".join(stream))
        self.run("git", "read-tree", "HEAD")
        for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com"),
                           ("gc.auto", "0"), ("maintenance.auto", "false")):
            self.run("git", "config", key, value)
        self.run("git-stream-init", "-q")
        self.run("git-stream-claim", "measured", "--files", "d0/**", "--agent", "a1", "-q")

    def hooks(self, name):
        directory = self.root / f"hooks-{self.files}-{name.replace(' ', '-')}"
        directory.mkdir(exist_ok=True)
        return directory

    def prepare(self):
        """A hook directory for each variant but ours, which the stream's worktree has by itself."""
        self.variants = {"bare": self.hooks("none"), "git stream": None}
        for name, text in (("empty hook", NOTHING), ("shell guard", SHELL_GUARD)):
            self.variants[name] = self.hooks(name)
            hook = self.variants[name] / "pre-commit"
            hook.write_text(text)
            hook.chmod(0o755)
        for name, argv in MANAGERS.items():
            if shutil.which(argv[0], path=self.env["PATH"]) is None:
                self.missing.append(name)
                print(f"!!!!  SKIPPED: {name} is not installed  !!!!", file=sys.stderr)
                continue
            self.variants[name] = self.install(name, argv)

    def install(self, name, argv):
        """As somebody would who has no stream, in a worktree of its own; then moved aside."""
        other = self.root / "other"
        self.run("git", "worktree", "add", "-q", "--no-checkout", "--detach", str(other))
        self.run("git", "checkout", "-q", "HEAD", "--", *CONFIGS, cwd=other)
        # Ours, which guard the base in its own checkout, stay as they are.
        hooks, kept = self.repo / ".git" / "hooks", self.root / "kept"
        if hooks.exists():
            hooks.rename(kept)
        self.run(*argv, cwd=other)
        into = self.hooks(name)
        if name == "husky":
            self.run("git", "config", "--unset", "core.hooksPath")
            # It looks for the script beside its own directory.
            shutil.copytree(other / ".husky" / "_", into / "_")
            (into / "pre-commit").write_text(CONFIGS[".husky/pre-commit"])
            into = into / "_"
        else:
            shutil.move(self.repo / ".git" / "hooks" / "pre-commit", into / "pre-commit")
        self.run("git", "worktree", "remove", "--force", str(other))
        shutil.rmtree(hooks, ignore_errors=True)
        if kept.exists():
            kept.rename(hooks)
        return into

    def commit(self, variant):
        hooks = self.variants[variant]
        chosen = [] if hooks is None else ["-c", f"core.hooksPath={hooks}"]
        return ["git", *chosen, "commit", "-q", "-m", "More"]

    def stage(self, text):
        """The same state before each commit: one file staged, the branch at the base."""
        self.run("git", "reset", "-q", "--soft", "main", cwd=self.top)
        (self.top / path(0)).write_text(text)
        self.run("git", "add", path(0), cwd=self.top)

    def cpu(self, variant):
        with open(os.devnull, "r+b") as null:
            child = subprocess.Popen(self.commit(variant), cwd=self.top, env=self.env,
                                     stdin=null, stdout=null, stderr=subprocess.PIPE)
            said = child.stderr.read()
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"{variant}: `git commit` ended with {child.returncode}: {said.decode()}")
        return usage.ru_utime + usage.ru_stime

    def instructions(self, variant):
        """Of user space, in every process that the commit starts."""
        counts = self.root / "counts"
        shutil.rmtree(counts, ignore_errors=True)
        counts.mkdir()
        self.run("valgrind", "--tool=callgrind", "--trace-children=yes",
                 f"--callgrind-out-file={counts}/%p", f"--log-file={counts}/%p.log",
                 *self.commit(variant), cwd=self.top)
        logs = [log.read_text() for log in counts.glob("*.log")]
        found = [re.search(r"Collected : (\d+)", log) for log in logs]
        return sum(int(one[1]) for one in found if one)

    def measure(self):
        counts = {}
        if shutil.which("valgrind"):
            for variant in COUNTED:
                self.stage(f"counted {variant}\n")
                counts[variant] = self.instructions(variant)
        for round_ in range(-1, self.options.rounds):
            for variant in list(self.variants)[1:]:
                cpu = {}
                for one in ("bare", variant) if round_ % 2 else (variant, "bare"):
                    self.stage(f"{round_} {variant} {one}\n")
                    cpu[one] = self.cpu(one)
                # The first round fills caches: the system's, and those of some managers.
                if round_ < 0:
                    continue
                first = round_ == 0
                self.rows.append({
                    "files": self.files, "variant": variant, "round": round_,
                    "bare_cpu_s": f"{cpu['bare']:.6f}", "cpu_s": f"{cpu[variant]:.6f}",
                    "bare_instructions": counts.get("bare", "") if first else "",
                    "instructions": counts.get(variant, "") if first else "",
                })


def pairs(rows, variant):
    """CPU in seconds of each pair: with this variant, and bare."""
    return [(float(row["cpu_s"]), float(row["bare_cpu_s"]))
            for row in rows if row["variant"] == variant]


def added(rows, variant):
    """What a variant adds: milliseconds, share of the bare commit, share of its instructions."""
    both = pairs(rows, variant)
    ms = statistics.median(this - bare for this, bare in both) * 1000
    share = statistics.median(this / bare - 1 for this, bare in both)
    counted = [int(row["instructions"]) / int(row["bare_instructions"]) - 1 for row in rows
               if row["variant"] == variant and row["instructions"]]
    return ms, share, counted[0] if counted else None


def goals(files, rows):
    """Each goal of a size in words, and whether it is met."""
    ms, share, _ = added(rows, "git stream")
    if files in AT_MOST_SHARE:
        most = AT_MOST_SHARE[files]
        yield f"{files:,} files: {share:.1%} of a bare commit, at most {most:.0%}", share <= most
    if files in AT_MOST_MS:
        most = AT_MOST_MS[files]
        yield f"{files:,} files: {ms:.1f} ms, at most {most} ms", ms <= most
    if files in AT_MOST_OF_LEFTHOOK and any(row["variant"] == "lefthook" for row in rows):
        most, ratio = AT_MOST_OF_LEFTHOOK[files], ms / added(rows, "lefthook")[0]
        yield f"{files:,} files: {ratio:.2f} of what lefthook adds, at most {most:.2f}", ratio <= most


def table(rows):
    lines = ["| files | hooks | adds, ms CPU | of a bare commit | of its instructions |",
             "|--:|---|--:|--:|--:|"]
    for files in dict.fromkeys(row["files"] for row in rows):
        here = [row for row in rows if row["files"] == files]
        bare = statistics.median(float(row["bare_cpu_s"]) for row in here) * 1000
        lines.append(f"| {files:,} | none: {bare:.1f} ms | | | |")
        for variant in dict.fromkeys(row["variant"] for row in here):
            ms, share, counted = added(here, variant)
            counted = "" if counted is None else f"{counted:.1%}"
            lines.append(f"| {files:,} | {variant} | {ms:.1f} | {share:.1%} | {counted} |")
    return lines


def report(options, rows, versions, missing):
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "raw.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    judged = []
    for files in dict.fromkeys(row["files"] for row in rows):
        judged += goals(files, [row for row in rows if row["files"] == files])
    shown = [f"- {'' if met else '**not met** '}{words}" for words, met in judged]
    rounds = len({row["round"] for row in rows})
    load = ", ".join(f"{one:.0f}" for one in os.getloadavg())
    lines = [
        "# What hooks add to `git commit` of one file", "",
        f"{os.cpu_count()} cores, {platform.system()}, {rounds} rounds, beside other work (load {load});",
        f"{versions}.", "",
        "Made by `benches/commit.py`; every row of [raw.csv](raw.csv) is a pair of commits. CPU is",
        "user and system time of `git commit` and of everything that it starts; each figure is the",
        "median, over the pairs, of the difference (or the ratio) of the two. Instructions are",
        "callgrind's, of user space, counted once. git stream runs `pre-commit`,",
        "`prepare-commit-msg` and `post-commit`; all the others run one `pre-commit` that does nothing,",
        "and the shell guard one that greps `git diff --cached --name-only`. That there is a `pre-commit`",
        "at all makes git read its index again, which the empty hook shows; where the index is larger",
        "than a megabyte, git stream has none, unless the user has one.", "",
        *table(rows), "", "What was aimed at:", "", *shown, "",
        *(f"Not measured, since it was not there: {name}.\n" for name in missing),
    ]
    text = "\n".join(lines)
    (out / "README.md").write_text(text, encoding="utf-8")
    print(text)
    return all(met for _, met in judged)


def versions_of(bench):
    said = [bench.run("git", "version"), bench.run("git-stream-guard", "--version")]
    said += [f"{name} {bench.run(name, '--version')}" for name in ("lefthook", "pre-commit", "prek")
             if name in bench.variants]
    number = (re.search(r"\d+\.\d+(\.\d+)?", one)[0] for one in said)
    names = ["git", "git stream", *(n for n in ("lefthook", "pre-commit", "prek")
                                    if n in bench.variants)]
    return ", ".join(f"{name} {one}" for name, one in zip(names, number))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)

    def absolute(given):
        return str(Path(given).resolve())

    parser.add_argument("--bin", required=True, type=absolute)
    parser.add_argument("--managers", type=absolute)
    parser.add_argument("--files", default="100,100000")
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--out", default="docs/bench/commit")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="git-stream-bench-"))
    rows, versions, missing = [], "", []
    try:
        for files in map(int, options.files.split(",")):
            bench = Bench(options, root, files)
            bench.build()
            bench.prepare()
            bench.measure()
            rows += bench.rows
            versions, missing = versions_of(bench), bench.missing
            shutil.rmtree(bench.top)
            shutil.rmtree(bench.repo)
        return 0 if report(options, rows, versions, missing) else 1
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
