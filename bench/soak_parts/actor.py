"""One client process: `actor.py KIND END SEED SANDBOX-CA ROOT-CA TOKEN`. Runs until END (seconds since 1970), and prints one line of JSON."""
import asyncio
import json
import random
import sys
import time
import traceback

import actors
import importlib

WRONG_MAX = 20


class Actor:
    """What a kind's function is given: its means, and the accounts that it keeps."""

    def __init__(self, kind, end, seed, trusted, root, token):
        self.kind, self.end, self.trusted, self.root, self.token = kind, end, trusted, root, token
        self.random = random.Random(seed)
        self.count = self.attempts = self.marks = 0
        self.unsure, self.many, self.by_rule, self.wrong = [], {}, {}, []

    def goes_on(self):
        return time.time() < self.end

    def mark(self):
        """Of a request that is about to be sent: one line for it is expected, unless it is given to not_sure()."""
        number = self.marks
        self.marks += 1
        return f"mark={self.kind}.{number}", number

    def not_sure(self, number):
        self.unsure.append(number)

    def connected(self, rule):
        self.by_rule[rule] = self.by_rule.get(rule, 0) + 1

    def is_wrong(self, what):
        if len(self.wrong) < WRONG_MAX:
            self.wrong.append(str(what)[:300])


async def repeat(actor, step):
    while actor.goes_on():
        try:
            await asyncio.wait_for(step(actor), 60)
            actor.count += 1
        except Exception:  # whatever it is, it is told
            actor.is_wrong(traceback.format_exc().replace("\n", " ")[-300:])
            await asyncio.sleep(0.2)


async def main():
    kind, end, seed, *rest = sys.argv[1:]
    actor = Actor(kind, float(end), int(seed), *rest)
    step, tasks = importlib.import_module(actors.KINDS[kind]).KINDS[kind]
    await asyncio.gather(*(repeat(actor, step) for _ in range(tasks)))
    print(json.dumps({key: getattr(actor, key) for key in ("kind", "count", "attempts", "marks", "unsure", "many", "by_rule", "wrong")}))


asyncio.run(main())
