"""Trains `keras.layers.LSTM` on the same data with the same cost and optimizer, from weights that a run names."""

import time
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from compat_v1.data_generator import encodeSequence
from compat_v1.original.record_format import MEASURED_SEQUENCE, exactly
from compat_v1.study.engine import about, engine, variables_sha256
from compat_v1.study.runs import Result, Run, lines
from compat_v1.study.weights import initial_weights, keras_model, put_in


@lru_cache(maxsize=1)
def _program(examples: int, draw: int) -> tuple[Any, Any, Any, Any]:
    """Return (model, optimizer, update, measure): `update(n)` does n epochs in one call; `measure(x, y)` returns
    (mistakes, squared error).
    """
    import keras

    model = keras_model()
    adam = keras.optimizers.Adam(0.001, epsilon=1e-8)  # TensorFlow 1's epsilon: the layer is what differs
    adam.build(model.trainable_variables)
    data = engine(examples, draw).data
    x, y = map(tf.constant, data.train)

    @tf.function  # type: ignore[untyped-decorator]
    def update(times: Any) -> None:
        for _ in tf.range(times):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum((y - model(x)[:, 0]) ** 2)
            adam.apply(tape.gradient(loss, model.trainable_variables))

    @tf.function  # type: ignore[untyped-decorator]
    def measure(inputs: Any, outputs: Any) -> Any:
        answers = model(inputs)[:, 0]
        wrong = tf.reduce_sum(tf.cast(tf.round(answers) != outputs, tf.int32))
        return wrong, tf.reduce_sum((outputs - answers) ** 2)

    return model, adam, update, measure


def train_keras(run: Run) -> Result:
    """Train Keras' LSTM from the weights that the run names."""
    begin = time.process_time()
    model, adam, update, measure = _program(run.examples, run.draw)
    put_in(model, initial_weights(run))
    for slot in adam.variables:
        if slot is not adam.learning_rate:
            slot.assign(tf.zeros_like(slot.value))
    data = engine(run.examples, run.draw).data
    train_set, test_set = ([tf.constant(part) for part in parts] for parts in (data.train, data.test))
    initial, series = _variables(model), []
    for epoch in lines(run.epochs):
        update(tf.constant(18 if epoch == 20 else 19))
        train_wrong = int(measure(*train_set)[0])
        update(tf.constant(1))
        wrong, squared = measure(*test_set)
        series.append((int(wrong), exactly(squared), train_wrong))
    update(tf.constant(1))
    test_wrong, squared_error, train_wrongs = map(list, zip(*series, strict=True))
    return Result(
        **about(run),
        epochs=run.epochs,
        test_wrong=test_wrong,
        squared_error=squared_error,
        train_wrong=train_wrongs,
        prediction=exactly(model(encodeSequence(MEASURED_SEQUENCE)[np.newaxis].astype(np.float32))[0, 0]),
        initial_sha256=variables_sha256(initial),
        final_sha256=variables_sha256(_variables(model)),
        seconds=round(time.process_time() - begin, 3),
    )


def _variables(model: Any) -> dict[str, np.ndarray]:
    return {f"{number}": value for number, value in enumerate(model.get_weights())}
