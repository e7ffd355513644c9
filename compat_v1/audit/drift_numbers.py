"""What TensorFlow changed in its numbers, for `drift.py`: what changed, since when, what to write in the port."""

from compat_v1.audit.drift_entries import Change

NUMBERS = {
    "order of a sum": Change(
        "the gradient of what is used more than twice is summed in another order, at once or in parts, or was as the "
        "terms came",
        "1.15 to 2.21",
        "the last bits differ; no program can choose the order, but of what it adds up itself over a layer's variables",
    ),
    "zero in a cross entropy": Change(
        "the gradient of a cross entropy in a loop has zeros added to it, or has not",
        "1.0 to 1.15, 1.15 to 2.21",
        "only the sign of a zero may differ; no program can choose that",
    ),
    "order of rows": Change(
        "the gradient for embeddings that are looked up and combined has its rows sorted, had them as they were first "
        "looked up",
        "1.15 to 2.21",
        "a row's numbers are the same but for the sign of a zero; where all rows are added up, as for a norm, the last "
        "bits differ; for the old ones take the rows by tf.unique and tf.gather and combine those in the port",
    ),
    "order of look-ups": Change(
        "where tf.nn.embedding_lookup and tf.gather take rows of one variable, the gradient has those of the look-up "
        "later than before",
        "1.1 to 1.15",
        "rows of one number are added in another order, so that the last bits differ; for the old ones write "
        "tf.identity(tf.gather(x, i)) for what is gathered in the port",
    ),
    "rows subtracted once": Change(
        "plain gradient descent takes from a row that embedding_lookup_sparse looked up for several weights the sum of "
        "what each asks for, took away one after the other",
        "1.8 to 1.12",
        "the last bits of such rows differ; for the old ones look them up by tf.nn.embedding_lookup(table, ids.values) "
        "and add them up, times their weights, by tf.segment_sum in the port",
    ),
    "order of rows that are taken": Change(
        "the gradient of a variable of which rows are taken more than once has them in another order, as what is made "
        "of them is computed by other ops",
        "1.0 to 1.15",
        "rows of one number are added in another order, so that the last bits differ; no program can choose the order",
    ),
    "gradient of a sum of rows": Change(
        "the gradient of tf.sparse_segment_sum is an op, and was a sum of the gradients for the segments",
        "1.15 to 2.21",
        "only the sign of a zero may differ; for the old one write tf.segment_sum(tf.gather(x, indices), segments)",
    ),
    "weights without sum": Change(
        "embedding_lookup_sparse gives 0 where the weights of a segment add up to 0, gave infinity or no number",
        "1.15 to 2.21",
        "elsewhere it is the same; where weights may add up to 0 the old program could not be trained",
    ),
    "window without sum": Change(
        "tf.signal.inverse_stft_window_fn is 0 where the squares of the window add up to 0, was infinity or no number",
        "1.15 to 2.21",
        "elsewhere it is the same; where they may add up to 0 the old program gave no number",
    ),
    "gradient of a mean waits": Change(
        "the gradient of a mean counts along the axes that the mean was given, and so waits for what these wait for",
        "1.15 to 2.21",
        "a training step runs what tf.control_dependencies asks for around the mean, and did not; for the old way "
        "write tf.reduce_mean(x, axis) with an axis that is a tensor, made before, in the port",
    ),
    "regularizer of squares": Change(
        "tf.keras.regularizers.l2 is 2 * rate * tf.nn.l2_loss(w), was rate * tf.reduce_sum(tf.square(w)), and until "
        "1.12 0.0 + tf.reduce_sum(rate * tf.square(w))",
        "1.12 to 1.15, 1.15 to 2.21",
        "the last bits differ; for the old ones write the old form, as a function of w, in the port",
    ),
    "cast in Sequential": Change(
        "tf.keras.Sequential makes floating-point numbers of the whole numbers that it is given",
        "1.15 to 2.21",
        "up to 2 ** 24 these are the same numbers; for larger ones call the layers one after the other in the port",
    ),
    "least epsilon": Change(
        "fused batch normalization takes an epsilon below 1.001e-5 as it is, took 1.001e-5 for it, or 1e-5 + 1e-12; so "
        "does its gradient's gradient",
        "1.0 to 1.15, 1.15 to 2.21",
        "write epsilon=1.001e-5 in the port, from the first releases 1e-5 + 1e-12",
    ),
    "fused batch normalization": Change(
        "tf.layers.batch_normalization of images is one op, was made of several",
        "1.2 to 1.8",
        "the last bits differ, and the moving variance is larger, of n elements by n / (n - 1); for the old ones write "
        "fused=False in the port",
    ),
    "rate of fused averages": Change(
        "tf.layers.batch_normalization of images moves its averages by 1 - momentum as floats give it, did by what "
        "Python computed",
        "1.4 to 1.8",
        "the last bits of the averages differ; for the old ones write the layer out, with tf.nn.fused_batch_norm and "
        "tf.assign_sub(average, (average - statistic) * rate), in the port",
    ),
    "fused layer normalization": Change(
        "tf.keras.layers.LayerNormalization is one op, was made of several",
        "1.15 to 2.21",
        "the last bits differ; for the old ones write it out in the port, with mean, variance = "
        "tf.nn.moments(x, axis, keepdims=True) and tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)",
    ),
    "softmax of Keras": Change(
        "tf.keras.activations.softmax of more than two axes is one op, was made of several",
        "1.15 to 2.21",
        "the last bits differ; for the old ones write e = tf.exp(x - tf.reduce_max(x, -1, keepdims=True)) and "
        "e / tf.reduce_sum(e, -1, keepdims=True) in the port",
    ),
    "cross entropy of Keras": Change(
        "tf.keras.losses take the logits of a softmax of more than two axes, took its probabilities between 1e-7 and "
        "1 - 1e-7",
        "1.15 to 2.21",
        "so a loss could not exceed 16.12, and what is so wrong had no gradient; for the old ones write the softmax as "
        "e = tf.exp(x - tf.reduce_max(x, -1, keepdims=True)) and e / tf.reduce_sum(e, -1, keepdims=True) in the port",
    ),
    "dot product of Keras": Change(
        "tf.keras.layers.Dot multiplies batches of matrices that it has transposed, summed a product of rows, or had "
        "the product transpose",
        "1.15 to 2.21",
        "the last bits differ; for the old ones write tf.expand_dims(tf.reduce_sum(x * y, 1), 1) in the port, or "
        "tf.matmul with adjoint_a and adjoint_b",
    ),
    "Huber loss of Keras": Change(
        "tf.keras.losses.Huber chooses between a square and what is far, and takes the mean of each row first; it was "
        "the sum of two parts",
        "1.15 to 2.21",
        "the last bits differ; for the old ones write near = tf.minimum(tf.abs(e), delta) and tf.reduce_mean("
        "0.5 * (near * near) + delta * (tf.abs(e) - near)) in the port",
    ),
    "normalized in branches": Change(
        "tf.layers.batch_normalization with a training that is a tensor normalizes by what a condition chooses, and "
        "moves the averages in training alone; each branch normalized, and the averages were moved in any case",
        "1.0 to 1.15",
        "where the updates run in training alone only the sign of a zero may differ; to move the averages in any case "
        "write the layer out, with tf.cond around tf.nn.batch_normalization, in the port",
    ),
    "selected averages": Change(
        "tf.layers.batch_normalization with a training that is a tensor chooses mean and variance by a condition and "
        "moves the averages in training alone; it selected them, and moved the averages by 0 else",
        "1.0 to 1.2, 1.4 to 1.8",
        "the last bits of the averages differ; for the old ones write the layer out, with tf.where, in the port",
    ),
    "leaky relu": Change(
        "tf.nn.leaky_relu is one op, was the larger of the tensor and alpha times it",
        "1.12 to 1.15",
        "the sign of a zero may differ, and of what is no number the gradient is alpha times as large; for the old one "
        "write tf.maximum(alpha * x, x) in the port",
    ),
    "norm of 0": Change(
        "the gradient of tf.clip_by_norm is 0 where the norm is 0, was no number; until 1.4 it multiplied by the "
        "inverse of the norm",
        "1.4 to 1.8, 1.8 to 1.12",
        "where the norm is not 0 it is the same, or but for the last bits; for the old one write "
        "x * c / tf.maximum(tf.sqrt(tf.reduce_sum(x * x, axes, keepdims=True)), c) in the port",
    ),
    "gradient of what is clipped": Change(
        "tf.clip_by_value is made of two ops, was one in 1.8",
        "1.8 to 1.12",
        "only the gradient of what is no number differs, which is 0, and was handed on, and where the lower limit is "
        "above the upper; for the old one write tf.raw_ops.ClipByValue in the port",
    ),
    "square of huber_loss": Change(
        "tf.losses.huber_loss multiplies by itself what it squares, took a power of it",
        "1.4 to 1.8",
        "the last bits may differ; for the old ones write the loss out, with x**2, in the port",
    ),
    "factor of a logarithm": Change(
        "Beta, Dirichlet, Exponential and Gamma of tf.distributions multiply by a logarithm in one op, did by Mul",
        "1.13 to 1.15",
        "the last bits may differ, and what has no logarithm gave no number where the factor is 0; for the old numbers "
        "write log_prob out, with tf.log, in the port",
    ),
    "density of a normal distribution": Change(
        "log_prob and prob of tf.distributions.Normal take half a square less a logarithm from a number, and those of "
        "tf.contrib.distributions.Normal took both from the number, one after the other",
        "1.0 to 1.4",
        "the last bits may differ; for the old ones write -0.5 * math.log(2 * math.pi) - tf.log(sigma) - 0.5 * "
        "tf.square((x - mu) / sigma) in the port",
    ),
    "einsum": Change(
        "tf.einsum is an op, and was made of transpositions, reshapes and a product of matrices",
        "1.15 to 2.2",
        "it sums in another order, so that the last bits may differ, and stops where a batch of one was repeated; to "
        "get the old numbers write tf.reshape(tf.matmul(tf.reshape(x, [-1, k]), w), [...]) in the port, or tf.matmul "
        "of transposed batches",
    ),
    "gradient of Cumprod": Change(
        "where a factor of a cumulated product is 0, its gradient is 0, was no number",
        "1.15 to 2.21",
        "elsewhere it is the same; where a factor may be 0 the old program could not be trained",
    ),
    "gradient of a decomposition": Change(
        "the gradients of tf.self_adjoint_eig and tf.svd multiply by x / (x * x + 1e-20), for the distance x of two "
        "values, was 1 / x",
        "1.15 to 2.21",
        "the last bits differ, and where two values are the same the gradient is finite; for the old one write it out "
        "in a tf.custom_gradient of one's own",
    ),
    "gradient of a sparse product": Change(
        "the gradient for the values of a sparse tensor is a product of matrices, was a sum of products",
        "1.15 to 2.21",
        "the last bits differ; for the old ones write the product out with tf.gather and tf.segment_sum",
    ),
    "names in checkpoints": Change(
        "variables have other names, such as kernel and bias for weights and biases",
        "1.1",
        "an old checkpoint has the old names: give tf.train.Saver a dictionary {old name: variable}",
    ),
    "tags of summaries": Change(
        "a summary has another tag, with another number to make it unique, or after another name of a tensor",
        "1.0 to 1.15, 1.15 to 2.21",
        "event files show the curve under its new tag; the values are the same",
    ),
    "order of names": Change(
        "tf.layers.batch_normalization makes gamma before beta, made it after beta, and so come the names of the "
        "variables that have no value yet",
        "1.0 to 1.15",
        "a session's message, or tf.report_uninitialized_variables, has the same names in another order",
    ),
    "clipped by a norm": Change(
        "clip_by_norm divides by the larger of norm and limit, multiplied by the smaller of their inverses",
        "1.0 to 1.15",
        "the last bits may differ; to get the old numbers write "
        "t * clip * tf.minimum(tf.rsqrt(tf.reduce_sum(t * t, keepdims=True)), 1 / clip) in the port",
    ),
    "least drawn": Change(
        "random_gamma gives at least the smallest normal number, such as 1.2e-38, gave less or 0",
        "1.0 to 1.15",
        "only where so little is drawn, as by an alpha below 0.1, the numbers differ; for the old ones write "
        "tf.raw_ops.RandomGamma(shape=shape, alpha=alpha, seed=graph_seed, seed2=seed) / beta in the port",
    ),
    "limit below 0": Change(
        "clip_by_norm takes 0 for a limit below 0, where the limit is a tensor",
        "1.15 to 2.21",
        "as long as the limit is not below 0 this changes nothing; for the old numbers of others write "
        "t * clip / tf.maximum(tf.norm(t), clip) in the port",
    ),
    "moments": Change(
        "tf.nn.moments averages the squared distances from the mean, took the moments of what is left of that mean and "
        "corrected both by them",
        "1.0 to 1.15",
        "the last bits differ; for the old ones write mean = m + tf.reduce_mean(x - m) * 1 with "
        "m = tf.stop_gradient(tf.reduce_mean(x, axes, keepdims=True)), from tf.nn.sufficient_statistics(x, axes, "
        "shift=m) by tf.nn.normalize_moments in the port",
    ),
    "step of a replica": Change(
        "SyncReplicasOptimizer keeps on each worker the step that a gradient has to be of, kept one for all of them "
        "where variables are",
        "1.0 to 1.15",
        "with one worker no number changes; with more, a late gradient is left out by the step of its own worker, "
        "was left out by that of whichever was last: the port has no way to write that",
    ),
    "order of variables": Change(
        "tf.layers.batch_normalization makes gamma before beta, made it after beta",
        "1.0 to 1.15",
        "clip_by_global_norm adds up the squares of their gradients in another order: the last bits differ; for "
        "the old ones give it the gradients in the old order, those for beta before those for gamma, in the port",
    ),
    "order of numbers": Change(
        "tf.layers.batch_normalization makes gamma before beta, made it after beta, and so are numbered the variables "
        "that a program makes for each of tf.trainable_variables()",
        "1.0 to 1.15",
        "the numbers are the same, but an old checkpoint has what was kept for beta under the name of what is kept for "
        "gamma now, and the other way round: give tf.train.Saver a dictionary {old name: variable}",
    ),
    "order of summaries": Change(
        "tf.layers.batch_normalization makes gamma before beta, made it after beta, and so come summaries of all "
        "variables",
        "1.0 to 1.15",
        "the merged summary has its entries in another order; event files show the same",
    ),
    "shifted moments": Change(
        "tf.nn.moments averages the squared distances from the mean, added to mean what was left of it, and took the "
        "square of that from the variance",
        "1.0 to 1.2, 1.2 to 1.8",
        "the last bits differ; for the old ones write m = tf.stop_gradient(tf.reduce_mean(x, axes, keepdims=True)), "
        "r = tf.reduce_mean(x - m, axes, keepdims=True), mean = r + m and variance = tf.reduce_mean("
        "tf.squared_difference(x, m), axes, keepdims=True) - tf.square(r) in the port, both with "
        "tf.squeeze(..., axes)",
    ),
    "dense and sparse gradients": Change(
        "the sum of dense and sparse gradients, as of tied weights, is dense, was a list of rows",
        "1.0 to 1.15",
        "the last bits differ; for the old ones give the optimizer tf.IndexedSlices(tf.concat([d, r], 0), "
        "tf.concat([tf.range(n), x], 0), [n, k]), where rows = tf.gather(w, x), and d, r = tf.gradients(loss, "
        "[w, rows], stop_gradients=[rows], gate_gradients=True)",
    ),
    "norm of dense and sparse gradients": Change(
        "clip_by_global_norm takes the norm of the sum of dense and sparse gradients, as of tied weights, took that of "
        "each by itself",
        "1.0 to 1.15",
        "where the norm is above the limit all gradients are scaled otherwise; for the old numbers give "
        "clip_by_global_norm the tf.IndexedSlices that stand under dense and sparse gradients",
    ),
    "standardized image": Change(
        "per_image_standardization averages squared differences from the mean, subtracted the squared mean from the "
        "mean of squares",
        "1.0 to 1.15",
        "the last bits differ; for the old ones write m = tf.reduce_mean(x) and (x - m) / tf.maximum(tf.sqrt("
        "tf.nn.relu(tf.reduce_mean(tf.square(x)) - tf.square(m))), tf.rsqrt(n)) in the port, n the number of elements",
    ),
    "part of an image": Change(
        "where central_crop begins is the whole part of (n - n * part) / 2, was n // int(2 / (1 - part))",
        "1.0 to 1.15",
        "for some sizes n it begins, and ends, at other pixels; for the old ones write tf.slice with these numbers",
    ),
    "colours": Change(
        "the hue or saturation of an image is changed by one op, was by cutting it into three colours of another kind",
        "1.0 to 1.15",
        "the last bits differ, and more than these where colours are not between 0 and 1; for the old ones write hsv = "
        "tf.image.rgb_to_hsv(x), h, s, v = [tf.slice(hsv, [0, 0, k], [-1, -1, 1]) for k in range(3)] and "
        "tf.image.hsv_to_rgb(tf.concat([h, tf.clip_by_value(s * scale, 0.0, 1.0), v], 2)) in the port, or for the hue "
        "tf.mod(h + (delta + 1.0), 1.0) in place of h",
    ),
    "grey image": Change(
        "rgb_to_grayscale multiplies matrices, summed a product",
        "1.0 to 1.15",
        "the last bits may differ; for the old ones write "
        "tf.reduce_sum(x * [0.2989, 0.587, 0.114], [2], keepdims=True) in the port",
    ),
    "clipped rows": Change(
        "clip_by_value and clip_by_norm clip the rows of a sparse gradient, before those of one number are added; it "
        "was made dense first",
        "1.0 to 1.15",
        "rows that come twice are clipped otherwise, and rows that do not come are left alone, which momentum, RMSProp "
        "and FTRL moved; for the old numbers give them tf.convert_to_tensor(gradient)",
    ),
    "rows of a sum": Change(
        "the gradient of a sum or difference of variables of which rows are taken is a list of rows, was made dense",
        "1.15 to 2.21",
        "the last bits differ, and rows that do not come are left alone, which momentum, RMSProp and FTRL moved; for "
        "the old numbers give the optimizer tf.convert_to_tensor(gradient)",
    ),
    "negated rows": Change(
        "the gradient of a difference of which rows are taken is negated before those of one number are added, was "
        "negated then",
        "1.0 to 1.15",
        "only the sign of a zero may differ; no program can choose that",
    ),
    "debiased average": Change(
        "assign_moving_average with zero_debias sets its variable, subtracted from it what it was too large",
        "1.0 to 1.15",
        "the last bits differ; for the old ones write tf.assign_sub(v, v - a / (1 - tf.pow(decay, n))) in the port, "
        "where a is a variable that begins with 0, after a -= (a - value) * (1 - decay), and n counts the updates",
    ),
    "gradient of a norm": Change(
        "the gradient of tf.norm is a sum of twice the same product, was a product with twice the tensor",
        "1.0 to 1.15",
        "where the tensor has other uses the last bits differ, elsewhere only what is next to 0, below 1e-38; for the "
        "old ones write tf.squeeze(tf.sqrt(tf.reduce_sum(tf.square(x), axis, keepdims=True)), axis) in the port",
    ),
    "largest exponent": Change(
        "reduce_logsumexp takes 0 for a largest exponent that is infinite",
        "1.0 to 1.15",
        "as long as the largest exponent is finite every bit is the same; to get the old answer for others write "
        "m = tf.stop_gradient(tf.reduce_max(x, keepdims=True)) and tf.log(tf.reduce_sum(tf.exp(x - m))) + m",
    ),
    "gradient of softplus": Change(
        "the gradient of softplus is multiplied by a sigmoid, was divided by exp(-x) + 1",
        "1.0 to 1.15",
        "the last bits differ; the old ones can be had by tf.raw_ops.SoftplusGrad in a tf.custom_gradient of one's own",
    ),
    "second derivative of elu": Change(
        "the second derivatives of elu and selu are computed from what these gave, were from the first derivative",
        "1.0 to 1.2, 1.12 to 1.15",
        "they are right, and were not; the old ones can be had by tf.raw_ops.EluGrad(gradients=g, outputs=d), for the "
        "first derivative d, in a tf.custom_gradient of one's own",
    ),
    "limits of a quantization": Change(
        "the gradient of fake_quant_with_min_max_args is 0 beyond the limits that the op was given, was 0 beyond -6 "
        "and 6",
        "1.0 to 1.15",
        "for the old one give tf.quantization.fake_quant_with_min_max_args_gradient(gradient, x) in a "
        "tf.custom_gradient of one's own",
    ),
    "gradient of a flip": Change(
        "the gradient of an image that is flipped at random is that of the branch that ran, with zeros added to it",
        "1.0 to 1.15",
        "only the sign of a zero may differ; no program can choose that",
    ),
    "gradient of top_k": Change(
        "the gradient of top_k is added to zeros, was written over them",
        "1.0 to 1.15",
        "only the sign of a zero may differ; no program can choose that",
    ),
    "asserted of metrics": Change(
        "confusion_matrix asserts that labels and predictions are classes, and metrics at thresholds that predictions "
        "lie between 0 and 1",
        "1.0 to 1.15",
        "as long as they do every number is the same; what stops the port was counted in other places, or as above or "
        "below all thresholds: leave it out by tf.boolean_mask",
    ),
    "asserted of images": Change(
        "what is done to an image waits for the assertion that it has something in it, which often nothing waited for",
        "1.0 to 1.15",
        "every number of an image that has is the same; what has none stops the port",
    ),
    "asserted of buckets": Change(
        "a feature column by identity asserts no more that its numbers are those of a bucket",
        "1.15 to 2.21",
        "as long as they are every number is the same; what stopped the original may go on in the port: assert it "
        "there by tf.debugging.assert_less and tf.debugging.assert_non_negative",
    ),
    "mean of classes": Change(
        "mean_iou is the mean over the classes that there were, was that over all, where others gave 0",
        "1.0 to 1.15",
        "for the old numbers write it out from the matrix c, the variable total_confusion_matrix: d = tf.diag_part(c), "
        "all as tf.float32, n = tf.reduce_sum(c, 0) + tf.reduce_sum(c, 1) - d and "
        "tf.reduce_mean(d / tf.where(n > 0, n, tf.ones_like(n)))",
    ),
    "weights of classes": Change(
        "mean_iou counts weights as they are, cut them to whole numbers first",
        "1.0 to 1.15",
        "as long as all weights are whole numbers, such as 0 and 1, nothing changes; for the old numbers of others "
        "give it tf.cast(tf.cast(weights, tf.int64), tf.float32) in the port",
    ),
    "filled rows": Change(
        "sparse_fill_empty_rows leaves the elements of a row in the order that they have, sorted them by their columns",
        "1.0 to 1.15",
        "as long as they are in that order every bit is the same; for others give it tf.sparse.reorder(x) in the port",
    ),
    "initialized again": Change(
        "initialized_value takes a variable as it is once that is initialized, initialized it again wherever it was "
        "computed",
        "1.0 to 1.15",
        "as long as it is computed once, when the variables are initialized, every bit is the same; to set a variable "
        "v back as before write with tf.control_dependencies([v.initializer]): tf.identity(v) in the port",
    ),
    "seeds of a wrapper": Change(
        "DropoutWrapper makes a seed for each mask of the one that it is given, gave that to all of them",
        "1.0 to 1.15",
        "other elements are kept; for the old ones write cell._gen_seed = lambda *_: seed behind each "
        "cell = DropoutWrapper(..., seed=seed) in the port",
    ),
    "boxes of one score": Change(
        "non_max_suppression asks for a least score, minus infinity, and takes of boxes with one score the first",
        "1.0 to 1.15, 1.8 to 1.12",
        "as long as the scores are finite and differ the same boxes are chosen; no program can choose between others",
    ),
    "scale of initial weights": Change(
        "variance_scaling_initializer and glorot_normal_initializer divide the deviation by 0.8796, that of normal "
        "numbers of which those beyond twice as much are drawn again",
        "1.9 to 1.10",
        "initial weights are 1.137 times as large; for the old ones write "
        "tf.truncated_normal_initializer(stddev=(scale / n) ** 0.5) in the port, for n inputs, or what the mode counts",
    ),
    "clipped by one op": Change(
        "clip_by_value takes the smaller and then the larger, was one op in TensorFlow 1.8",
        "1.4 to 1.8, 1.8 to 1.12",
        "the sign of a zero may differ where a limit is 0, and what comes of limits that are no numbers; for the old "
        "ones write tf.raw_ops.ClipByValue(t=t, clip_value_min=low, clip_value_max=high) in the port",
    ),
    "gradient of a Cholesky factor": Change(
        "the gradient of tf.cholesky is made of products and a solved triangle, was one op",
        "1.0 to 1.15",
        "the last bits differ; for the old ones take tf.raw_ops.CholeskyGrad(l=l, grad=tf.gradients(loss, l)[0]), with "
        "l = tf.cholesky(a), as grad_ys of tf.gradients(a, variables) in the port",
    ),
    "orthogonal weights": Change(
        "orthogonal_initializer takes Q of normal numbers, signed as R's diagonal is, took the singular vectors of "
        "uniform numbers",
        "1.0 to 1.2",
        "initial weights are others, and as orthogonal; for the old ones write _, u, v = "
        "tf.svd(tf.random_uniform(shape, seed=seed)) and gain * u, or gain * tf.transpose(v) where there are no more "
        "rows than columns, in the port",
    ),
    "sign of a diagonal": Change(
        "orthogonal_initializer multiplies by the sign of the diagonal of R, multiplied by x / |x|",
        "1.4 to 1.8",
        "where x is 0, which is next to never drawn, initial weights are 0 and were no numbers; elsewhere they are the "
        "same",
    ),
    "first cycle": Change(
        "polynomial_decay with cycles gives the first rate where the step is 0, divided 0 by 0",
        "1.0 to 1.15",
        "where the step is 0 the old rate was no number, and so all that it trained; elsewhere every bit is the same",
    ),
    "natural decay": Change(
        "natural_exp_decay takes a power of exp(-rate), took the exponential of the product",
        "1.0 to 1.15",
        "the last bits differ; for the old ones write rate * tf.exp(-decay * step / steps) in the port",
    ),
    "product of unknown rank": Change(
        "tf.matmul of a matrix and a tensor of unknown rank is a product of batches, was one of matrices",
        "1.0 to 1.15",
        "of two matrices the last bits may differ, and more axes stopped the old program; for the old numbers give the "
        "tensor the shape of a matrix by set_shape in the port",
    ),
    "gates": Change(
        "the gates of a GRU are squashed together and then cut apart, were cut and then squashed",
        "1.0 to 1.15",
        "the last bits differ, as some elements are computed several at once and others one by one; for the old ones "
        "write the cell out with r, u = tf.split(...) before tf.sigmoid(r), tf.sigmoid(u)",
    ),
    "longest sequence": Change(
        "dynamic_rnn stops after the longest sequence, went on to the last step",
        "1.0 to 1.15",
        "as long as all numbers are finite only the sign of a zero may differ, but a cell that updates a variable or "
        "draws numbers does that in fewer turns; for the old turns feed one sequence of the full length",
    ),
    "part of zeros": Change(
        "tf.nn.zero_fraction counts, took the mean of (x == 0)",
        "1.0 to 1.15",
        "the last bit may differ; to get the old numbers write tf.reduce_mean(tf.cast(tf.equal(x, 0), tf.float32))",
    ),
    "norm that was not asked": Change(
        "clip_by_global_norm gives no number where the norm is infinite, was 0 or no number",
        "1.0 to 1.15",
        "as long as the norm is finite every bit is the same; to get the old answer for others write "
        "[clip * tf.minimum(1 / norm, 1 / clip) * g for g in gradients] in the port",
    ),
    "seeds in functions": Change(
        "what is drawn in the functions of datasets is drawn with the seed of the graph, was without",
        "1.13 to 1.15",
        "other numbers are drawn, and were in each run where the op has no seed of its own; to draw as the old program "
        "did write tf.set_random_seed(None) first in the function in the port",
    ),
    "norm that stopped": Change(
        "clip_by_global_norm gives no number where the norm is infinite or no number, stopped the program",
        "1.13 to 1.15",
        "as long as the norm is finite every bit is the same; to stop as before give clip_by_global_norm use_norm="
        "tf.verify_tensor_all_finite(tf.global_norm(gradients), 'Found Inf or NaN global norm.') in the port",
    ),
    "dropout": Change(
        "x / keep * floor(keep + u) became x * (1 / keep) * (u >= rate), then x / keep or a constant times x, and a "
        "selection in place of the product",
        "1.12 to 1.15, 1.15 to 2.2, 2.8 to 2.12",
        "with the old seeds the same elements are kept, and up to a third of them differ in the last bit; to get the "
        "old numbers write with u = tf.random_uniform(tf.shape(x), seed=...), as 1.15 did, x * (1 / (1 - rate)) * "
        "tf.cast(u >= rate, x.dtype), or as until 1.12 x / keep * tf.floor(keep + u), and .set_shape(x.shape)",
    ),
    "dropout that keeps all": Change(
        "a dropout by a constant that keeps all draws numbers, and masks and scales by 1; it drew nothing",
        "1.12 to 1.15",
        "every bit is the same; to draw nothing as before give tf.nn.dropout the number 1.0 in the port",
    ),
}
