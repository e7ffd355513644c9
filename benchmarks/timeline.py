"""Where the time of an epoch goes, in the post's graph and in its unrolled copy: `make bench-profile`.

TensorFlow's own trace of both, op by op, on one thread, for the run that measures on the training set and updates.
"""

import statistics
from collections import Counter, defaultdict

from compat_v1.environment import import_tensorflow

import_tensorflow()

import tensorflow.compat.v1 as tf  # noqa: E402
from tables import publish  # noqa: E402

from compat_v1.training import feeds, fetches, load_data, new_network, new_session, new_unrolled_session  # noqa: E402

WARM_UP, RUNS = 20, 100
GROUPS = {
    "products of matrices": "MatMul",
    "transposes": "Transpose",
    "sigmoids and tanhs": "Sigmoid Tanh",
    "sums, products, derivatives": "Add AddV2 AddN Mul Sub Neg Square Sum SigmoidGrad TanhGrad",
    "slices and concatenations": "StridedSlice Slice ConcatV2 Pack Unpack",
    "what serves to loop": "Enter Merge Switch NextIteration Exit LoopCond StackV2 StackPushV2 StackPopV2",
}
GROUP = {op: group for group, ops in GROUPS.items() for op in ops.split()}
REST, BETWEEN = "everything else", "between the ops"


def profile(session, fetches, feed=None):
    """Return {group: (ops a run, microseconds a run, float)}."""
    metadata = tf.RunMetadata()
    session.run(fetches, feed, tf.RunOptions(output_partition_graphs=True), metadata)
    group_of = {node.name: GROUP.get(node.op, REST) for node in metadata.partition_graphs[0].node}
    microseconds = defaultdict(list)
    for _ in range(WARM_UP + RUNS):
        metadata = tf.RunMetadata()
        session.run(fetches, feed, tf.RunOptions(trace_level=tf.RunOptions.SOFTWARE_TRACE), metadata)
        nodes = [node for device in metadata.step_stats.dev_stats for node in device.node_stats]
        counts, times = Counter(), Counter()
        for node in nodes:
            group = group_of.get(node.node_name, REST)
            counts[group] += 1
            times[group] += (node.op_end_rel_nanos - node.op_start_rel_nanos) / 1000
        ends = [node.all_start_micros + node.all_end_rel_micros for node in nodes]
        times[BETWEEN] = max(ends) - min(node.all_start_micros for node in nodes) - sum(times.values())
        for group, time in times.items():
            microseconds[group].append(time)
    return {group: (counts[group], statistics.median(times[WARM_UP:])) for group, times in microseconds.items()}


def main():
    graph, network = new_network(graph_seed=1)
    data = load_data(6, draw=1)
    session = new_session(graph, inter_op_threads=1)
    session.run(network.initializer)
    unrolled_session, _, unrolled_fetches = new_unrolled_session(session, network, data, inter_op_threads=1)
    looped = profile(session, fetches(network)[1], feeds(network, data)[0])
    unrolled = profile(unrolled_session, unrolled_fetches)

    whole = sum(time for _, time in looped.values())
    table = ["| | the loop: ops | time | unrolled: ops | time |", "| --- | ---: | ---: | ---: | ---: |"]
    totals = [0, 0.0, 0, 0.0]
    for group in [*GROUPS, REST, BETWEEN]:
        row = [*looped.get(group, (0, 0.0)), *unrolled.get(group, (0, 0.0))]
        totals = [total + value for total, value in zip(totals, row, strict=True)]
        table.append(line(group, row, whole))
    table.append(line("**all**", totals, whole))
    publish("profile", table)


def line(what, row, whole):
    """Return a line of the table; times are shares of the looped run's."""
    ops, time, unrolled_ops, unrolled_time = row
    return f"| {what} | {ops or ''} | {time / whole:.0%} | {unrolled_ops or ''} | {unrolled_time / whole:.0%} |"


if __name__ == "__main__":
    main()
