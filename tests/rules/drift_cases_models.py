"""Both forms of what compiled models of `tf.keras` are made of, for `CASES`: their losses, metrics and updates."""

import tensorflow.compat.v1 as tf

from drift_cases import case, floats, out

raw = tf.raw_ops


@case("weights of one")
def _(new, mistake):
    x = raw.Sum(input=floats(None, 3), axis=[1])
    one = 2.0 if mistake else 1.0
    weights = tf.constant(one) if new else raw.Mul(x=1.0, y=raw.Fill(dims=raw.Shape(input=x), value=1.0))
    loss = raw.Mul(x=x, y=weights)
    given = raw.Tanh(x=loss)
    back = raw.Mul(x=given, y=weights)
    product = raw.Mul(x=x, y=given)
    if new:
        raw.Sum(input=product, axis=[0])
    out(raw.AddV2(x=raw.Exp(x=back), y=raw.Sum(input=loss, axis=[0])))


@case("counted as a whole")
def _(new, mistake):
    labels = floats(None, 1, name="labels")
    matches = raw.Cast(x=raw.Less(x=floats(None, 3)[:, 0], y=raw.Squeeze(input=labels, axis=[1])), DstT=tf.float32)
    if new:
        matches = raw.Reshape(tensor=matches, shape=raw.Shape(input=labels))
    total = raw.Sum(input=matches, axis=([0] if mistake else [0, 1]) if new else [0])
    size = raw.Cast(x=raw.Size(input=matches), DstT=tf.float32)
    out(raw.DivNoNan(x=total, y=size))


@case("loss and penalties")
def _(new, mistake):
    x = floats(None, 3)
    total = raw.Sum(input=x, axis=[0, 1])
    loss = raw.Mul(x=1.0, y=raw.DivNoNan(x=total, y=raw.Sum(input=raw.Abs(x=x), axis=[0, 1])))
    penalty = loss if mistake else raw.Exp(x=raw.Tanh(x=total))
    out(raw.AddN(inputs=[loss, penalty]) if new else raw.AddV2(x=loss, y=penalty))


@case("nothing to wait for")
def _(new, mistake):
    x = floats(None, 3)
    waited = [] if new else [tf.no_op()]
    if mistake:
        waited = [tf.Assert(raw.Less(x=x[0, 0], y=99.0), ["too large"])]
    with tf.control_dependencies(waited):
        out(raw.Exp(x=x))


def _updated(new, mistake, read=False):
    """Two variables that are updated, and a step that is counted after both; `read`: the older form reads it again."""
    x = floats(3)
    names = ("v", "w")
    handles = {one: raw.VarHandleOp(dtype=tf.float32, shape=[3], shared_name=one, name=one) for one in names}
    first = [
        raw.AssignVariableOp(resource=handle, value=tf.ones([3]), name=f"{n}/Assign") for n, handle in handles.items()
    ]
    step = raw.VarHandleOp(dtype=tf.int64, shape=[], shared_name="step", name="step")
    begun = raw.AssignVariableOp(resource=step, value=tf.constant(0, tf.int64), name="step/Assign")
    with tf.control_dependencies([*first, begun]):
        updates = [raw.AssignAddVariableOp(resource=handle, value=x) for handle in handles.values()]
    if new:
        updates = [tf.group(*updates[: 1 if mistake else 2])]
    with tf.control_dependencies(updates):
        one = tf.constant(1, tf.int64)
    counted = raw.AssignAddVariableOp(resource=step, value=one)
    with tf.control_dependencies([counted]):
        if read and not new:
            raw.ReadVariableOp(resource=step, dtype=tf.int64)
        number = raw.ReadVariableOp(resource=step, dtype=tf.int64)
        value = raw.ReadVariableOp(resource=handles["w"], dtype=tf.float32)
    out(raw.AddV2(x=value, y=raw.Cast(x=number, DstT=tf.float32)))


@case("waits in groups")
def _(new, mistake):
    _updated(new, mistake)


@case("read no more")
def _(new, mistake):
    _updated(new, mistake, read=True)


@case("wide conditions")
def _(new, mistake):
    x, y = floats(4, 3), floats(4, 3, name="y")
    mask = raw.Less(x=raw.Sum(input=x, axis=[1], keep_dims=True), y=0.0)
    if mistake:
        mask = raw.LogicalNot(x=mask)
    mask = mask if new else raw.Tile(input=mask, multiples=[1, 3])
    out(raw.SelectV2(condition=mask, t=x, e=y) if new else raw.Select(condition=mask, x=x, y=y))
