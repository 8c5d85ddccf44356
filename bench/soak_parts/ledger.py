"""The access log against what clients say that they sent. A request is known by a mark in its target, `mark=KIND.NUMBER`; connections that
carry no request that is read (raw TCP, TLS passed through) by their rule. What hostile clients send has no mark, and is bounded by how
often they tried."""
import json
import re

MARK = re.compile(r"mark=([a-z0-9]+)\.(\d+)")


class Book:
    def __init__(self, path):
        self._path = path
        self._file = None
        self._half = b""
        self.lines = 0
        self.broken = 0
        self.by_mark = {}     # kind: a count for each number
        self.by_rule = {}     # of lines without a mark
        self._ids = set()
        self.repeated_ids = 0

    def read_more(self):
        self._file = self._file or open(self._path, "rb")
        while piece := self._file.read(1 << 22):
            *whole, self._half = (self._half + piece).split(b"\n")
            for line in whole:
                self._take(line)

    def _take(self, text):
        self.lines += 1
        try:
            line = json.loads(text)
        except ValueError:
            self.broken += 1
            return
        number = int(line["request_id"], 16)
        self.repeated_ids += number in self._ids
        self._ids.add(number)
        mark = MARK.search(line.get("target", ""))
        if mark:
            counts = self.by_mark.setdefault(mark[1], bytearray())
            counts.extend(bytes(max(0, int(mark[2]) + 1 - len(counts))))
            counts[int(mark[2])] = min(255, counts[int(mark[2])] + 1)
        else:
            key = line.get("rule", "")
            self.by_rule[key] = self.by_rule.get(key, 0) + 1


def _of_kind(book, one):
    """`one`: what a client did. It does not know of those in `unsure` whether all of them was sent; `many` were sent more than once."""
    counts = book.by_mark.get(one["mark"], bytearray())
    unsure = set(one["unsure"])
    wrong = []
    for number in range(one["marks"]):
        lines = counts[number] if number < len(counts) else 0
        expected = one["many"].get(str(number), 1)
        if lines > expected or (lines < expected and number not in unsure):
            wrong.append(f"{number} has {lines}")
    text = f"log: {one['kind']}: {one['marks']} marked requests, {sum(counts)} lines, {len(unsure)} of them cut by the client"
    return not wrong, text + (f"; {len(wrong)} are wrong: {', '.join(wrong[:5])}" if wrong else "")


def verdicts(book, done):
    yield book.broken == 0, f"log: {book.lines} lines, {book.broken} of them no JSON"
    yield book.repeated_ids == 0, f"log: {book.repeated_ids} request ids that had been there before"
    for one in done:
        if one["marks"]:
            yield _of_kind(book, one)
        for rule, count in one["by_rule"].items():
            seen = book.by_rule.get(rule, 0)
            yield seen == count, f"log: {one['kind']}: {count} connections, {seen} lines of rule {rule}"
    expected = set().union(*(one["by_rule"] for one in done))
    others = sum(count for rule, count in book.by_rule.items() if rule not in expected)
    attempts = sum(one["attempts"] for one in done)
    yield others <= attempts, f"log: {others} other lines, for {attempts} attempts of hostile clients"
