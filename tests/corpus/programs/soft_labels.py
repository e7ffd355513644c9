"""`softmax_cross_entropy_with_logits_v2`, whose labels get a gradient too: one network is drawn to another."""

SINCE = (1, 5)


def build(tf):
    x = tf.placeholder(tf.float32, [None, 6])
    student = tf.matmul(x, tf.get_variable("student", [6, 3]))
    teacher = tf.matmul(x, tf.get_variable("teacher", [6, 3]))
    labels = tf.nn.softmax(teacher / 2.0)
    loss = tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=student)
    tf.train.AdagradOptimizer(0.1).minimize(tf.reduce_sum(loss))
    tf.global_variables_initializer()


MISTAKES = [
    ("labels=labels", "labels=tf.stop_gradient(labels)"),
    ("teacher / 2.0", "teacher / 3.0"),
    ("entropy_with_logits_v2(", "entropy_with_logits("),
    ("AdagradOptimizer(0.1)", "AdagradOptimizer(0.1, initial_accumulator_value=0.2)"),
]
