"""A fit that was stopped goes on from its checkpoint, and from no other."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from kill_fits import VARIANTS
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback
from stopped_fits import StopAt, X, Y, stopped
from tiny import both, cnn, same_state, sgan, weights

from sgan_classifier import SGANClassifier
from sgan_classifier._checkpoint import FILE
from sgan_classifier.exceptions import (
    CheckpointError,
    DivergenceError,
    GeneratorCollapseWarning,
    TrainingInterruptedWarning,
)
from sgan_classifier.model_selection import SemiSupervisedKFold

HERE = Path(__file__).parent


def stopped_in_the_second_warm_start(**params):
    estimator = sgan(**params, callbacks=[StopAt(32)]).fit(X, Y)
    with pytest.warns(TrainingInterruptedWarning, match="after 32 steps"):
        return estimator.fit(X, Y)


# ---------------------------------------------------------------------- going on


@pytest.mark.slow
def test_fit_killed_at_any_step_ends_as_one_never_stopped(tmp_path):
    done = subprocess.run(
        [sys.executable, HERE / "kill_fits.py", tmp_path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert results.keys() == VARIANTS.keys()
    for name, result in results.items():
        # early stopping ends a fit before the step at which it would have been killed
        assert set(result["ends"]) <= ({-9, 0} if name == "validated" else {-9}), (name, result)
        assert result["ends"].count(-9) >= 4, (name, result)
        assert result["finished"] == 0, done.stderr
        assert result["same weights"], name
        assert result["same records"], name
        assert result["files left"] == [], (name, result)


@both
def test_a_fit_stopped_in_its_last_step_goes_on_from_the_checkpoint(make, tmp_path):
    params = {"max_iter": 12, "warm_start": True}
    checkpoint = {"checkpoint_dir": str(tmp_path), "checkpoint_every": 5}
    estimator = stopped(make(**params, **checkpoint))
    assert estimator.n_iter_ == 12
    estimator.set_params(callbacks=None).fit(X, Y)
    assert estimator.n_iter_ == 12
    assert same_state(weights(estimator), weights(make(**params).fit(X, Y)))


@both
def test_interrupted_fit_is_fitted_and_goes_on_when_called_again(make, tmp_path):
    # after ten batches of six, four of the sixteen labels have their turn to come
    params = {"max_iter": 20, "batch_size": 6}
    checkpoint = {"checkpoint_dir": str(tmp_path), "checkpoint_every": 5}
    estimator = stopped(make(**params, **checkpoint))
    assert estimator.n_iter_ == 12
    assert estimator.predict(X).shape == (40,)
    seen = []

    class Counter(Callback):
        def on_batch_end(self, net, **kwargs):
            seen.append(net.n_steps_)

    estimator.set_params(callbacks=[Counter()]).fit(X, Y)
    assert seen == list(range(11, 21))  # from the checkpoint after 10 steps
    assert same_state(weights(estimator), weights(make(**params).fit(X, Y)))
    assert not list(tmp_path.iterdir())


@both
def test_early_stopping_goes_back_to_weights_from_before_the_checkpoint(make, tmp_path):
    # the held-out loss on noise is least at once; training ends twenty steps after
    params = {"max_iter": 100, "augment": None, "early_stopping": True, "validation_fraction": 0.25}
    plain = make(**params).fit(X, Y)
    losses = [record["valid_loss"] for record in plain.history_]
    assert plain.history_[np.argmin(losses)]["step"] <= 10
    continued = stopped(make(**params, checkpoint_dir=tmp_path, checkpoint_every=10)).fit(X, Y)
    assert [record["valid_loss"] for record in continued.history_] == losses
    assert same_state(weights(continued), weights(plain))


def test_fit_that_goes_on_is_judged_by_the_records_before_too(tmp_path):
    estimator = sgan(
        max_iter=120,
        generator_learning_rate=1e6,  # kills the generator
        checkpoint_dir=tmp_path,
        checkpoint_every=5,
        callbacks=[StopAt(112)],
    )
    with pytest.warns(GeneratorCollapseWarning), pytest.warns(TrainingInterruptedWarning):
        estimator.fit(X, Y)
    with pytest.warns(GeneratorCollapseWarning, match="The generator is dead"):
        estimator.fit(X, Y)
    assert [record["step"] for record in estimator.history_] == list(range(3, 121, 3))


@pytest.mark.parametrize("own", [{}, VARIANTS["own code"][1]], ids=["built-in", "own code"])
def test_interrupted_warm_start_goes_on_with_its_own_fit(own, tmp_path):
    params = {"max_iter": 20, "warm_start": True, **own}
    checkpoint = {"checkpoint_dir": tmp_path, "checkpoint_every": 5}
    estimator = stopped_in_the_second_warm_start(**params, **checkpoint).fit(X, Y)
    assert estimator.n_iter_ == 40
    assert same_state(weights(estimator), weights(sgan(**params).fit(X, Y).fit(X, Y)))


def test_bar_of_a_fit_that_goes_on_ends_at_its_last_step(tmp_path, capsys):
    # a record is a mean over two steps, and the checkpoint lies between them
    params = {"max_iter": 60, "checkpoint_dir": tmp_path, "checkpoint_every": 11}
    stopped(cnn(**params)).set_params(verbose=1).fit(X, Y)
    assert "60/60" in capsys.readouterr().err


def test_interrupted_warm_start_keeps_the_class_prior_it_began_with(tmp_path, monkeypatch):
    found = []

    def class_prior(self, *args):
        found.append([0.3 + 0.1 * len(found), 0.7 - 0.1 * len(found)])
        return np.array(found[-1])

    monkeypatch.setattr(SGANClassifier, "_find_class_prior", class_prior)
    params = {"max_iter": 20, "warm_start": True}
    checkpoint = {"checkpoint_dir": tmp_path, "checkpoint_every": 5}
    estimator = stopped_in_the_second_warm_start(**params, **checkpoint).fit(X, Y)
    assert len(found) == 2, "the probe of the second fit is not trained again"
    assert estimator.net_.class_prior_.tolist() == found[1]
    found.clear()
    assert same_state(weights(estimator), weights(sgan(**params).fit(X, Y).fit(X, Y)))


def test_checkpoint_of_a_later_warm_start_is_not_taken_for_the_first(tmp_path):
    params = {"max_iter": 20, "warm_start": True, "checkpoint_dir": tmp_path, "checkpoint_every": 5}
    stopped_in_the_second_warm_start(**params)
    with pytest.raises(CheckpointError, match=r"began after 20 steps, and this estimator has .* 0"):
        sgan(**params).fit(X, Y)


def test_another_error_keeps_the_checkpoint_and_divergence_does_not(tmp_path):
    params = {"max_iter": 20, "checkpoint_dir": tmp_path, "checkpoint_every": 5}
    for error, kept in [(MemoryError, True), (DivergenceError, False)]:
        with pytest.raises(error):
            cnn(**params, callbacks=[StopAt(8, error)]).fit(X, Y)
        assert (tmp_path / FILE).exists() == kept


def test_random_state_instance_goes_on_with_the_seed_it_gave(tmp_path):
    params = {"max_iter": 20, "checkpoint_dir": tmp_path, "checkpoint_every": 5}
    shared = np.random.RandomState(0)
    estimator = stopped(cnn(**params, random_state=shared)).fit(X, Y)
    first = cnn(max_iter=20, random_state=np.random.RandomState(0)).fit(X, Y)
    assert same_state(weights(estimator), weights(first))


@both
def test_checkpoints_change_nothing_of_what_is_learnt(make, tmp_path):
    plain = make(max_iter=7).fit(X, Y)
    other = make(max_iter=7, checkpoint_dir=tmp_path / "a" / "b", checkpoint_every=2).fit(X, Y)
    assert same_state(weights(plain), weights(other))
    assert not list((tmp_path / "a" / "b").iterdir())


def test_other_files_in_the_directory_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    cnn(checkpoint_dir=tmp_path, checkpoint_every=1).fit(X, Y)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


# ---------------------------------------------------------------------- clones and neighbours


def test_clones_of_a_search_share_no_checkpoint(tmp_path):
    """Each candidate and fold is stopped, and goes on with its own when called again."""
    params = {"max_iter": 20, "checkpoint_dir": tmp_path, "checkpoint_every": 5}
    original = stopped(sgan(**params))
    copies = [clone(original).set_params(learning_rate=rate) for rate in (1e-3, 5e-3)]
    for each in copies:
        with pytest.raises(KeyboardInterrupt):  # it stops a search, but keeps what was learnt
            stopped(each)
        assert each.set_params(callbacks=None).n_iter_ == 12
    folders = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert len(folders) == 2
    assert all((folder / FILE).exists() for folder in [*folders, tmp_path])
    for each in copies:
        again = clone(each).fit(X, Y)
        alone = sgan(max_iter=20, learning_rate=each.learning_rate).fit(X, Y)
        assert same_state(weights(again), weights(alone))
    assert same_state(weights(original.fit(X, Y)), weights(sgan(max_iter=20).fit(X, Y)))
    assert not list(tmp_path.iterdir())


class CtrlC(Callback):
    """Stops every fit, as a user does who holds the keys down."""

    n_fits = 0

    def on_batch_end(self, net, **kwargs):
        if net.n_steps_ == 3:
            type(self).n_fits += 1
            raise KeyboardInterrupt


def test_ctrl_c_ends_a_search_instead_of_counting_the_fit(tmp_path):
    search = GridSearchCV(
        sgan(max_iter=6, callbacks=[CtrlC()]),
        {"learning_rate": [1e-3, 5e-3]},
        cv=SemiSupervisedKFold(2),
    )
    with pytest.raises(KeyboardInterrupt), pytest.warns(TrainingInterruptedWarning):
        search.fit(X, Y)
    assert CtrlC.n_fits == 1
    assert not hasattr(search, "best_params_")


@pytest.mark.slow
def test_search_in_two_processes_scores_as_without_checkpoints(tmp_path):
    def scores(**params):
        search = GridSearchCV(
            sgan(max_iter=6, **params),
            {"learning_rate": [1e-3, 5e-3]},
            cv=SemiSupervisedKFold(2),
            n_jobs=2,
            error_score="raise",
        )
        search.fit(X, Y)
        return search.cv_results_["mean_test_score"], weights(search.best_estimator_)

    plain, with_checkpoints = scores(), scores(checkpoint_dir=tmp_path, checkpoint_every=2)
    np.testing.assert_array_equal(plain[0], with_checkpoints[0])
    assert same_state(plain[1], with_checkpoints[1])
    assert not list(tmp_path.iterdir())


def test_two_fits_at_once_do_not_share_a_directory(tmp_path):
    params = {"max_iter": 20, "checkpoint_dir": tmp_path, "checkpoint_every": 5}
    entered, leave = threading.Event(), threading.Event()

    class Wait(Callback):
        def on_batch_end(self, net, **kwargs):
            entered.set()
            assert leave.wait(60)

    first = cnn(**params, callbacks=[Wait()])
    copies = [clone(cnn(**params, random_state=None)) for _ in range(2)]
    running = [first, copies[0].set_params(callbacks=[Wait()])]
    threads = [threading.Thread(target=estimator.fit, args=(X, Y)) for estimator in running]
    for thread in threads:
        entered.clear()
        thread.start()
        assert entered.wait(60)
    try:
        with pytest.raises(CheckpointError, match="in use by another fit that is running"):
            cnn(**params).fit(X, Y)
        copies[1].fit(X, Y)  # the same fit as the clone that runs: a folder beside it
    finally:
        leave.set()
        for thread in threads:
            thread.join()
    assert not np.array_equal(*(copy.predict_proba(X) for copy in copies))
    assert not list(tmp_path.iterdir())
