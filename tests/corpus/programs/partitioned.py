"""Partitioned variables, looked up and multiplied, with sampled softmax and Ftrl."""


def build(tf):
    words = tf.placeholder(tf.int32, [None])
    labels = tf.placeholder(tf.int64, [None, 1])
    with tf.variable_scope("model", partitioner=tf.fixed_size_partitioner(2)):
        embedding = tf.get_variable("embedding", [20, 4], initializer=tf.random_uniform_initializer(-1.0, 1.0))
        weights = tf.get_variable("weights", [20, 4], initializer=tf.truncated_normal_initializer(stddev=0.3))
    biases = tf.get_variable("biases", [20], initializer=tf.zeros_initializer())
    h = tf.nn.embedding_lookup(embedding, words, partition_strategy="div")
    loss = tf.nn.sampled_softmax_loss(weights, biases, labels, h, 6, 20, partition_strategy="div")
    tf.train.FtrlOptimizer(0.1, l1_regularization_strength=0.001).minimize(tf.reduce_mean(loss))
    tf.matmul(h, tf.convert_to_tensor(weights), transpose_b=True, name="scores")
    tf.global_variables_initializer()


MISTAKES = [
    ("fixed_size_partitioner(2)", "fixed_size_partitioner(4)"),
    ('h, 6, 20, partition_strategy="div"', "h, 6, 20"),
    ("h, 6, 20", "h, 7, 20"),
    ("l1_regularization_strength", "l2_regularization_strength"),
    ("-1.0, 1.0", "-1.0, 0.5"),
]
