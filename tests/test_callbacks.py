"""skorch's own callbacks work inside a fit; a fit counts as up to fifty epochs."""

import json
import signal

import numpy as np
import pytest
import torch
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    InputShapeSetter,
    PassthroughScoring,
    ProgressBar,
    TensorBoard,
)
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tiny import both, few_labels, noise_images, same_state, sgan, state, weights
from torch.utils.tensorboard import SummaryWriter

from sgan_classifier.callbacks import SampleRecorder
from sgan_classifier.exceptions import (
    CheckpointError,
    InvalidInputError,
    TrainingInterruptedWarning,
)

X, Y = noise_images(40), few_labels(40, n_labeled=16)
VALIDATED = {"early_stopping": True, "validation_fraction": 0.25}


class Recorder(Callback):
    """Notes every event in order, and what the net's history holds at the end of an epoch."""

    def __init__(self):
        self.events, self.rows, self.figures = [], [], []

    def on_train_begin(self, net, **kwargs):
        self.events.append("train_begin")

    def on_epoch_begin(self, net, **kwargs):
        self.events.append("epoch_begin")

    def on_batch_begin(self, net, **kwargs):
        self.events.append("batch_begin")

    def on_batch_end(self, net, training, loss, **kwargs):
        assert training
        self.figures.append(float(loss))
        self.events.append("batch_end")

    def on_epoch_end(self, net, **kwargs):
        self.rows.append(dict(net.history[-1]))
        self.events.append("epoch_end")

    def on_train_end(self, net, **kwargs):
        self.events.append("train_end")


@both
def test_callbacks_are_told_of_every_step_and_record_in_order(make):
    recorder = Recorder()
    estimator = make(max_iter=3, callbacks=[recorder]).fit(X, Y)
    recorder = estimator.net_.callbacks[0]
    step = ["epoch_begin", "batch_begin", "batch_end", "epoch_end"]
    assert recorder.events == ["train_begin", *step * 3, "train_end"]
    assert len(estimator.history_) == 3
    for row, record, loss in zip(recorder.rows, estimator.history_, recorder.figures, strict=True):
        assert row["train_loss"] == record["loss"] == pytest.approx(loss)
        assert row["labeled_loss"] == record["labeled_loss"]


@both
def test_callbacks_that_only_listen_change_no_weight(make):
    silent = make().fit(X, Y)
    assert same_state(weights(silent), weights(make(callbacks=[Recorder()]).fit(X, Y)))


def test_long_fit_makes_up_to_fifty_records():
    estimator = sgan(max_iter=240).fit(X, Y)
    assert len(estimator.history_) == 48  # every fifth step: every fourth would make sixty
    assert estimator.history_[-1]["step"] == estimator.n_iter_ == 240


@both
def test_checkpoint_keeps_weights_optimizer_and_history(make, tmp_path):
    checkpoint = Checkpoint(
        monitor="train_loss_best",
        dirname=tmp_path,
        f_params="module.pt",
        f_optimizer="optimizer.pt",
        f_criterion=None,
        f_history="history.json",
    )
    estimator = make(callbacks=[checkpoint], learning_rate=5e-3, max_iter=5).fit(X, Y)
    saved = torch.load(tmp_path / "module.pt", weights_only=True)
    assert saved.keys() == state(estimator.net_.module_).keys()
    history = json.loads((tmp_path / "history.json").read_text())
    assert any(row["event_cp"] for row in history)
    assert torch.load(tmp_path / "optimizer.pt", weights_only=True)["state"]


def test_checkpoint_of_the_last_record_holds_every_network(tmp_path):
    checkpoint = Checkpoint(
        monitor=None,
        dirname=tmp_path,
        f_params="module.pt",
        f_optimizer=None,
        f_criterion=None,
        f_history=None,
        f_generator="generator.pt",
        f_average="average.pt",
        f_generator_optimizer="generator_optimizer.pt",
    )
    net = sgan(callbacks=[checkpoint]).fit(X, Y).net_
    for name, module in (
        ("module", net.module_),
        ("generator", net.generator_),
        ("average", net.average_),
    ):
        saved = torch.load(tmp_path / f"{name}.pt", weights_only=True)
        assert same_state(saved, state(module)), name
    assert (tmp_path / "generator_optimizer.pt").stat().st_size > 0


def test_checkpoint_of_the_best_validation_loss(tmp_path):
    checkpoint = Checkpoint(
        monitor="valid_loss_best", dirname=tmp_path, f_criterion=None, f_pickle=None
    )
    estimator = sgan(callbacks=[checkpoint], max_iter=10, **VALIDATED).fit(X, Y)
    history = json.loads((tmp_path / "history.json").read_text())
    best = np.argmin([row["valid_loss"] for row in history])
    assert history[best]["event_cp"]
    assert len(estimator.history_) >= len(history)


@both
def test_early_stopping_of_skorch_ends_the_fit(make):
    class Threshold(EarlyStopping):
        """Silent: what asks to stop prints nothing."""

        def __init__(self):
            super().__init__(monitor="valid_loss", patience=2, threshold=100.0, sink=lambda m: None)

    estimator = make(callbacks=[Threshold()], max_iter=30, **VALIDATED).fit(X, Y)
    assert 2 <= estimator.n_iter_ < 30
    assert np.isfinite(estimator.predict_proba(X)).all()


@pytest.fixture
def ctrl_c_raises():
    """Python's own handler, which it does not install where tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@both
@pytest.mark.usefixtures("ctrl_c_raises")
def test_ctrl_c_while_a_callback_works_is_the_user_s(make, tmp_path):
    class Interrupted(Callback):
        def on_epoch_end(self, net, **kwargs):
            if net.n_steps_ == 12:
                signal.raise_signal(signal.SIGINT)

    params = {"max_iter": 20, "checkpoint_dir": tmp_path, "checkpoint_every": 5}
    with pytest.warns(TrainingInterruptedWarning, match="go on from the checkpoint"):
        estimator = make(callbacks=[Interrupted()], **params).fit(X, Y)
    assert estimator.n_iter_ == 12
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    whole = make(**params).fit(X, Y)  # from step 10
    assert same_state(weights(whole), weights(make(max_iter=20).fit(X, Y)))


@pytest.mark.parametrize("callback", [ProgressBar(), InputShapeSetter(), PassthroughScoring("a")])
def test_callbacks_that_cannot_apply_are_refused_before_training(callback):
    with pytest.raises(InvalidInputError, match=f"callbacks holds {type(callback).__name__}"):
        sgan(callbacks=[callback]).fit(X, Y)


def test_best_weights_that_would_not_predict_are_refused(tmp_path):
    keepers = [EarlyStopping(load_best=True), Checkpoint(load_best=True, dirname=tmp_path)]
    for keeper in keepers:
        with pytest.raises(InvalidInputError, match=r"load_best=True, but .* early_stopping=True"):
            sgan(callbacks=[keeper]).fit(X, Y)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "instead"), [(EarlyStopping, "train_loss"), (Checkpoint, "train_loss_best")]
)
def test_a_monitor_of_rows_that_are_not_held_out_is_refused(kind, instead, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where a checkpoint is written
    message = f"{kind.__name__} with monitor='valid_loss.*early_stopping=True, or .*'{instead}'"
    for callback in (kind, kind(), ("named", kind())):
        with pytest.raises(InvalidInputError, match=message):
            sgan(callbacks=[callback]).fit(X, Y)
    with pytest.raises(InvalidInputError, match=message):
        sgan(callbacks=[kind()], **VALIDATED).partial_fit(X, Y)
    sgan(callbacks=[kind()], **VALIDATED).fit(X, Y)
    sgan(callbacks=[kind(monitor=instead)]).fit(X, Y)


@both
def test_training_goes_on_with_the_callbacks_that_it_began_with(make):
    model = make(callbacks=[EarlyStopping(monitor="valid_loss")], **VALIDATED).fit(X, Y)
    steps = model.n_iter_
    for changed in ({}, {"callbacks": None}, {"callbacks": [EarlyStopping(monitor="train_loss")]}):
        with pytest.raises(InvalidInputError, match=r"callbacks held EarlyStopping.*begin anew"):
            model.set_params(**changed).partial_fit(X, Y)
    with pytest.raises(InvalidInputError, match=r"callbacks held EarlyStopping.*begin anew"):
        model.set_params(warm_start=True, early_stopping=False).fit(X, Y)
    assert model.n_iter_ == steps
    model.set_params(early_stopping=True).fit(X, Y)


@pytest.mark.parametrize(
    "settings",
    [
        {"steps": 5},
        {"steps": "1"},
        {"steps": np.array(5)},
        {"steps": iter((1, 3))},
        {"n_samples": 0},
    ],
)
def test_what_the_recorder_cannot_draw_is_named(settings):
    with pytest.raises(InvalidInputError, match=next(iter(settings))):
        sgan(callbacks=[SampleRecorder(**settings)]).fit(X, Y)


def test_a_recorder_of_tables_is_refused_before_training():
    model = sgan(callbacks=[SampleRecorder(steps=(3,))])
    with pytest.raises(InvalidInputError, match="X is a table of 64 features"):
        model.fit(X.reshape(len(X), -1), Y)
    assert not hasattr(model, "net_")


@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_batch_begin", "on_batch_end"])
def test_an_error_of_a_callback_in_a_warm_start_loses_or_keeps_the_whole_step(hook):
    class Fails(Callback):
        armed = False

        def fail(self, net, **kwargs):
            if self.armed:
                raise MemoryError

    setattr(Fails, hook, Fails.fail)
    callback = Fails()
    model = sgan(max_iter=4, warm_start=True, callbacks=[callback]).fit(X, Y)
    before, n_records = weights(model), len(model.net_.history)
    model.net_.callbacks_[-1][1].armed = True
    with pytest.raises(MemoryError):
        model.fit(X, Y)
    has_stepped = hook == "on_batch_end"
    assert model.n_iter_ == 4 + has_stepped
    assert same_state(weights(model), before) != has_stepped
    assert len(model.net_.history) == n_records + has_stepped


def test_tensorboard_gets_every_figure_of_every_record(tmp_path):
    estimator = sgan(callbacks=[TensorBoard(SummaryWriter(tmp_path))]).fit(X, Y)
    log = EventAccumulator(str(tmp_path)).Reload()
    of_loss = [event.value for event in log.Scalars("Loss/train_loss")]
    assert of_loss == pytest.approx([record["loss"] for record in estimator.history_])
    tags = set(log.Tags()["scalars"])
    assert {"labeled_loss", "adversarial_loss", "realness_real", "generator_loss"} <= tags


def test_callback_may_change_the_net_between_steps():
    class WithoutBias(Callback):
        def on_batch_end(self, net, **kwargs):
            for name, parameter in net.module_.named_parameters():
                if name.endswith("bias"):
                    parameter.data.zero_()

    with_bias = state(sgan().fit(X, Y).net_.module_)
    without = state(sgan(callbacks=[WithoutBias()]).fit(X, Y).net_.module_)
    assert any(value.any() for name, value in with_bias.items() if name.endswith("bias"))
    assert not any(value.any() for name, value in without.items() if name.endswith("bias"))


def test_callback_s_error_is_not_swallowed():
    class Fails(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        sgan(callbacks=[Fails()]).fit(X, Y)


@both
def test_bar_goes_to_stderr_and_nothing_is_ever_printed(make, capsys):
    make(verbose=1).fit(X, Y).predict(X)
    out, err = capsys.readouterr()
    assert out == ""
    assert "fit: 100%" in err
    assert "3/3" in err
    make(verbose=0).fit(X, Y).predict(X)
    assert capsys.readouterr() == ("", "")


class TensorRecorder(Callback):
    def on_epoch_end(self, net, **kwargs):
        net.history.record("norm", torch.tensor(1.0))


@both
def test_a_history_that_no_checkpoint_can_hold_is_named(make, tmp_path):
    model = make(callbacks=[TensorRecorder()], max_iter=4)
    model.fit(X, Y)
    model.set_params(checkpoint_dir=tmp_path, checkpoint_every=2)
    with pytest.raises(CheckpointError, match=r"no checkpoint .*tensor\(1\.\).*plain numbers"):
        model.fit(X, Y)
    assert model.predict(X).shape == (len(X),)
