"""What other instructions change of a run, on one machine: writes the second table of docs/matrix.md. `make machines`.

A library that chooses its kernels by the processor can be told to see a smaller one: so one stands for others.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from compat_v1.proof.golden import golden
from compat_v1.proof.rows import NOT_FAITHFUL
from compat_v1.records import read_record, series_names
from original.record_format import DEFAULT_SEED, HORIZON

PAGE = Path(__file__).parent / "matrix.md"
EPOCHS = 400
SETTINGS = {
    "as the records are made: oneDNN off": {},
    "oneDNN on": {"TF_ENABLE_ONEDNN_OPTS": "1"},
    "oneDNN on, AVX2 at most": {"TF_ENABLE_ONEDNN_OPTS": "1", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "products by oneDNN's kernel, AVX2 at most": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    "products by oneDNN's kernel, SSE4.1 at most": {"ONEDNN_MAX_CPU_ISA": "SSE41"},
    "products by Eigen's kernel": {"TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL": "0"},
}
HEAD = f"| setting | last digits differ from epoch | printed lines as TensorFlow 1.0.1's | verdict on {EPOCHS} epochs |"


def run(record, setting):
    """Train with these environment variables into the file `record`; return it and the verdict, as a text."""
    program, environment = [sys.executable, "-m", "compat_v1"], {**os.environ, **setting}
    train = [
        *program,
        "train",
        f"--epochs={EPOCHS}",
        "--execution=one-run",
        f"--record={record}",
        f"--logdir={record}.logs",
    ]
    subprocess.run(train, env=environment, check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run([*program, "verify", "--json", record], env=environment, capture_output=True, text=True)
    if not done.stdout:  # a status of 1 alone says nothing: Python ends with it too
        sys.exit(done.stderr)
    judgement = json.loads(done.stdout)
    failed = [row["what"] for row in judgement["rows"] if row["verdict"] == NOT_FAITHFUL]
    return read_record(record), ": ".join([judgement["verdict"], *failed[:1]])


def first_difference(one, other):
    """Return the first epoch at which two records of as many epochs differ in any digit, "none" if there is none."""
    differing = [
        epoch
        for part, field in series_names()
        for epoch, here, there in zip(
            one.series(part, "epoch"), one.series(part, field), other.series(part, field), strict=True
        )
        if here != there
    ]
    return min(differing, default="none")


def lines_alike(record):
    """Return through which epoch a record prints what TensorFlow 1.0.1 printed."""
    there, last = golden("1.0.1", DEFAULT_SEED, 1).printed_lines(), 0
    for epoch, line in record.printed_lines().items():
        if line != there[epoch]:
            break
        last = epoch
    return last


def main():
    rows, base = [], None
    for what, setting in SETTINGS.items():
        with tempfile.TemporaryDirectory() as folder:
            record, verdict = run(Path(folder) / "record.json", setting)
        base = base or record
        lines = lines_alike(record)
        rows.append(f"| {what} | {first_difference(record, base)} | through epoch {lines} | {verdict} |")
        print(rows[-1], flush=True)
    before, rest = PAGE.read_text().split("<!-- machines -->\n")
    after = rest.split("<!-- end machines -->")[1]
    notes = (
        f"Measured on {base.stack.cpu.split(' sse')[0]}, TensorFlow {base.stack.tensorflow}; the horizon is {HORIZON}."
    )
    table = "\n".join([HEAD, "| --- | --- | --- | --- |", *rows, "", notes])
    PAGE.write_text(f"{before}<!-- machines -->\n{table}\n<!-- end machines -->{after}")


if __name__ == "__main__":
    main()
