"""Which test comes when; the fixtures are in `shared_fixtures.py`, which imports TensorFlow."""

import gc

import pytest


def pytest_configure(config):
    """Import the fixtures where tests run, or are only listed: not in the process that hands them out to others."""
    if config.getoption("dist", "no") == "no" or config.option.collectonly:
        config.pluginmanager.import_plugin("shared_fixtures")


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers():
    """One process more than there are cores: some tests wait for what they started, for pages and for clocks."""
    return (yield) + 1


# What takes longest begins first, so that no process of pytest is left alone with it at the end.
LONGEST = ("out_of_the_box_lstm", "selfmade_lstm", "test_golden", "test_corpus", "test_audit")
LONGEST += ("test_releases", "test_drift_leaky", "test_drift_inside", "test_drift_branched", "test_drift_older_ops")
LONGEST += ("test_beside", "test_drift_programs", "test_drift_updates", "test_drift_quotients")
LONGEST += ("test_training", "test_command_line", "test_what_ran", "test_recorder", "test_tensorboard", "test_package")
LONGEST += ("test_reproduce", "test_any_length", "porting_tf1", "test_hostile_report", "test_drift", "test_study")
LONGEST += ("test_records", "claims", "case_drawn_in_training", "test_hostile", "test_make")
LONGEST += ("test_verdict", "test_api", "any_length", "test_report", "test_checkpoints", "test_cases")
LONGEST += ("test_explain", "test_page", "test_reading", "test_mutation_score")
LONGEST += ("test_drift_rows_of_ones", "test_drift_fused_branches", "test_drift_row_orders", "test_damaged_pairs")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Order the files; those with the most tests would come first."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


def pytest_collection_finish(session):
    """Look for garbage seldom, and not in what is there to stay: it would be a fifth of the time of an audit."""
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
