"""Expressions that real TensorFlow and the `tensorflow` module of torchkeras evaluate alike.

`x` is a 3×4 float tensor, `y` a 4×2 one, `z` another 3×4 one, `i` integers, `img` an image.
"""

SETUP = """
import numpy as np
r = np.random.RandomState(0)
x = tf.constant(r.randn(3, 4).astype("float32"))
z = tf.constant(r.rand(3, 4).astype("float32") + 0.1)
y = tf.constant(r.randn(4, 2).astype("float32"))
i = tf.constant([2, 0, 1])
b = tf.constant([True, False, True])
c = tf.constant(r.randn(2, 3, 3).astype("float32"))
img = tf.constant(r.rand(6, 8, 3).astype("float32"))
raw = tf.constant(r.randint(0, 256, (6, 8, 3)).astype("uint8"))
batch = tf.constant(r.rand(2, 6, 6, 3).astype("float32"))
k = tf.constant(r.randn(3, 3, 3, 4).astype("float32"))
d = tf.constant(r.randn(3, 3, 3, 1).astype("float32"))
"""

UNARY = """abs negative sign exp math.log math.log1p sqrt square sin cos tan tanh sigmoid floor math.ceil round
    math.rsqrt math.expm1 math.softplus math.erf math.reciprocal math.lgamma math.asinh math.atan
    math.is_nan math.is_finite nn.relu nn.relu6 nn.elu nn.selu nn.gelu nn.silu nn.leaky_relu
    nn.softmax nn.log_softmax nn.softsign nn.l2_loss nn.zero_fraction identity zeros_like ones_like
    reduce_sum reduce_mean reduce_max reduce_min reduce_prod math.reduce_std math.reduce_variance
    reduce_logsumexp transpose norm linalg.matrix_transpose size rank argmax argmin
    math.l2_normalize""".split()
BINARY = """add subtract multiply divide maximum minimum pow equal not_equal greater less_equal
    math.divide_no_nan math.floormod math.floordiv math.squared_difference math.atan2""".split()

EXPRESSIONS = (
    [f"tf.{name}(z)" for name in UNARY]
    + [f"tf.{name}(z, x + 2.5)" for name in BINARY]
    + [
        "tf.constant([1, 2, 3])", "tf.constant(1.5, shape=(2, 2))", "tf.constant([1, 2], tf.float64)",
        "tf.constant(7)", "tf.constant([True])", "tf.convert_to_tensor([[1.0, 2], [3, 4]])",
        "tf.cast([1.7, -1.2], tf.int32)", "tf.cast(x > 0, tf.float32)", "tf.zeros((2, 3))",
        "tf.ones([2], tf.int32)", "tf.fill((2, 2), 3.0)", "tf.eye(3)", "tf.eye(2, batch_shape=[2])",
        "tf.range(5)", "tf.range(1, 10, 3)", "tf.range(0.0, 1.0, 0.25)", "tf.linspace(0.0, 1.0, 5)",
        "tf.one_hot(i, 3)", "tf.one_hot(i, 3, on_value=5.0, off_value=-1.0)",
        "tf.one_hot(i, 3, axis=0)", "tf.shape(x)[0]", "tf.reshape(x, (2, -1))", "tf.reshape(x, [-1])",
        "tf.expand_dims(x, 1)", "tf.squeeze(tf.expand_dims(x, 0), [0])",
        "tf.transpose(c, [2, 0, 1])", "tf.tile(x, [1, 2])", "tf.repeat(i, 2)",
        "tf.reverse(x, [1])", "tf.pad(x, [[1, 0], [2, 1]])", "tf.pad(x, [[1, 1], [1, 1]], 'REFLECT')",
        "tf.pad(x, [[1, 1], [0, 0]], constant_values=9.0)", "tf.concat([x, z], 1)",
        "tf.stack([x, z], axis=1)", "tf.unstack(x, axis=1)[2]", "tf.split(x, 2, axis=1)[1]",
        "tf.split(x, [1, 3], 1)[1]", "tf.split(x, [1, -1], 1)[1]", "tf.gather(x, i)",
        "tf.gather(x, [0, 3], axis=1)", "tf.gather(c, [[0, 1], [2, 0]], batch_dims=1)",
        "tf.gather_nd(x, [[0, 1], [2, 3]])", "tf.scatter_nd([[1], [3]], [5.0, 6.0], [5])",
        "tf.tensor_scatter_nd_update(z, [[0, 0], [1, 1]], [9.0, 8.0])",
        "tf.tensor_scatter_nd_add(z, [[0, 0], [0, 0]], [9.0, 8.0])",
        "tf.boolean_mask(x, b)", "tf.boolean_mask(x, [True, False, True, False], axis=1)",
        "tf.where(x > 0, x, 0.0)", "tf.where(x > 0)", "tf.slice(x, [0, 1], [2, -1])",
        "tf.sort(x, direction='DESCENDING')", "tf.argsort(x, axis=0)", "tf.unique([3, 1, 3, 2])[0]",
        "tf.unique([3, 1, 3, 2])[1]", "tf.sequence_mask([1, 3, 2])", "tf.sequence_mask([1, 3], 4)",
        "tf.sequence_mask([1, 2], dtype=tf.float32)", "tf.broadcast_to(i, [2, 3])",
        "tf.reduce_sum(x, [0, 1], keepdims=True)", "tf.reduce_mean(x, axis=-1)", "tf.reduce_mean([1, 2])",
        "tf.reduce_any(x > 1, axis=0)", "tf.reduce_all(x > -9)", "tf.argmax(x, 1)",
        "tf.argmax(x, axis=1, output_type=tf.int32)", "tf.math.top_k(x, 2).values",
        "tf.math.top_k(x, 2).indices", "tf.math.in_top_k([0, 1, 2], x, 2)", "tf.cumsum(x, axis=1)",
        "tf.cumsum(x, exclusive=True, reverse=True)", "tf.math.cumprod(x, 1)", "tf.add_n([x, z, x])",
        "tf.math.bincount([1, 1, 3])", "tf.math.confusion_matrix([0, 1, 2, 1], [0, 2, 2, 1])",
        "tf.math.segment_sum(x, [0, 0, 1])", "tf.math.unsorted_segment_sum(x, i, 4)",
        "tf.matmul(x, y)", "tf.matmul(x, z, transpose_b=True)", "tf.linalg.matvec(x, [1.0, 2, 3, 4])",
        "tf.tensordot(x, y, 1)", "tf.tensordot(x, y, [[1], [0]])", "tf.einsum('ij,jk->ki', x, y)",
        "tf.norm(x, axis=1)", "tf.norm(x, ord=1, axis=0)", "tf.linalg.trace(c)",
        "tf.linalg.diag_part(c)", "tf.linalg.diag([1.0, 2.0])", "tf.linalg.inv(c)", "tf.linalg.det(c)",
        "tf.linalg.svd(c)[0]", "tf.linalg.band_part(c, 0, -1)", "tf.linalg.global_norm([x, z])",
        "tf.linalg.cholesky(tf.matmul(c, c, transpose_b=True) + tf.eye(3))",
        "tf.clip_by_value(x, -0.5, 0.5)", "tf.clip_by_norm(x, 1.0)", "tf.clip_by_norm(x, 1.0, axes=[1])",
        "tf.clip_by_global_norm([x, z], 1.0)[0][1]", "tf.clip_by_global_norm([x, z], 1.0)[1]",
        "tf.cond(tf.constant(True), lambda: x, lambda: z)",
        "tf.case([(tf.constant(False), lambda: x)], default=lambda: z)",
        "tf.while_loop(lambda n, s: n < 5, lambda n, s: (n + 1, s + n), (tf.constant(0), tf.constant(0)))[1]",
        "tf.map_fn(lambda v: v * 2, x)", "tf.scan(lambda a, v: a + v, tf.constant([1.0, 2.0, 3.0]))",
        "tf.foldl(lambda a, v: a + v, tf.constant([1.0, 2.0, 3.0]))",
        "tf.nn.softmax(x, axis=0)", "tf.nn.leaky_relu(x, 0.3)", "tf.nn.gelu(x, approximate=True)",
        "tf.nn.softmax_cross_entropy_with_logits(tf.one_hot(i, 4), x)",
        "tf.nn.sparse_softmax_cross_entropy_with_logits(i, x)",
        "tf.nn.sigmoid_cross_entropy_with_logits(labels=z, logits=x)",
        "tf.nn.weighted_cross_entropy_with_logits(z, x, 2.0)", "tf.nn.moments(x, [0])[1]",
        "tf.nn.batch_normalization(x, 0.5, 2.0, 0.1, 1.5, 1e-3)", "tf.nn.bias_add(x, [1.0, 2, 3, 4])",
        "tf.nn.conv2d(batch, k, 1, 'SAME')", "tf.nn.conv2d(batch, k, [1, 2, 2, 1], 'VALID')",
        "tf.nn.conv2d(batch, k, 1, 'VALID', dilations=2)",
        "tf.nn.conv1d(c, c[:, :, :2], 1, 'SAME')", "tf.nn.depthwise_conv2d(batch, d, [1, 1, 1, 1], 'SAME')",
        "tf.nn.max_pool2d(batch, 2, 2, 'VALID')", "tf.nn.avg_pool2d(batch, 3, 2, 'SAME')",
        "tf.nn.max_pool(batch, [1, 2, 2, 1], [1, 2, 2, 1], 'SAME')", "tf.nn.embedding_lookup(x, i)",
        "tf.nn.l2_normalize(x, axis=1)", "tf.nn.top_k(x, 2)[0]", "tf.nn.crelu(x)",
        "tf.image.resize(img, (3, 4))", "tf.image.resize(img, (12, 5), method='nearest')",
        "tf.image.resize(img, (12, 16), method='bicubic')", "tf.image.resize(img, (4, 5), method='bicubic')", "tf.image.flip_left_right(img)",
        "tf.image.flip_up_down(img)", "tf.image.rot90(img)", "tf.image.adjust_brightness(img, 0.1)",
        "tf.image.adjust_contrast(img, 2.0)", "tf.image.adjust_gamma(img, 0.5)",
        "tf.image.adjust_saturation(img, 0.5)", "tf.image.adjust_hue(img, 0.2)",
        "tf.image.rgb_to_grayscale(img)", "tf.image.grayscale_to_rgb(img[..., :1])",
        "tf.image.convert_image_dtype(raw, tf.float32)", "tf.image.convert_image_dtype(img, tf.uint8)",
        "tf.image.per_image_standardization(img)", "tf.image.central_crop(img, 0.5)",
        "tf.image.crop_to_bounding_box(img, 1, 2, 3, 4)", "tf.image.pad_to_bounding_box(img, 1, 2, 9, 12)",
        "tf.image.resize_with_crop_or_pad(img, 4, 10)", "tf.image.rgb_to_hsv(img)",
        "tf.image.hsv_to_rgb(img)", "tf.image.adjust_brightness(raw, 0.1)",
        "tf.Variable([1.0, 2.0]).assign_add([1.0, 1.0])", "tf.Variable(3).assign(4)",
        "list(tf.data.Dataset.range(7).batch(3))[2]",
        "list(tf.data.Dataset.range(7).batch(3, drop_remainder=True))[-1]",
        "len(tf.data.Dataset.range(7).batch(3))", "len(tf.data.Dataset.range(7).skip(2).take(3))",
        "[int(v) for v in tf.data.Dataset.range(3).repeat(2).map(lambda v: v * 2)]",
        "[int(v) for v in tf.data.Dataset.range(9).filter(lambda v: v % 3 == 0)]",
        "[int(v) for v in tf.data.Dataset.range(5).shard(2, 1)]",
        "[int(v) for v in tf.data.Dataset.range(2).flat_map(lambda v: tf.data.Dataset.range(v + 2))]",
        "[int(v) for v in tf.data.Dataset.range(3).interleave(lambda v: tf.data.Dataset.from_tensors(v).repeat(3), cycle_length=2, block_length=1)]",
        "sorted(int(v) for v in tf.data.Dataset.range(20).shuffle(5))",
        "[(int(a), int(v)) for a, v in tf.data.Dataset.range(3).enumerate(5)]",
        "[int(v) for v in tf.data.Dataset.range(3).concatenate(tf.data.Dataset.range(2)).cache().prefetch(1)]",
        "[tuple(int(e) for e in v) for v in tf.data.Dataset.zip((tf.data.Dataset.range(3), tf.data.Dataset.range(5)))]",
        "int(tf.data.Dataset.range(5).reduce(tf.constant(0, tf.int64), lambda s, v: s + v))",
        "list(tf.data.Dataset.from_tensor_slices({'a': [1, 2], 'b': [[1.0], [2.0]]}))[1]['b']",
        "list(tf.data.Dataset.from_tensor_slices((x, i)).batch(2))[1][0]",
        "[[int(e) for e in w] for w in tf.data.Dataset.range(5).window(2, shift=1, drop_remainder=True)]",
        "list(tf.data.Dataset.from_generator(lambda: iter([1, 2]), output_signature=tf.TensorSpec((), tf.int32)))[1]",
        "int(tf.data.Dataset.range(3).repeat().cardinality())", "x.shape.as_list() if hasattr(x.shape, 'as_list') else [3, 4]",
        "x.get_shape().as_list()", "x.numpy()", "int(x.ndim)", "tf.float32.name", "tf.executing_eagerly()",
        "str(np.dtype(tf.float32.as_numpy_dtype))", "tf.int32.max", "isinstance(x, tf.Tensor)",
    ]
)  # fmt: skip

GRADIENTS = {
    "plain": """
v = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(v * v * v)
result = tape.gradient(loss, v)
""",
    "watched, persistent": """
a = tf.constant(3.0)
with tf.GradientTape(persistent=True) as tape:
    tape.watch(a)
    s = a * a
    t = s * s
result = [tape.gradient(t, a), tape.gradient(s, a)]
""",
    "second order": """
a = tf.Variable(3.0)
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        s = a * a * a
    first = inner.gradient(s, a)
result = outer.gradient(first, a)
""",
    "unconnected": """
a, e = tf.Variable(3.0), tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    s = a * a
result = [tape.gradient(s, [a, e])[1] is None]
""",
    "zero": """
a, e = tf.Variable(3.0), tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    s = a * a
result = tape.gradient(s, {"a": a, "e": e}, unconnected_gradients="zero")["e"]
""",
    "jacobian": """
v = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    s = tf.stack([v[0] * v[1], v[0] + v[1], v[1] ** 2])
result = tape.jacobian(s, v)
""",
    "batch jacobian": """
a = tf.constant([[1.0, 2.0], [3.0, 4.0]])
with tf.GradientTape() as tape:
    tape.watch(a)
    s = a * a
result = tape.batch_jacobian(s, a)
""",
    "output gradients": """
v = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    s = v * v
result = tape.gradient(s, v, output_gradients=tf.constant([1.0, 10.0]))
""",
}
