"""A single-shot detector: anchors, hard negatives, focal loss, overlaps and suppression."""

import numpy as np

SINCE = (1, 4)


def build(tf):
    N, C = 16, 4
    img = tf.placeholder(tf.float32, [None, 32, 32, 3])
    gtb = tf.placeholder(tf.float32, [None, N, 4])
    gtl = tf.placeholder(tf.int32, [None, N])
    anchors = tf.constant(np.random.RandomState(0).rand(N, 4).astype("f"))
    h = img
    for k, s in enumerate((2, 2, 2)):
        h = tf.layers.conv2d(
            h, 8 * (k + 1), 3, s, "same", activation=tf.nn.relu6, kernel_regularizer=tf.keras.regularizers.l2(1e-4)
        )
    loc = tf.reshape(tf.layers.conv2d(h, 4, 3, padding="same"), [-1, N, 4])
    cls = tf.reshape(tf.layers.conv2d(h, C, 3, padding="same"), [-1, N, C])
    pos = tf.cast(gtl > 0, tf.float32)
    npos = tf.reduce_sum(pos, 1)
    d = tf.abs(loc - gtb)
    sl1 = tf.reduce_sum(tf.where(d < 1, 0.5 * d * d, d - 0.5), -1)
    lloss = tf.reduce_sum(sl1 * pos, 1)
    ce = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=gtl, logits=cls)
    neg = ce * (1 - pos)
    k = tf.to_int32(tf.minimum(3.0 * tf.reduce_sum(pos), tf.reduce_sum(1 - pos)))
    top, _ = tf.nn.top_k(tf.reshape(neg, [-1]), k)
    thr = top[-1]
    nm = tf.stop_gradient(tf.cast(tf.greater_equal(neg, thr), tf.float32))
    closs = tf.reduce_sum(ce * (pos + nm * (1 - pos)), 1)
    p = tf.nn.sigmoid(cls)
    oh = tf.one_hot(gtl, C)
    pt = p * oh + (1 - p) * (1 - oh)
    focal = tf.reduce_sum(
        -(oh * 0.25 + (1 - oh) * 0.75) * tf.pow(1 - pt, 2.0) * tf.log(tf.clip_by_value(pt, 1e-7, 1.0))
    )
    loss = (
        tf.reduce_mean((lloss + closs) / tf.maximum(npos, 1.0))
        + tf.losses.huber_loss(gtb, loc, delta=0.5)
        + focal * 0.01
        + tf.losses.get_regularization_loss()
    )
    tf.train.MomentumOptimizer(0.01, 0.9).minimize(loss)
    # boxes
    cx = loc[..., :2] * anchors[:, 2:] * 0.1 + anchors[:, :2]
    wh = tf.exp(loc[..., 2:] * 0.2) * anchors[:, 2:]
    boxes = tf.concat([cx - wh / 2, cx + wh / 2], -1)

    def iou(a, b):
        tl = tf.maximum(a[:, None, :2], b[None, :, :2])
        br = tf.minimum(a[:, None, 2:], b[None, :, 2:])
        i = tf.reduce_prod(tf.maximum(br - tl, 0), 2)
        aa = tf.reduce_prod(a[:, 2:] - a[:, :2], 1)
        bb = tf.reduce_prod(b[:, 2:] - b[:, :2], 1)
        return i / (aa[:, None] + bb[None] - i)

    m = tf.map_fn(lambda ab: tf.argmax(iou(ab[0], ab[1]), 1), (boxes, gtb), dtype=tf.int64)
    tf.reduce_sum(m)
    scores = tf.nn.softmax(cls)[0]
    for c in range(1, 3):
        idx = tf.image.non_max_suppression(boxes[0], scores[:, c], 5, 0.45)
        b = tf.gather(boxes[0], idx)
        s = tf.gather(scores[:, c], idx)
        keep = tf.where(s > 0.3)
        tf.boolean_mask(b, s > 0.2)
        tf.gather_nd(b, keep)
    roi = tf.image.crop_and_resize(h, boxes[0], tf.zeros([N], tf.int32), [3, 3])
    tf.reduce_mean(roi)
    tf.image.draw_bounding_boxes(img, gtb)
    tf.global_variables_initializer()


MISTAKES = [
    ("d < 1,", "d < 2,"),
    ("3.0 * tf.reduce_sum(pos)", "2.0 * tf.reduce_sum(pos)"),
    ("delta=0.5", "delta=1.0"),
    ("wh / 2, cx", "wh, cx"),
    ("0.45)", "0.5)"),
]
