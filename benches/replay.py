#!/usr/bin/env python3
"""Does a sync decide as `git rebase` does, over the real merges of real repositories?

Each merge commit of a history, with the parents P1 and P2, was once a branch at P2 that had to come
onto P1. A stream at P2 is therefore synced onto P1, and `git -c merge.directoryRenames=false rebase`
does the same in a worktree of its own. Compared are: verdict, the commit that stops, the paths in
conflict, the tree, and authors, dates and messages of the result. Merges that give `git rebase`
nothing to pick are left out. Where a sync says that a part has landed, `git rebase --onto P1 PART P2`
is asked.

    benches/replay.py --bin DIR [--most N] [--out DIR] URL=DIR...

--bin is the directory of the release binaries; DIR is a bare clone of the public repository at URL,
and is only read. --most takes so many merges of each, evenly spread over its history. --out gets
raw.csv and README.md. The repositories are made in TMPDIR.
"""

import argparse
import csv
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

REBASE = ["git", "-c", "merge.directoryRenames=false", "-c", "advice.mergeConflict=false", "rebase",
          "-q", "--no-fork-point"]


class History:
    def __init__(self, options, root, url, source):
        self.options = options
        self.url = url
        self.root = root / url.rstrip("/").split("/")[-1]
        self.repo = self.root / "repo"
        self.rebased = self.root / "rebased"
        self.stream = self.root / "repo.streams" / "replayed"
        self.source = source
        self.rows = []
        self.refused = 0
        self.root.mkdir()
        self.env = {
            "PATH": f"{options.bin}:{os.environ['PATH']}",
            "HOME": str(self.root),
            "TZ": "UTC",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.com",
        }

    def ran(self, argv, cwd=None):
        """Runs a command; returns how it ended, and its CPU."""
        before = os.times()
        done = subprocess.run(argv, cwd=cwd or self.repo, env=self.env, stdin=subprocess.DEVNULL,
                              capture_output=True, check=False)
        after = os.times()
        cpu = (after.children_user - before.children_user
               + after.children_system - before.children_system)
        return done, cpu

    def git(self, *words, cwd=None):
        done, _ = self.ran(["git", *words], cwd)
        if done.returncode != 0:
            sys.exit(f"{words} ended with {done.returncode}: {done.stderr.decode()}")
        return done.stdout

    def build(self):
        """A repository with all of its objects, a stream in it, and a worktree for the rebase."""
        self.ran(["git", "init", "-q", "-b", "base", str(self.repo)], self.root)
        alternates = self.repo / ".git/objects/info/alternates"
        alternates.write_text(f"{Path(self.source).resolve() / 'objects'}\n", encoding="utf-8")
        for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com"),
                           ("gc.auto", "0"), ("maintenance.auto", "false"),
                           ("stream.base", "base")):
            self.git("config", key, value)
        head = subprocess.run(["git", "--git-dir", self.source, "rev-parse", "HEAD"],
                              capture_output=True, check=True, text=True).stdout.strip()
        self.git("update-ref", "refs/heads/history", head)
        self.git("worktree", "add", "-q", "--detach", str(self.rebased), head)

    def merges(self):
        lines = self.git("rev-list", "--merges", "--parents", "history").decode().splitlines()
        merges = [line.split() for line in lines]
        merges = [words for words in merges if len(words) == 3]
        if self.options.most and len(merges) > self.options.most:
            step = len(merges) / self.options.most
            merges = [merges[int(at * step)] for at in range(self.options.most)]
        return merges

    def begin(self, base, tip):
        """A stream at one parent, on the other as its base, unless that is refused; nothing is known
        of earlier ones."""
        self.git("update-ref", "refs/heads/base", base)
        for ref in self.git("for-each-ref", "--format=%(refname)", "refs/stream",
                            "refs/heads/stream").decode().split():
            self.git("update-ref", "-d", ref)
        shutil.rmtree(self.repo / ".git/git-stream", ignore_errors=True)
        shutil.rmtree(self.stream, ignore_errors=True)
        self.git("worktree", "prune")
        claim, _ = self.ran(["git-stream-claim", "replayed", "--files", "**", "--from", tip,
                             "--agent", "a", "-q"])
        # What brings a submodule is no stream, unless a plan allows it.
        if claim.returncode == 1:
            return False
        if claim.returncode != 0:
            sys.exit(f"claim at {tip}: {claim.stderr.decode()}")
        return True

    def replay(self, merge, base, tip):
        """One merge: what the two say."""
        if not self.git("rev-list", "--no-merges", "-n1", f"{base}..{tip}").strip():
            return None
        if self.git("merge-base", base, tip).decode().strip() == base:
            return None
        if not self.begin(base, tip):
            self.refused += 1
            return None
        sync, ours = self.ran(["git-stream-sync", "replayed", "--agent", "a", "--json"])
        answer = json.loads(sync.stdout)
        landed = self.landed(answer, base, tip)
        self.git("reset", "-q", "--hard", cwd=self.rebased)
        self.git("clean", "-ffdxq", cwd=self.rebased)
        self.git("checkout", "-q", "--force", "--detach", tip, cwd=self.rebased)
        rebase, theirs = self.ran([*REBASE, "--onto", base, landed or base], self.rebased)
        outcome = answer.get("outcome", "error")
        differences = self.compare(answer, outcome, rebase, base)
        self.ran(["git", "rebase", "--abort"], self.rebased)
        return {"repository": self.url, "merge": merge, "outcome": outcome,
                "commits": answer.get("commits", ""), "landed_part": landed or "",
                "differs_in": " ".join(differences), "sync_cpu_s": f"{ours:.6f}",
                "rebase_cpu_s": f"{theirs:.6f}"}

    def landed(self, answer, base, tip):
        """The newest commit that the sync takes for landed in another shape."""
        asked = answer.get("escalation", {}).get("landed")
        if asked:
            return asked
        parts = [one["commit"] for one in answer.get("dropped", []) if one["why"] == "landed"]
        if not parts:
            return None
        # Newest first, so that the first of them is where the rest begins.
        order = self.git("rev-list", "--topo-order", f"{base}..{tip}").decode().split()
        return next(one for one in order if one in parts)

    def log(self, top, base, form):
        return self.git("log", "--topo-order", "--date=raw", f"--format={form}", f"{base}..HEAD",
                        cwd=top)

    def compare(self, answer, outcome, rebase, base):
        """In what the two differ."""
        if outcome in ("rebased", "landed"):
            if rebase.returncode != 0:
                return ["verdict"]
            forms = {"trees": "%T", "authors": "%an <%ae> %ad", "messages": "%B%x00"}
            return [name for name, form in forms.items()
                    if self.log(self.stream, base, form) != self.log(self.rebased, base, form)]
        if outcome == "stopped":
            if rebase.returncode == 0:
                return ["verdict"]
            at = self.git("rev-parse", "REBASE_HEAD", cwd=self.rebased).decode().strip()
            listing = self.git("diff", "-z", "--name-only", "--diff-filter=U", cwd=self.rebased)
            # Where both sides were put beside one another, git has made names up.
            paths = {path.decode(errors="replace").split("~")[0]
                     for path in listing.split(b"\0") if path}
            asked = answer["escalation"]
            found = [("commit", asked["commit"] != at), ("paths", set(asked["paths"]) != paths)]
            return [name for name, is_other in found if is_other]
        return [outcome]

    def go(self):
        self.build()
        for merge, base, tip in self.merges():
            row = self.replay(merge, base, tip)
            if row:
                self.rows.append(row)
                if row["differs_in"]:
                    print(f"{self.url} {merge} ({base} {tip}): {row}", flush=True)


def report(options, histories, version):
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    rows = [row for history in histories for row in history.rows]
    with open(out / "raw.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    lines = [
        "# The real merges of real repositories", "",
        f"{os.cpu_count()} cores, {platform.system()}; {version}.", "",
        "Made by `benches/replay.py`; every row of [raw.csv](raw.csv) is one merge commit of the",
        "history, whose second parent was a stream that was synced onto the first, and rebased onto",
        "it by `git -c merge.directoryRenames=false rebase`. They agree where verdict, stopping",
        "commit, paths in conflict, trees, authors, dates and messages are the same. CPU is the",
        "median of the merges' ratios, sync to rebase.", "",
        "| repository | merges replayed | rebased | stopped | landed | agree | differ | CPU |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for history in histories:
        outcomes = Counter(row["outcome"] for row in history.rows)
        differ = sum(bool(row["differs_in"]) for row in history.rows)
        ratio = statistics.median(float(row["sync_cpu_s"]) / max(float(row["rebase_cpu_s"]), 1e-4)
                                  for row in history.rows)
        lines.append(f"| {history.url} | {len(history.rows)} | {outcomes['rebased']} "
                     f"| {outcomes['stopped']} | {outcomes['landed']} "
                     f"| {len(history.rows) - differ} | {differ} | {ratio:.2f} |")
    of_each = f" {options.most} merges of each, evenly spread," if options.most else " All merges,"
    refused = sum(history.refused for history in histories)
    lines += ["", f"Tried:{of_each} without those that leave nothing to pick, and without {refused} that "
              "bring a", "submodule, for which a stream needs a plan. Both repositories are small, so "
              "that starting", "processes is most of what is measured."]
    text = "\n".join(lines) + "\n"
    (out / "README.md").write_text(text, encoding="utf-8")
    print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=lambda one: str(Path(one).resolve()))
    parser.add_argument("--most", type=int, default=0)
    parser.add_argument("--out", default="docs/bench/replay")
    parser.add_argument("histories", nargs="+", metavar="URL=DIR")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="git-stream-bench-"))
    try:
        histories = []
        for word in options.histories:
            url, source = word.rsplit("=", 1)
            histories.append(History(options, root, url, source))
            histories[-1].go()
        done, _ = histories[0].ran(["git", "version"])
        version = done.stdout.decode().strip()
        done, _ = histories[0].ran(["git-stream", "--version"])
        report(options, histories, f"{version}, {done.stdout.decode().strip()}")
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
