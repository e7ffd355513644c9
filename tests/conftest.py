"""Which test comes when; the fixtures are in `shared_fixtures.py`, which imports TensorFlow."""

import gc


def pytest_configure(config):
    """Import the fixtures where tests run: not in the process that only hands them out to others."""
    if config.getoption("dist", "no") == "no":
        config.pluginmanager.import_plugin("shared_fixtures")


# What takes longest begins first, so that no process of pytest is left alone with it at the end.
LONGEST = ("test_corpus", "test_golden", "test_package", "test_study", "test_audit", "test_recorder", "test_training")
LONGEST += ("out_of_the_box_lstm", "test_beside", "test_command_line", "test_reproduce", "test_tensorboard")
LONGEST += ("test_make", "test_what_ran", "selfmade_lstm", "test_any_length", "test_hostile_report", "test_records")
LONGEST += ("test_hostile", "test_drift", "claims", "porting_tf1", "case_drawn_in_training", "test_checkpoints")
LONGEST += ("test_api", "test_verdict", "test_mutation_score", "test_notebooks")


def pytest_collection_modifyitems(items):
    """Order the files; those with the most tests would come first."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


def pytest_collection_finish(session):
    """Look for garbage seldom, and not in what is there to stay: it would be a fifth of the time of an audit."""
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
