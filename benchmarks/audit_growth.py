"""How the audit's time grows with the graph, to 100,000 nodes; writes docs/benchmarks.md: `make bench-audit`.

The graphs are stacks of attention layers with Adam and its gradients, built twice; the second build is the port. Each
size is measured in a process of its own, because a process's peak memory never falls. Times are the processor's, so
that what else the machine does counts little.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tables import publish

from compat_v1.environment import import_tensorflow

ROOT = Path(__file__).parent.parent
LAYERS = (2, 6, 12, 24, 48, 96, 165)
WIDTH, HEADS, LENGTH, SIGNS = 8, 2, 5, 11
ROUNDS = 3  # the median of as many, of graphs of up to 12 layers; larger ones are measured once


def stack(layers):
    """Return the GraphDef of a stack of attention layers that learns to predict the next sign."""
    import tensorflow.compat.v1 as tf

    def norm(x):
        mean = tf.reduce_mean(x, axis=-1, keepdims=True)
        variance = tf.reduce_mean(tf.square(x - mean), axis=-1, keepdims=True)
        scale = tf.get_variable("scale", [WIDTH], initializer=tf.ones_initializer())
        return (x - mean) * tf.rsqrt(variance + 1e-5) * scale + bias(WIDTH)

    def bias(units):
        return tf.get_variable("bias", [units], initializer=tf.zeros_initializer())

    def dense(x, units, scope):
        with tf.variable_scope(scope):
            weight = tf.get_variable("weight", [x.shape[-1], units], initializer=tf.random_normal_initializer(0, 0.02))
            flat = tf.matmul(tf.reshape(x, [-1, x.shape[-1]]), weight) + bias(units)
            return tf.reshape(flat, [-1, LENGTH, units])

    def heads(x):
        return tf.transpose(tf.reshape(x, [-1, LENGTH, HEADS, WIDTH // HEADS]), [0, 2, 1, 3])

    def attention(x):
        query, key, value = map(heads, tf.split(dense(x, 3 * WIDTH, "look"), 3, axis=2))
        weights = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) * (WIDTH // HEADS) ** -0.5)
        mixed = tf.transpose(tf.matmul(weights, value), [0, 2, 1, 3])
        return dense(tf.reshape(mixed, [-1, LENGTH, WIDTH]), WIDTH, "mix")

    with tf.Graph().as_default() as graph:
        tf.disable_resource_variables()
        tf.set_random_seed(1)
        signs = tf.placeholder(tf.int32, [None, LENGTH], name="signs")
        embedding = tf.get_variable("embedding", [SIGNS, WIDTH], initializer=tf.random_normal_initializer(0, 0.02))
        x = tf.gather(embedding, signs)
        for layer in range(layers):
            with tf.variable_scope(f"layer{layer}"):
                with tf.variable_scope("attention"):
                    x += attention(norm(x))
                with tf.variable_scope("network"):
                    x += dense(tf.tanh(dense(norm(x), 4 * WIDTH, "in")), WIDTH, "out")
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=signs, logits=dense(x, SIGNS, "said"))
        tf.train.AdamOptimizer().minimize(tf.reduce_mean(losses))
        tf.global_variables_initializer()
    return graph.as_graph_def()


def measure(layers):
    """Return nodes; processor seconds of importing both graphs, of the audit, of one with a difference; peak MiB."""
    tf = import_tensorflow()
    from compat_v1.audit import audit

    graphs = stack(layers), stack(layers)
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
    for work in (imported, lambda: audited(graphs[1], "faithful"), lambda: audited(changed, "not faithful")):
        rounds = []
        for _ in range(ROUNDS if layers <= 12 else 1):
            begin = time.process_time()
            work()
            rounds.append(time.process_time() - begin)
        seconds.append(statistics.median(rounds))
    return [len(graphs[0].node), *seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]


def in_a_process(layers):
    command = [sys.executable, __file__, str(layers)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    print(layers, "layers:", done.stdout.strip(), file=sys.stderr)
    return json.loads(done.stdout)


def main():
    table = [
        "| layers | nodes | import of both | the audit without it | a node, to the first | if one differs | memory |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    smallest = None
    for layers in LAYERS:
        nodes, importing, auditing, differing, peak = in_a_process(layers)
        own = auditing - importing
        smallest = smallest or own / nodes
        table.append(
            f"| {layers} | {nodes} | {importing:.1f} s | {own:.1f} s | {own / nodes / smallest:.2f} | "
            f"{differing - importing:.1f} s | {peak:.0f} MiB |"
        )
    publish("audit growth", table)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
    else:
        main()
