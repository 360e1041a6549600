"""Trainer: compile, fit, evaluate and predict of a model."""

import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch

from torchkeras import metrics as metrics_module
from torchkeras import optimizers
from torchkeras._base import check, config
from torchkeras._base.check import received
from torchkeras._base.interrupt import deferrable, whole
from torchkeras._base.legacy import warn_user
from torchkeras.callbacks.history import History
from torchkeras.callbacks.list import CallbackList
from torchkeras.callbacks.old_keys import OldKeys
from torchkeras.core import nest, serialize
from torchkeras.training import step
from torchkeras.training._legacy import LOADING, RENAMED, metrics_by_position, old_call
from torchkeras.training.collect import Collector
from torchkeras.training.compile_loss import CompileLoss
from torchkeras.training.compile_metrics import CompileMetrics
from torchkeras.training.data import (
    make_adapter,
    to_device,
    train_validation_split,
    unpack_x_y_sample_weight,
)
from torchkeras.training.logs import LazyLogs, to_numbers
from torchkeras.training.loop import Loop
from torchkeras.training.on_batch import OnBatch
from torchkeras.training.run import Run
from torchkeras.training.stored import storable


class Trainer(OnBatch):
    """The training half of a Model; the other half is a Layer."""

    _config_mixin = True

    def __init__(self) -> None:
        fields = self.__dict__
        fields["compiled"] = False
        fields["_compile"] = None
        fields["stop_training"] = False
        fields["stop_evaluating"] = False
        fields["stop_predicting"] = False
        fields["optimizer"] = fields["loss"] = None
        fields["run_eagerly"] = fields["jit_compile"] = False
        fields["steps_per_execution"] = 1
        fields["history"] = None
        fields["_validation_given"] = None

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[misc]
        if isinstance(self.history, History):
            self.history.set_model(self)
        if self.__dict__.get("jit_compile"):  # a compiled call is no part of a copy
            self._compile_call()

    @old_call(
        "cloning", "class_mode", "distribute", "experimental_run_tf_function",
        "pss_evaluation_shards", "sample_weight_mode", "theano_mode",
        experimental_steps_per_execution="steps_per_execution",
    )  # fmt: skip
    def compile(  # type: ignore[override]
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Choose what the model is trained with.

        Args:
            optimizer: Name, config, Keras optimizer, or `torch.optim` optimizer or class.
            loss: Name, function or Loss; list or dict of them for several outputs.
            loss_weights: Weights of the outputs' losses.
            metrics: Metrics without sample weights; list, or list or dict of lists by output.
            weighted_metrics: Metrics that sample weights apply to.
            run_eagerly: Never use `torch.compile`.
            steps_per_execution: Steps between two calls of the batch hooks of callbacks.
            jit_compile: True runs the model through `torch.compile`; `"auto"` does not.
            auto_scale_loss: Scale the loss dynamically under `mixed_float16`.

        Raises:
            ValueError: for an unknown name, with names that are near.
        """
        check.positive_int("compile", "steps_per_execution", steps_per_execution)
        if loss_weights is not None:
            loss_weights, metrics = metrics_by_position(loss_weights, metrics)
        optimizer = optimizers.get(optimizer)
        scales = isinstance(optimizer, (optimizers.LossScaleOptimizer, optimizers.TorchOptimizer))
        if auto_scale_loss and self.dtype_policy.name == "mixed_float16" and not scales:
            optimizer = optimizers.LossScaleOptimizer(optimizer, name="loss_scale_optimizer")
        given = {
            "optimizer": optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile is True,
        }
        compile_loss = compile_metrics = None
        names = getattr(self, "output_names", None)
        if loss is not None:
            compile_loss = CompileLoss(loss, loss_weights, output_names=names)
        if metrics is not None or weighted_metrics is not None:
            compile_metrics = CompileMetrics(metrics, weighted_metrics, output_names=names)
        fields = self.__dict__
        fields["optimizer"] = optimizer
        fields["_compile"] = step.Compiled(
            given, compile_loss, compile_metrics, metrics_module.Mean(name="loss")
        )
        fields["steps_per_execution"] = steps_per_execution
        fields["run_eagerly"] = run_eagerly
        fields["jit_compile"] = jit_compile is True and not run_eagerly
        fields["loss"] = loss
        fields["stop_training"] = False
        fields["compiled"] = True
        fields["_compiled_call_impl"] = None
        if self.jit_compile:
            self._compile_call()

    def _compile_call(self) -> None:
        """Let torch.compile have the calls, from the one on that finds the model built."""

        def first(*args: Any, **kwargs: Any) -> Any:
            if not self.built:  # what makes weights and graphs is not for torch to trace
                return self._call_impl(*args, **kwargs)
            torch.nn.Module.compile(self)
            return self._compiled_call_impl(*args, **kwargs)

        self.__dict__["_compiled_call_impl"] = first

    # ------------------------------------------------------------------ fit

    @old_call(*LOADING, **RENAMED)
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: dict[Any, Any] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Iterable[int] = 1,
    ) -> Any:
        """Train the model for a number of epochs.

        Args:
            x: Array, tensor, structure of them, DataLoader, Dataset, generator or PyDataset.
            y: Targets, if `x` does not bring them.
            batch_size: Samples a step; default 32.
            epochs: Number of the last epoch.
            verbose: 0 silent, 1 progress bar, 2 one line an epoch, `"auto"` 1 (2 in a file).
            callbacks: Callbacks.
            validation_split: Fraction of the end of `x` and `y` to evaluate on.
            validation_data: `(x, y)` or `(x, y, sample_weight)` or a dataset to evaluate on.
            shuffle: Whether samples come in a new order each epoch.
            class_weight: Weight of each class in the loss; for several outputs a dict of such
                dicts by the outputs' names.
            sample_weight: Weight of each sample in the loss.
            initial_epoch: Epoch to begin at, counted from 0.
            steps_per_epoch: Steps that make an epoch; default: one pass.
            validation_steps: Steps that make an evaluation; default: one pass.
            validation_batch_size: Default `batch_size`.
            validation_freq: Epochs between evaluations, or the list of epochs.

        Returns:
            The `History` callback.

        Raises:
            ValueError: for data or arguments that do not fit, before anything is trained.
        """
        self._check_compiled("fit")
        _check_verbose("fit", verbose)
        check.non_negative_int("fit", "epochs", epochs)
        check.non_negative_int("fit", "initial_epoch", initial_epoch)
        limit = config.max_epochs()
        if limit is not None:
            epochs = min(epochs, limit)
        for name, value in (
            ("validation_batch_size", validation_batch_size),
            ("validation_steps", validation_steps),
        ):
            if value is not None:
                check.positive_int("fit", name, value)
        evaluate_at = _evaluation_epochs(validation_freq)
        if validation_split != 0 and validation_data is None:
            x, y, sample_weight, validation_data = _split(x, y, sample_weight, validation_split)
        adapter = make_adapter(
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            steps=steps_per_epoch,
            shuffle=shuffle,
            class_weight=class_weight,
            outputs=self._output_names(),
            owner="fit",
            strings=self._takes_strings,
        )
        validation = None
        if validation_data is not None:
            validation = self._validation_adapter(
                validation_data, validation_batch_size or batch_size, validation_steps
            )
        self._prepare_training(x, y)
        callbacks = self._callbacks(
            callbacks,
            verbose,
            history=True,
            epochs=epochs,
            steps=adapter.num_batches,
            facts=self._old_params(adapter, validation is not None),
        )
        self.__dict__["_validation_given"] = validation_data
        self.__dict__["stop_training"] = False
        before = self.training
        run = Run(self, adapter, validation, callbacks, initial_epoch, epochs)
        with deferrable():
            try:
                self._run_epochs(run, evaluate_at)
            except BaseException as e:
                run.note(e)
                callbacks.on_exception(e)
                raise
            finally:
                self._compile.penalised = None
                self.__dict__["_validation_given"] = None
                self.train(before)
        return self.history

    def _old_params(self, adapter: Any, validates: bool) -> dict[str, Any]:
        """Return what older versions told the callbacks besides."""
        model = weakref.ref(self)  # the history keeps this, and the model the history
        return {
            "batch_size": adapter.batch_size,
            "samples": adapter.num_samples,
            "do_validation": validates,
            "metrics": lambda: _with_validation(model().metrics_names, validates),
        }

    def _run_epochs(self, run: Run, evaluate_at: Callable[[int], bool]) -> None:
        """Train epoch by epoch, from where the run stands."""
        adapter, callbacks = run.adapter, run.callbacks
        callbacks.take_run(run)
        callbacks.on_train_begin()
        run.train_begun()
        for epoch in () if run.finished else range(run.epoch, run.epochs):
            self.reset_metrics()
            callbacks.on_epoch_begin(epoch)
            loop = Loop(adapter, callbacks, "train", self, self.steps_per_execution)
            run.epoch_begun(loop)
            self.train()
            self._discard_gradients()
            logs = self._drive(loop, self.train_step)
            if adapter.exhausted:
                self.__dict__["stop_training"] = True
            if run.validation is not None and evaluate_at(epoch):
                found = self._evaluate(run.validation, callbacks)
                logs.update({f"val_{k}": v for k, v in found.items()})
                logs = OldKeys(sorted(logs.items()))  # the order of Keras's History
            adapter.on_epoch_end()
            run.epoch_ended(logs)
            callbacks.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        if self.optimizer is not None and self.optimizer.built:
            with whole:
                self.optimizer.finalize_variable_values(self.trainable_variables)
        callbacks.on_train_end(run.logs)

    def _drive(self, loop: Loop, function: Callable[[Any], Any]) -> dict[str, Any]:
        """Run one pass and return its logs as numbers."""
        device = self._device()
        own = not step.is_ours(function)
        exposed = loop.hooked and function == self.train_step
        for batch in loop:
            if exposed:  # a callback may have called backward()
                self._discard_gradients()
            if device is not None:
                batch = to_device(batch, device)
            loop.logs = function(step.as_given(batch, loop.adapter) if own else batch)
        logs = loop.logs
        if isinstance(logs, LazyLogs):
            return OldKeys(logs.items())
        return OldKeys(to_numbers(logs or {}))

    def _prepare_training(self, x: Any, y: Any) -> None:
        self._check_targets(y)
        if not self.built:
            return  # the first step builds
        variables = self.trainable_variables
        self._compile.penalised = [
            v for v in variables if getattr(v, "regularizer", None) is not None
        ]
        optimizer = self.optimizer
        if optimizer is None:
            return
        if not optimizer.built:
            optimizer.build(variables)
            return
        known = {id(p) for group in optimizer.param_groups for p in group["params"]}
        unknown = [getattr(v, "path", "?") for v in variables if id(v) not in known]
        if unknown:
            raise ValueError(
                "The optimizer was built before these variables were trainable: call compile() "
                f"again. Received: {unknown[:10]}."
            )

    def _check_targets(self, y: Any) -> None:
        if self._compile.loss is not None and y is not None:
            self._compile.loss.check_targets(y, self._output_shapes())

    def _validation_adapter(self, data: Any, batch_size: int | None, steps: int | None) -> Any:
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        adapter = make_adapter(
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            steps=steps,
            outputs=self._output_names(),
            owner="validation_data",
            strings=self._takes_strings,
        )
        adapter.anew = True
        self._check_targets(y)
        return adapter

    def _callbacks(self, callbacks: Any, verbose: Any, history: bool, **params: Any) -> Any:
        if isinstance(callbacks, CallbackList):
            return callbacks
        return CallbackList(
            callbacks,
            add_history=history,
            add_progbar=bool(verbose),
            model=self,
            verbose=verbose,
            **params,
        )

    # ------------------------------------------------------------------ evaluate and predict

    @old_call(*LOADING, **RENAMED)
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Return the loss and the metrics on data.

        Args:
            x: Data, in any form that `fit` takes.
            y: Targets, if `x` does not bring them.
            batch_size: Samples a step; default 32.
            verbose: 0 silent, 1 progress bar, 2 one line, `"auto"` 1 (2 in a file).
            sample_weight: Weight of each sample.
            steps: Steps to run; default: one pass.
            callbacks: Callbacks.
            return_dict: Return a dict by names instead of a list.

        Raises:
            ValueError: for data or arguments that do not fit.
        """
        self._check_compiled("evaluate")
        if kwargs:
            raise ValueError(f"evaluate: unknown arguments. {received('kwargs', kwargs)}")
        _check_verbose("evaluate", verbose)
        adapter = make_adapter(
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            steps=steps,
            outputs=self._output_names(),
            owner="evaluate",
            strings=self._takes_strings,
        )
        if verbose == 0 and callbacks is None:
            found = self._evaluate(adapter, None)
        else:
            callbacks = self._callbacks(
                callbacks, verbose, history=False, epochs=1, steps=adapter.num_batches
            )
            try:
                found = self._evaluate(adapter, callbacks)
            except BaseException as e:
                callbacks.on_exception(e)
                raise
        return found if return_dict else self._in_order(found)

    def _evaluate(self, adapter: Any, callbacks: Any) -> dict[str, Any]:
        fields = self.__dict__
        fields["stop_evaluating"] = False
        before = self.training
        if callbacks is not None:
            callbacks.on_test_begin()
        self.reset_metrics()
        self.eval()
        adapter.on_epoch_begin()
        try:
            with torch.no_grad():
                loop = Loop(adapter, callbacks, "test", self, self.steps_per_execution)
                logs = self._drive(loop, self.test_step)
        finally:
            self.train(before)
        adapter.on_epoch_end()
        if callbacks is not None:
            callbacks.on_test_end(logs)
        return logs

    @old_call(*LOADING, **RENAMED)
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Return the model's outputs for all samples, as numpy arrays.

        Args:
            x: Data, in any form that `fit` takes; targets in it are ignored.
            batch_size: Samples a step; default 32.
            verbose: 0 silent, 1 progress bar, 2 one line, `"auto"` 1 (2 in a file).
            steps: Steps to run; default: one pass.
            callbacks: Callbacks.

        Raises:
            ValueError: for data or arguments that do not fit.
        """
        _check_verbose("predict", verbose)
        adapter = make_adapter(
            x, batch_size=batch_size, steps=steps, owner="predict", strings=self._takes_strings
        )
        fields = self.__dict__
        if "steps_per_execution" not in fields:
            fields["steps_per_execution"] = 1
        if verbose == 0 and callbacks is None:
            callbacks = None
        else:
            callbacks = self._callbacks(
                callbacks, verbose, history=False, epochs=1, steps=adapter.num_batches
            )
            callbacks.on_predict_begin()
        fields["stop_predicting"] = False
        before = self.training
        if before:
            self.eval()
        device = self._device()
        collector = Collector(adapter.num_samples if steps is None else None)
        adapter.on_epoch_begin()
        function = self.predict_step
        own = not step.is_ours(function)
        try:
            with torch.inference_mode():
                loop = Loop(adapter, callbacks, "predict", self, self.steps_per_execution)
                for batch in loop:
                    if device is not None:
                        batch = to_device(batch, device)
                    outputs = function(step.as_given(batch, adapter) if own else batch)
                    collector.add(outputs)
                    if callbacks is not None:
                        loop.logs = {"outputs": outputs}
                    del outputs, batch
        except BaseException as e:
            if callbacks is not None:
                callbacks.on_exception(e)
            raise
        finally:
            if before:
                self.train()
        adapter.on_epoch_end()
        if callbacks is not None:
            callbacks.on_predict_end()
        return collector.result()

    # ------------------------------------------------------------------ configuration

    @property
    def metrics_names(self) -> list[str]:
        """Names of what `evaluate` returns, in its order."""
        metrics = self.metrics
        if config.legacy_mode() == "off":
            return [m.name for m in metrics]  # groups among them, as in Keras 3
        groups = [m for m in metrics if isinstance(m, CompileMetrics)]
        if all(m.built for m in groups):
            return self._order(sorted(self.get_metrics_result()))
        found = [n for m in groups for n in m.names]
        return list(dict.fromkeys([metrics[0].name, *found, *(m.name for m in metrics[2:])]))

    def get_compile_config(self) -> dict[str, Any] | None:
        """Return the arguments of `compile`, ready for JSON."""
        if not self.compiled:
            return None
        given = dict(self._compile.given)
        for what in ("loss", "metrics", "weighted_metrics"):
            given[what] = storable(given.get(what))
        return serialize.serialize_keras_object(given)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as a config says; a class with a `compile` of its own must do that itself."""
        if type(self).compile is not Trainer.compile:
            warn_user(
                f"{type(self).__name__} is not compiled: it has a compile() of its own. Call that, "
                "or give the class get_compile_config() and compile_from_config(config).",
                UserWarning,
            )
            return
        self._compile_as(config)

    def _compile_as(self, config: dict[str, Any]) -> None:
        config = serialize.deserialize_keras_object(config)
        self.compile(**config)
        if self.optimizer is not None and self.built:
            self.optimizer.build(self.trainable_variables)

    def _output_shapes(self) -> Any:
        """Return the outputs' shapes in their structure where they are known, else None."""
        if not getattr(self, "outputs", None):
            return None
        outputs = self.output  # type: ignore[attr-defined]
        if isinstance(outputs, (list, tuple)) and len(outputs) == 1:
            outputs = outputs[0]  # as a call hands it out
        return nest.map_structure(lambda t: t.shape, outputs)


def _with_validation(names: list[str], validates: bool) -> list[str]:
    return names + [f"val_{n}" for n in names] if validates else names


def _check_verbose(owner: str, verbose: Any) -> None:
    check.one_of(owner, "verbose", verbose, ("auto", 0, 1, 2, True, False))


def _evaluation_epochs(validation_freq: Any) -> Callable[[int], bool]:
    if isinstance(validation_freq, (int, np.integer)) and not isinstance(validation_freq, bool):
        every = check.positive_int("fit", "validation_freq", validation_freq)
        return lambda epoch: (epoch + 1) % every == 0
    if isinstance(validation_freq, (list, tuple, set, range)):
        chosen = set(validation_freq)
        return lambda epoch: epoch + 1 in chosen
    raise ValueError(
        "fit: validation_freq must be a positive integer or a list of epochs. "
        f"{received('validation_freq', validation_freq)}"
    )


def _split(x: Any, y: Any, sample_weight: Any, fraction: float) -> tuple[Any, Any, Any, Any]:
    train, validation = train_validation_split((x, y, sample_weight), fraction)
    return (*train, validation)
