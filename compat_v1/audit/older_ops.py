"""What releases from 1.0 to 1.13 made of other ops than today's TensorFlow: leaky relus, what is clipped, and more.

The two compute other numbers, if only where there is none, or a zero: no rule makes one of the other. But a port can be
compared as if it had the older form: the newer one, with its gradients, is built here once more; where the port has it
op by op, it gives way to the older, which is compared as ever.
"""

import tensorflow as tf

from compat_v1.audit import densities, leaky, logarithms
from compat_v1.audit.branched import Branched
from compat_v1.audit.forms import Older, Original

v1 = tf.compat.v1
BY_NORM, BY_VALUE, HUBER = "norm of 0", "gradient of what is clipped", "square of huber_loss"
SQUARES = "regularizer of squares"
_LAST = 27  # the version of graphs of TensorFlow 1.13
_ZEROS = ("Select", "SelectV2")


def written_out(verification):
    """Return ({cause: names of such ops in the port}, the port's GraphDef with the older forms), or None."""
    original, port = (side.normal for side in verification.pairing.sides)
    if original.graph.graph_def.versions.producer > _LAST or not verification.findings:
        return None
    differing = {name for one in verification.findings if one.other for name in one.other.names}
    forms = {op: form for op, (form, is_older) in _FORMS.items() if is_older(original.graph)}
    names = [name for name, node in port.graph.nodes.items() if node.op in forms and not port.graph.frames[name]]
    names = [one for one in names if one not in port.graph.conditional and _meets(port.graph, one, differing)]
    if not names:
        return None
    names.sort(key=lambda name: port.graph.nodes[name].op != "LeakyReluGrad")  # which tell what is made of zeros
    asked = _asked(original.graph)
    rewritten = Branched(port, names, lambda op: forms[op.type](op, asked))
    return (rewritten.causes, rewritten.graph_def()) if rewritten.causes else None


def _meets(graph, name, names):
    """Whether a node, or one near it, is among some: one that it takes, that takes it, or that takes the same."""
    near = {name, *(maker for maker, _ in graph.inputs[name]), *(user for user, _ in graph.users[name])}
    near |= {user for maker, _ in graph.inputs[name] for user, _ in graph.users[maker]}
    return not names.isdisjoint(near)


def _ops(graph, *ops):
    return [name for name, node in graph.nodes.items() if node.op in ops]


class ByValue(Older):
    """What is clipped by two ops, which was one."""

    causes = (BY_VALUE,)

    def __init__(self, larger, original):
        super().__init__(original)
        smaller = larger.inputs[0].op
        self.x, self.most = smaller.inputs
        self.least, self.y, self.smaller = larger.inputs[1], larger.outputs[0], smaller.outputs[0]
        self.taken = [self.x, *(one for one in (self.least, self.most) if one.op.type != "Const")]

    def newer(self):
        """Build the result as TensorFlow does by now."""
        return (tf.maximum(tf.minimum(self.x, self.most), self.least),)

    def first(self):
        """Build the result as TensorFlow 1.8 did."""
        return tf.raw_ops.ClipByValue(t=self.x, clip_value_min=self.least, clip_value_max=self.most)

    def gradients(self):
        """Yield the gradients that arrive, as they seem: what is chosen where the smaller is not below the least."""
        for asked in self.smaller.consumers():
            for user in asked.outputs[0].consumers() if asked.type == "GreaterEqual" else ():
                if user.type in _ZEROS and user.inputs[0].op is asked:
                    yield user.inputs[1]


class ByNorm(Older):
    """What is clipped by its norm: where that is 0, its gradient was no number."""

    causes = (BY_NORM,)

    def __init__(self, quotient, y, axes, limit, original):
        super().__init__(original)
        self.x, self.y, self.axes = quotient.inputs[0].op.inputs[0], y, axes
        self.limit, self.taken = limit, [self.x]
        self.divisor, self.quotient = quotient.inputs[1], quotient

    def last(self):
        """Return the quotient, which is copied."""
        return self.quotient

    def newer(self):
        """Build the result as TensorFlow does by now."""
        return (tf.clip_by_norm(self.x, self.limit, self.axes),)

    def first(self):
        """Build the result as TensorFlow did until 1.8, or with the inverse of the norm until 1.4."""
        total = tf.reduce_sum(self.x * self.x, self.axes, keepdims=True)
        if self.original.inverts:
            return tf.identity(self.x * self.limit * tf.minimum(tf.math.rsqrt(total), tf.constant(1.0) / self.limit))
        return tf.identity(self.x * self.limit / tf.maximum(tf.sqrt(total), self.limit))

    def gradients(self):
        """Yield the gradients that arrive, as they seem: what is divided by the divisor besides."""
        for user in self.divisor.consumers():
            if user.type == "RealDiv" and user is not self.quotient and user.inputs[1] is self.divisor:
                yield user.inputs[0]


class Square(Older):
    """A square of huber_loss, which was a power."""

    causes = (HUBER,)

    def __init__(self, op, original):
        super().__init__(original)
        self.op, self.x, self.y = op, op.inputs[0], op.outputs[0]
        self.taken = [self.x]

    def newer(self):
        """Build the result as TensorFlow does by now."""
        return (tf.multiply(self.x, self.x),)

    def first(self):
        """Build the result as TensorFlow did until 1.4."""
        return tf.pow(self.x, 2)

    def gradients(self):
        """Yield the gradients that arrive, as they seem: what the tensor is multiplied by."""
        for user in self.x.consumers():
            if user.type == "Mul" and user is not self.op and user.inputs[0] is not user.inputs[1]:
                yield next(one for one in user.inputs if one is not self.x)


class Squares(Older):
    """A regularizer of squares, which summed them when each was multiplied by the rate, beginning with 0."""

    causes = (SQUARES,)

    def __init__(self, product, original):
        super().__init__(original)
        self.product, self.y, self.x = product, product.outputs[0], product.inputs[1].op.inputs[0]
        self.twice, self.taken = tf.get_static_value(product.inputs[0]), [self.x]

    def newer(self):
        """Build the result as TensorFlow does by now."""
        return (tf.constant(self.twice) * tf.nn.l2_loss(self.x),)

    def first(self):
        """Build the result as TensorFlow did until 1.12."""
        return tf.constant(0.0, self.x.dtype) + tf.reduce_sum(tf.constant(self.twice / 2) * tf.square(self.x))

    def gradients(self):
        """Yield the gradients that arrive, as they seem: what the rate is multiplied by besides."""
        for user in self.product.inputs[0].consumers():
            if user.type == "Mul" and user is not self.product:
                yield next(one for one in user.inputs if one is not self.product.inputs[0])


def _by_value(op, original):
    if op.inputs[0].op.type == "Minimum":
        yield ByValue(op, original)


def _by_norm(op, original):
    """Yield what a quotient may be that is clipped by its norm."""
    divisor, product = op.inputs[1].op, op.inputs[0].op
    copies = [user.outputs[0] for user in op.outputs[0].consumers() if user.type == "Identity"]
    if divisor.type != "Maximum" or product.type != "Mul" or not copies:
        return
    chosen, limit = divisor.inputs[0].op, tf.get_static_value(divisor.inputs[1])
    if chosen.type not in _ZEROS or limit is None or limit.shape != () or limit.dtype != "float32":
        return
    total = chosen.inputs[2].op
    if total.type == "Sum":
        yield ByNorm(op, copies[0], total.inputs[1], limit.item(), original)


def _square(op, original):
    """Yield what half of may be the smaller part of a huber_loss."""
    if op.inputs[0] is not op.inputs[1] or op.inputs[0].op.type != "Minimum":
        return
    halves = [user for user in op.outputs[0].consumers() if user.type == "Mul"]
    if any(tf.get_static_value(one) == 0.5 for user in halves for one in user.inputs):
        yield Square(op, original)


def _regularizers(op, original):
    """Yield the regularizers that half a sum of squares may be of."""
    for user in op.outputs[0].consumers():
        rate = tf.get_static_value(user.inputs[0]) if user.type == "Mul" and user.inputs[1].op is op else None
        if rate is not None and rate.shape == () and rate.dtype == "float32":
            yield Squares(user, original)


def _weighs_squares(graph):
    """Whether a sum is of squares that were multiplied by a number each."""
    weighed = [graph.inputs[name][0][0] for name in _ops(graph, "Sum")]
    return any(
        [graph.nodes[maker].op for maker, _ in graph.inputs[name]] == ["Const", "Square"]
        for name in weighed
        if graph.nodes[name].op == "Mul"
    )


def _asked(graph):
    """Return what the forms ask of an original: gates are copies that wait for a group, inverses came until 1.4."""
    controls = [graph.controls[name] for name in _ops(graph, "Identity")]
    gated = any([graph.nodes[one].op for one in waits] == ["NoOp"] for waits in controls)
    limited = [maker for name in _ops(graph, "Minimum") for maker, _ in graph.inputs[name]]
    return Original(gated, any(graph.nodes[maker].op == "Rsqrt" for maker in limited))


_FORMS = {
    "LeakyRelu": (leaky.relus, lambda graph: not _ops(graph, "LeakyRelu")),
    "LeakyReluGrad": (leaky.gradients, lambda graph: not _ops(graph, "LeakyRelu")),
    "Maximum": (_by_value, lambda graph: bool(_ops(graph, "ClipByValue"))),
    "Sub": (densities.densities, densities.is_first),
    "RealDiv": (_by_norm, lambda graph: bool(_ops(graph, "Sqrt", "Rsqrt"))),
    "L2Loss": (_regularizers, _weighs_squares),
    "Xlogy": (logarithms.products, lambda graph: not _ops(graph, "Xlogy")),
    "Xlog1py": (logarithms.products, lambda graph: not _ops(graph, "Xlog1py")),
    "Mul": (_square, lambda graph: bool(_ops(graph, "Pow"))),
}
