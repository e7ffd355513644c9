"""Products of a factor and a logarithm, which are one op since TensorFlow 1.13, for `older_ops.py`."""

import tensorflow as tf

from compat_v1.audit.forms import Older

CAUSE = "factor of a logarithm"
_WRITTEN = {"Xlogy": (tf.math.xlogy, tf.math.log), "Xlog1py": (tf.math.xlog1py, tf.math.log1p)}


class Product(Older):
    """The op, which is 0 where the factor is, and was a product, no number where the logarithm has none either."""

    causes = (CAUSE,)

    def __init__(self, op, original):
        super().__init__(original)
        self.op, self.y, (self.factor, self.x) = op, op.outputs[0], op.inputs
        self.taken = [one for one in op.inputs if one.op.type != "Const"]

    def newer(self):
        """Build the result as TensorFlow does by now."""
        return (_WRITTEN[self.op.type][0](self.factor, self.x),)

    def first(self):
        """Build the result as TensorFlow did until 1.12."""
        return self.factor * _WRITTEN[self.op.type][1](self.x)

    def gradients(self):
        """Yield the gradients that arrive, as they seem: what the logarithm is multiplied by besides."""
        for user in self.x.consumers():
            for product in user.outputs[0].consumers() if user.type == self.op.type and user is not self.op else ():
                if product.type == "Mul":
                    yield next(one for one in product.inputs if one is not user.outputs[0])


def products(op, original):
    """Yield the product that an op is, if it is none of the gradient for a factor: whether that is 0, and no more."""
    cast = op.inputs[0].op
    if cast.type != "Cast" or cast.inputs[0].op.type != "NotEqual":
        yield Product(op, original)
