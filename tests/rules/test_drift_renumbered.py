"""Variables that a program makes one for each trainable one, where beta and gamma come in another order."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import floats


def accumulated(first, order=range(6), summed=range(6), used=range(6), way="sums", saved=True, asked=None):
    """Two normalized layers, and a variable for each of the six trained ones, which keeps what its gradients were.

    `first`: which of beta and gamma is made first, in both layers or in each; `order`: that of the kept variables;
    `summed` and `used`: in which of them a gradient is added up, and by which a trained variable is updated; `asked`:
    of which of all variables, by their numbers, it is told if they have a value.
    """
    with tf.Graph().as_default() as graph:
        h = floats(8, 4)
        for layer in ("a", "b"):
            h = tf.matmul(h, made(f"{layer}/w", (h.shape[1], 5)))
            of_layer = first if isinstance(first, str) else first[layer]
            names = ("beta", "gamma") if of_layer == "beta" else ("gamma", "beta")
            shift = {name: made(f"{layer}/{name}", (5,)) for name in names}
            mean, variance = tf.nn.moments(h, [0])
            h = tf.nn.relu(tf.nn.batch_normalization(h, mean, variance, shift["beta"], shift["gamma"], 1e-3))
        trained = tf.trainable_variables()
        gradients = tf.gradients(tf.reduce_mean(tf.square(h)), trained)
        new = {
            place: tf.Variable(tf.zeros_like(trained[place]), trainable=False, use_resource=False) for place in order
        }
        if way == "sums":
            for place, gradient in zip(summed, gradients, strict=True):
                new[place].assign_add(gradient)
            updates = [new[place] for place in used]
        else:
            updates = [new[place].assign(0.9 * new[place] + g) for place, g in zip(summed, gradients, strict=True)]
        if way != "only sums":
            pairs = list(zip(updates, trained, strict=True))
            tf.train.GradientDescentOptimizer(0.1).apply_gradients(pairs)
        if saved:
            tf.train.Saver()
        if asked:
            every = tf.global_variables()
            tf.identity(tf.report_uninitialized_variables([every[k] for k in asked]), name="told")
    return graph.as_graph_def()


def made(name, shape):
    return tf.get_variable(name, shape, initializer=tf.ones_initializer(), use_resource=False)


@pytest.mark.parametrize("way", ["sums", "momenta"])
def test_what_is_kept_for_beta_has_the_number_of_what_is_kept_for_gamma(way):
    result = audit(accumulated("beta", way=way), accumulated("gamma", way=way))
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["order of numbers"])
    assert audit(*(accumulated(first, way=way, saved=False) for first in ("beta", "gamma"))).verdict == "faithful"


def test_of_two_layers_nothing_is_kept_under_each_others_number():
    old = accumulated("beta")
    crossed = [0, 4, 2, 3, 1, 5]
    for mistake in ({"order": crossed}, {"summed": crossed, "used": crossed}, {"summed": crossed}, {"used": crossed}):
        assert audit(old, accumulated("gamma", **mistake)).verdict == "not faithful", mistake


def test_what_is_added_up_for_beta_updates_beta():
    turned = [0, 2, 1, 3, 4, 5]
    for mistake in ({"summed": turned}, {"used": turned}):
        assert audit(accumulated("beta"), accumulated("gamma", **mistake)).verdict == "not faithful", mistake


def test_where_the_layers_are_made_in_one_order_so_are_the_numbers():
    turned = [0, 2, 1, 3, 4, 5]
    assert audit(accumulated("beta"), accumulated("beta", order=turned)).verdict == "not faithful"
    assert audit(accumulated("gamma"), accumulated("beta")).verdict == "not faithful"
    turned = [0, 1, 2, 3, 5, 4]  # of the second layer alone
    assert audit(accumulated("beta"), accumulated({"a": "gamma", "b": "beta"})).verdict == "numbers changed"
    mistaken = accumulated({"a": "gamma", "b": "beta"}, order=turned)
    assert audit(accumulated("beta"), mistaken).verdict == "not faithful"


def test_what_has_no_value_is_told_of_gamma_before_beta():
    graphs = [accumulated(first, asked=range(12)) for first in ("beta", "gamma")]
    told = []
    for graph_def in graphs:
        with tf.Graph().as_default(), tf.Session() as session:
            tf.import_graph_def(graph_def, name="")
            told.append(session.run("told:0").tolist())
    assert told[0] != told[1] and sorted(told[0]) == sorted(told[1])
    result = audit(*graphs)
    causes = ["order of names", "order of numbers"]
    assert (result.verdict, sorted(one.cause for one in result.numbers)) == ("numbers changed", causes)
    of_layers, between = [0, 4, 5, 3, 1, 2, *range(6, 12)], [1, 0, 2, *range(3, 12)]
    for mistake in (of_layers, between, [*range(9), 10, 9, 11], [*range(6), 9, 7, 8, 6, 10, 11], range(11)):
        assert audit(graphs[0], accumulated("gamma", asked=mistake)).verdict == "not faithful", mistake
        assert audit(graphs[0], accumulated("beta", asked=mistake)).verdict == "not faithful", mistake


def test_where_the_layers_are_made_in_one_order_so_is_what_has_no_value():
    turned = [0, 2, 1, *range(3, 12)]
    assert audit(accumulated("beta", asked=range(12)), accumulated("beta", asked=turned)).verdict == "not faithful"
    assert audit(accumulated("gamma", asked=range(12)), accumulated("beta", asked=range(12))).verdict == "not faithful"


def waiting(first, second_waits_for="Cos"):
    """Two layers, numbered from `first`, with a constant each that nobody takes: it waits for what the layer makes."""
    with tf.Graph().as_default() as graph:
        h = floats(8, 4)
        for number, (op, awaited) in enumerate((("Sin", "Sin"), ("Cos", second_waits_for)), first):
            with tf.name_scope(f"layer_{number}"):
                h = getattr(tf.raw_ops, op)(x=h)
            with tf.control_dependencies([one for one in graph.get_operations() if one.type == awaited]):
                tf.constant(2.0, name=f"layer_{number}/scalar")
    return graph.as_graph_def()


def test_a_constant_that_nobody_takes_may_have_the_number_of_another_layers():
    assert audit(waiting(1), waiting(2)).verdict == "faithful"
    assert audit(waiting(1), waiting(2, second_waits_for="Sin")).verdict == "not faithful"
    assert audit(waiting(1), waiting(1, second_waits_for="Sin")).verdict == "not faithful"


def test_no_constant_stands_for_two():
    assert audit(waiting(1, second_waits_for="Sin"), waiting(1)).verdict == "not faithful"
