"""Hold a new run of the original to its golden record: `python original/compare.py NEW RECORDED`.

Bit-equal is the rule. Only a run on another processor may differ, because TensorFlow's kernels choose their
instructions by it: such a run is held to the printed lines before the horizon. Runs under Python 2.7 and 3.
"""

from __future__ import print_function

import json
import os
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from original.record_format import HORIZON, printed_lines


def compare(new, recorded):
    """Return (faithful, text) for two records of one seed and draw, the new one of as many epochs or fewer.

    The text says first what holds, then what differs and why.
    """
    if new["data"] != recorded["data"] or new["op_seeds"] != recorded["op_seeds"]:
        return False, "the data or the op seeds differ: {} {} against {} {}".format(
            new["data"], new["op_seeds"], recorded["data"], recorded["op_seeds"]
        )
    differences = {}
    for part, series in (("test", "squared_error"), ("test", "error"), ("train", "error")):
        values = dict(zip(recorded[part]["epoch"], recorded[part][series]))
        for epoch, value in zip(new[part]["epoch"], new[part][series]):
            if value != values[epoch]:
                differences.setdefault(epoch, "{} {}: {!r} against {!r}".format(part, series, value, values[epoch]))
    if new["epochs"] == recorded["epochs"] and new["prediction"] != recorded["prediction"]:
        differences[new["epochs"]] = "prediction: {} against {}".format(new["prediction"], recorded["prediction"])
    if not differences:
        return True, "bit-equal to the record in all {} epochs".format(new["epochs"])

    first = min(differences)
    count = "{} of {} epochs have other digits, the first is {}: {}".format(
        len(differences), new["epochs"], first, differences[first]
    )
    if new["stack"] == recorded["stack"]:
        return False, count + "\nStack and processor are those of the record, so that every bit should be equal."
    here, then = printed_lines(new), printed_lines(recorded)
    lines = [epoch for epoch in sorted(here) if epoch <= HORIZON]
    wrong = [epoch for epoch in lines if here[epoch] != then[epoch]]
    other = [
        "  {}: {}, recorded on {}".format(name, new["stack"].get(name), value)
        for name, value in sorted(recorded["stack"].items())
        if new["stack"].get(name) != value
    ]
    why = "\n".join(["What ran it is not what ran the record:"] + other)
    if wrong:
        return False, "the printed lines differ before the horizon, epoch {}, at the epochs {}\n{}\n{}".format(
            HORIZON, ", ".join(map(str, wrong)), count, why
        )
    return True, (
        "data and op seeds are the record's, and so are the printed lines {}\n"
        "Not every bit is, and need not be: {}\n{}\n"
        "TensorFlow's kernels choose their instructions by the processor, and so the last digits."
    ).format("through epoch {}".format(lines[-1]) if lines else "(none was due)", count, why)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: compare.py NEW RECORDED")
    records = []
    for path in sys.argv[1:]:
        with open(path) as f:
            records.append(json.load(f))
    faithful, sentence = compare(*records)
    print(("FAITHFUL: " if faithful else "NOT FAITHFUL: ") + sentence)
    sys.exit(0 if faithful else 1)


if __name__ == "__main__":
    main()
