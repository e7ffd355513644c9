"""How the audit's time grows with the graph, to 100,000 nodes; writes docs/benchmarks.md: `make bench-audit`.

The graphs are stacks of attention layers with Adam and its gradients; TensorFlow 1.15.5 builds the original, today's
the port. Each size is measured in a process of its own, because a process's peak memory never falls. Times are the
processor's, and of some rounds the least: what else the machine does only adds to them.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tables import publish

from compat_v1.environment import import_tensorflow

ROOT = Path(__file__).parent.parent
WITNESS = ROOT / ".venv-tf1.15.5/bin/python"
LAYERS = (3, 12, 33, 66, 148)  # as many nodes as GPT-2 has with 2 layers, and, the third, with 24
ROUNDS = 3  # of graphs of up to 33 layers; larger ones are measured once


def measure(layers):
    """Return nodes; processor seconds of importing both graphs, of the audit, of one with a difference; peak MiB."""
    tf = import_tensorflow()
    from attention import stack

    from compat_v1.audit import audit, read_graph_def

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "original.pb"
        subprocess.run([WITNESS, "-W", "ignore", ROOT / "benchmarks/attention.py", str(layers), file], check=True)
        graphs = read_graph_def(file), stack(layers)
    changed = tf.compat.v1.GraphDef.FromString(graphs[1].SerializeToString())
    (rate,) = (node for node in changed.node if node.name == "Adam/learning_rate")
    rate.attr["value"].tensor.float_val[:] = [0.002]

    def imported():
        for graph_def in graphs:
            with tf.Graph().as_default():
                tf.compat.v1.import_graph_def(graph_def, name="")

    def audited(port, verdict):
        result = audit(graphs[0], port)
        assert result.verdict == verdict, (result.verdict, result.differences[:3])

    seconds = []
    for work in (imported, lambda: audited(graphs[1], "numbers changed"), lambda: audited(changed, "not faithful")):
        rounds = []
        for _ in range(ROUNDS if layers <= 33 else 1):
            begin = time.process_time()
            work()
            rounds.append(time.process_time() - begin)
        seconds.append(min(rounds))
    return [len(graphs[0].node), *seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]


def in_a_process(layers):
    command = [sys.executable, __file__, str(layers)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    print(layers, "layers:", done.stdout.strip(), file=sys.stderr)
    return json.loads(done.stdout)


def main():
    table = [
        "| layers | nodes | import of both | audit | without import | a node, to the first | if one differs | memory |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    smallest = None
    for layers in LAYERS:
        nodes, importing, auditing, differing, peak = in_a_process(layers)
        own = auditing - importing
        smallest = smallest or own / nodes
        table.append(
            f"| {layers} | {nodes} | {importing:.1f} s | {auditing:.1f} s | {own:.1f} s | "
            f"{own / nodes / smallest:.2f} | {differing:.1f} s | {peak:.0f} MiB |"
        )
    publish("audit growth", table)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
    else:
        main()
