"""A detector of one stage and its suppression of overlaps."""

SINCE = (1, 4)


def build(tf):
    x = tf.placeholder(tf.float32, [None, 32, 32, 3])
    truth = tf.placeholder(tf.float32, [None, 4, 4, 7])
    h = tf.layers.conv2d(x, 8, 3, 2, padding="same", activation=tf.nn.leaky_relu)
    h = tf.layers.conv2d(h, 8, 3, 4, padding="same")
    h = tf.layers.conv2d(h, 7, 1)
    h = tf.reshape(h, [-1, 4, 4, 7])
    grid = tf.meshgrid(tf.range(4), tf.range(4))
    grid = tf.cast(tf.stack(grid, -1), tf.float32)
    xy = (tf.sigmoid(h[..., :2]) + grid) / tf.cast(4, tf.float32)
    wh = tf.exp(h[..., 2:4]) * 0.1
    conf = tf.sigmoid(h[..., 4:5])
    prob = tf.nn.softmax(h[..., 5:])
    mins, maxs = xy - wh / 2.0, xy + wh / 2.0
    tmins, tmaxs = truth[..., :2] - truth[..., 2:4] / 2.0, truth[..., :2] + truth[..., 2:4] / 2.0
    iwh = tf.maximum(tf.minimum(maxs, tmaxs) - tf.maximum(mins, tmins), 0.0)
    inter = iwh[..., 0] * iwh[..., 1]
    area = wh[..., 0] * wh[..., 1] + truth[..., 2] * truth[..., 3]
    iou = inter / (area - inter + 1e-8)
    obj = truth[..., 4]
    noobj = 0.5
    w, tw = wh, truth[..., 2:4]
    l = tf.reduce_sum(obj * tf.reduce_sum(tf.square(xy - truth[..., :2]), -1)) + tf.reduce_sum(
        obj[..., None] * tf.square(tf.sqrt(w + 1e-6) - tf.sqrt(tw))
    )
    ignore = tf.cast(iou < 0.6, tf.float32)
    l += tf.reduce_sum(obj * tf.square(conf[..., 0] - iou) + noobj * (1 - obj) * ignore * tf.square(conf[..., 0]))
    l += tf.reduce_sum(tf.boolean_mask(tf.square(prob - truth[..., 5:]), tf.cast(obj, tf.bool)))
    tf.train.AdamOptimizer(1e-3).minimize(l)
    scores = tf.reshape(tf.reduce_max(conf * prob, -1)[0], [-1])
    boxes = tf.reshape(tf.concat([mins, maxs], -1)[0], [-1, 4])
    keep = tf.image.non_max_suppression(boxes, scores, 5, iou_threshold=0.5)
    tf.gather(boxes, keep)
    mask = scores >= 0.3
    tf.boolean_mask(boxes, mask)
    tf.where(mask)
    tf.global_variables_initializer()


MISTAKES = [
    ("iou_threshold=0.5", "iou_threshold=0.4"),
    ("tf.sqrt(w", "tf.square(w"),
    ("noobj = 0.5", "noobj = 0.6"),
]
