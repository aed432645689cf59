#!/usr/bin/env python3
"""How does the race go on, to a thousand machines? A simulation; its assumptions are its options.

The server handles one push or fetch in a fixed time, a number of them at once, in the order in
which they arrive. The ledger moves if it is where the push expects it when the push is finished.
All machines begin at one instant.

- naive: fetch, push, at once again.
- announced: push; who loses fetches, to see what was written, pushes an announcement, waits between
  a quarter and half of the time that the first push took, and looks at the refs. Who stands first
  among those that wait fetches what they have announced and decides them all with one push, which
  takes longer by a bit for each of them. Others look again, half as often each time, and fetch what
  was decided.

Nothing else costs anything: no work on the machines, no distance to the server, no failures.

usage: race_simulation.py OUT [--push 0.06] [--fetch 0.05] [--look 0.02]
                                [--each 0.002] [--at-once 2]
"""

import argparse
import csv
import heapq
import random
from pathlib import Path


class Server:
    def __init__(self, at_once):
        self.free = [0.0] * at_once
        self.version = 0
        self.calls = 0

    def serve(self, now, seconds):
        """When a request that arrives now is finished."""
        begins = max(now, heapq.heappop(self.free))
        heapq.heappush(self.free, begins + seconds)
        self.calls += 1
        return begins + seconds


def simulate(machines, announces, options, seed):
    dice = random.Random(seed)
    server = Server(options.at_once)
    events, order = [], 0

    def after(time, what, machine, data):
        nonlocal order
        order += 1
        heapq.heappush(events, (time, order, what, machine, data))

    waiting, done, took = {}, {}, {}
    for machine in range(machines):
        after(server.serve(0.0, options.push), "pushed", machine, (0, ()))
    while events:
        now, _, what, machine, data = heapq.heappop(events)
        if what == "pushed":
            known, others = data
            if known == server.version:
                server.version += 1
                done[machine] = now
                waiting.pop(machine, None)
                for other in others:
                    waiting[other] = True
                continue
            if not announces:
                after(server.serve(now, options.fetch), "fetched", machine, None)
            elif machine in waiting:
                pause(after, now, machine, took[machine], dice)
            else:
                took[machine] = now
                after(server.serve(now, options.fetch), "looked", machine, None)
        elif what == "looked":
            after(server.serve(now, options.push), "announced", machine, None)
        elif what == "announced":
            waiting[machine] = False
            pause(after, now, machine, took[machine], dice)
        elif what == "wakes":
            after(server.serve(now, options.look), "glanced", machine, data)
        elif what == "glanced":
            open_ = [one for one, decided in waiting.items() if not decided]
            span, looks = data
            if waiting[machine] or machine == min(open_) or looks > 4:
                after(server.serve(now, options.fetch), "fetched", machine, data)
            else:
                pause(after, now, machine, 1.5 * span, dice, looks + 1)
        elif not announces:
            after(server.serve(now, options.push), "pushed", machine, (server.version, ()))
        elif waiting.get(machine):
            done[machine] = now
            del waiting[machine]
        else:
            others = tuple(one for one, decided in waiting.items()
                           if not decided and one != machine)
            cost = options.push + options.each * len(others)
            after(server.serve(now, cost), "pushed", machine, (server.version, others))
    return max(done.values()), server.calls


def pause(after, now, machine, span, dice, looks=1):
    after(now + span / 4 * (1 + dice.random()), "wakes", machine, (span, looks))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--push", type=float, default=0.06)
    parser.add_argument("--fetch", type=float, default=0.05)
    parser.add_argument("--look", type=float, default=0.02)
    parser.add_argument("--each", type=float, default=0.002)
    parser.add_argument("--at-once", type=int, default=2)
    options = parser.parse_args()
    with open(Path(options.out) / "simulated.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case", "machines", "seconds", "calls"])
        for machines in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000):
            for case, announces in (("naive", False), ("announced", True)):
                runs = sorted(simulate(machines, announces, options, seed) for seed in range(5))
                seconds, calls = runs[2]
                writer.writerow([case, machines, f"{seconds:.2f}", calls])
                print(case, machines, f"{seconds:.2f}", calls, flush=True)


if __name__ == "__main__":
    main()
