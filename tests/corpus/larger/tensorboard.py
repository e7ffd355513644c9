"""A perceptron with its gradients in summaries."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, 784], name="InputData")
    y = tf.placeholder(tf.float32, [None, 10], name="LabelData")
    tf.summary.image("input", tf.reshape(x, [-1, 28, 28, 1]), max_outputs=4)
    W1 = tf.Variable(tf.random_normal([784, 256]), name="W1")
    W2 = tf.Variable(tf.random_normal([256, 10]), name="W2")
    b1 = tf.Variable(tf.random_normal([256]), name="b1")
    b2 = tf.Variable(tf.random_normal([10]), name="b2")
    with tf.name_scope("Model"):
        layer = tf.nn.relu(tf.add(tf.matmul(x, W1), b1))
        tf.summary.histogram("relu1", layer)
        pred = tf.add(tf.matmul(layer, W2), b2)
    with tf.name_scope("Loss"):
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=pred, labels=y))
    with tf.name_scope("SGD"):
        optimizer = tf.train.GradientDescentOptimizer(0.01)
        grads = tf.gradients(loss, tf.trainable_variables())
        grads = list(zip(grads, tf.trainable_variables()))
        optimizer.apply_gradients(grads_and_vars=grads)
    with tf.name_scope("Accuracy"):
        acc = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(pred, 1), tf.argmax(y, 1)), tf.float32))
    tf.global_variables_initializer()
    tf.summary.scalar("loss", loss)
    tf.summary.scalar("accuracy", acc)
    for var in tf.trainable_variables():
        tf.summary.histogram(var.name.replace(":", "_"), var)
    for grad, var in grads:
        tf.summary.histogram(var.name.replace(":", "_") + "/gradient", grad)
    tf.summary.merge_all()


MISTAKES = [
    ('+ "/gradient"', '+ "/grad"'),
    ("max_outputs=4", "max_outputs=3"),
    ('tf.summary.histogram("relu1", layer)', 'tf.summary.histogram("relu1", x)'),
]
