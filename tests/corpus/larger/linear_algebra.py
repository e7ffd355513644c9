"""Regression by a Cholesky factor, solutions, determinants and inverses."""


def build(tf):
    A = tf.placeholder(tf.float32, [20, 3])
    b = tf.placeholder(tf.float32, [20, 1])
    W = tf.Variable(tf.random_normal([3, 3]))
    AW = tf.matmul(A, W)
    tA_A = tf.matmul(tf.transpose(AW), AW) + tf.eye(3)
    L = tf.cholesky(tA_A)
    tA_b = tf.matmul(tf.transpose(A), b)
    sol1 = tf.matrix_solve(L, tA_b)
    sol2 = tf.matrix_solve(tf.transpose(L), sol1)
    det = tf.matrix_determinant(tA_A)
    inv = tf.matrix_inverse(tA_A)
    loss = (
        tf.reduce_sum(sol2 * tf.matmul(inv, tA_b))
        + 0.5 * tf.log(det)
        + tf.trace(tA_A)
        + tf.reduce_sum(tf.matrix_diag_part(L))
    )
    tf.train.GradientDescentOptimizer(0.01).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.cholesky(tA_A)", "tf.cholesky(tf.transpose(tA_A))"),
    ("0.5 * tf.log(det)", "0.4 * tf.log(det)"),
]
