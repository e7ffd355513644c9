"""Stacks of attention layers, with Adam and its gradients, built under TensorFlow 1.15.5 or today's.

python attention.py LAYERS FILE    # writes the GraphDef
"""

import sys
from pathlib import Path

import tensorflow.compat.v1 as tf

WIDTH, HEADS, LENGTH, SIGNS = 8, 2, 5, 11


def stack(layers):
    """Return the GraphDef of a stack of attention layers that learns to predict the next sign."""

    def norm(x):
        mean = tf.reduce_mean(x, axis=-1, keepdims=True)
        variance = tf.reduce_mean(tf.square(x - mean), axis=-1, keepdims=True)
        scale = tf.get_variable("scale", [WIDTH], initializer=tf.ones_initializer())
        return (x - mean) * tf.rsqrt(variance + 1e-5) * scale + bias(WIDTH)

    def bias(units):
        return tf.get_variable("bias", [units], initializer=tf.zeros_initializer())

    def dense(x, units, scope):
        with tf.variable_scope(scope):
            width = x.shape.as_list()[-1]
            weight = tf.get_variable("weight", [width, units], initializer=tf.random_normal_initializer(0, 0.02))
            flat = tf.matmul(tf.reshape(x, [-1, width]), weight) + bias(units)
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


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(stack(int(sys.argv[1])).SerializeToString())
