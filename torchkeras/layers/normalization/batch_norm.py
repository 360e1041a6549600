"""BatchNormalization: features normalised over the batch."""

import math
from typing import Any

import torch

from torchkeras import constraints, initializers, regularizers
from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers.input_spec import InputSpec
from torchkeras.layers.layer import Layer
from torchkeras.ops._replicas import has_replicas, sum_of_replicas


@LAYERS.register()
class BatchNormalization(Layer):
    """Scales each feature to mean 0 and variance 1 over the batch; `gamma * x + beta` follows.

    While training it uses the statistics of the batch, and moves its averages towards them:
    `moving = momentum * moving + (1 - momentum) * batch`. Else, or with `trainable=False`, it uses
    the averages.

    Args:
        axis: Axis of the features.
        momentum: Momentum of the moving averages.
        epsilon: Added to the variance.
        center: Whether `beta` is added.
        scale: Whether `gamma` is multiplied.
        beta_initializer, gamma_initializer: Initializers.
        moving_mean_initializer, moving_variance_initializer: Initializers of the averages.
        beta_regularizer, gamma_regularizer: Penalties.
        beta_constraint, gamma_constraint: Constraints after each step.
        renorm: Whether training corrects the batch's statistics towards the long run's
            (Ioffe, 2017, https://arxiv.org/abs/1702.03275).
        renorm_clipping: Bounds of the correction `normalised * r + d`: `"rmin"` and `"rmax"` of
            `r` (default 0 and infinity), `"dmax"` of `d` (default infinity).
        renorm_momentum: Momentum of the averages that the correction goes by.
        synchronized: Whether the processes of `torch.distributed` share their statistics.

    Ioffe and Szegedy, 2015, https://arxiv.org/abs/1502.03167

    >>> import torch, torchkeras as keras
    >>> keras.layers.BatchNormalization(epsilon=0.0)(torch.ones(2, 1)).detach()
    tensor([[1.],
            [1.]])
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: dict[str, float] | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = int(axis)
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.renorm = renorm
        self.renorm_clipping = _clipping(renorm_clipping) if renorm else None
        self.renorm_momentum = renorm_momentum
        self.synchronized = synchronized
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Create gamma, beta and the moving averages."""
        rank = len(input_shape)
        if not -rank <= self.axis < rank:
            raise ValueError(
                f"BatchNormalization: axis must be within the input's {rank} axes. "
                f"{received('axis', self.axis)}"
            )
        axis = self.axis % rank
        features = input_shape[axis]
        if features is None:
            raise ValueError(
                "BatchNormalization: the size of the axis must be known. "
                f"Received: axis={self.axis}, input_shape={input_shape}."
            )
        self._last = axis == rank - 1
        self._axis = axis
        self.gamma = self.beta = None
        shape = (features,)
        # autocast=False: torch's kernel takes 16-bit inputs with weights of 32 bits.
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                autocast=False,
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta",
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,
            )
        self.moving_mean = self.add_weight(
            name="moving_mean",
            shape=shape,
            initializer=self.moving_mean_initializer,
            trainable=False,
            autocast=False,
        )
        self.moving_variance = self.add_weight(
            name="moving_variance",
            shape=shape,
            initializer=self.moving_variance_initializer,
            trainable=False,
            autocast=False,
        )
        if self.renorm:
            for name, start in ("moving_stddev", None), ("renorm_mean", 0), ("renorm_stddev", None):
                initializer = (
                    self.moving_mean_initializer if start == 0 else self._stddev_initializer
                )
                weight = self.add_weight(
                    name=name,
                    shape=shape,
                    initializer=initializer,
                    trainable=False,
                    autocast=False,
                )
                setattr(self, name, weight)
        self.input_spec = InputSpec(ndim=rank, axes={axis: features})

    def _stddev_initializer(self, shape: Any, dtype: Any = None) -> torch.Tensor:
        return torch.sqrt(self.moving_variance_initializer(shape, dtype=dtype))

    def call(
        self, inputs: torch.Tensor, training: bool | None = None, mask: Any = None
    ) -> torch.Tensor:
        """Return the normalised inputs."""
        if not inputs.is_floating_point():
            inputs = inputs.to(self._policy.torch_compute_dtype)
        x = inputs
        # (batch, features, ...) for torch's kernel, which is fast on the channels_last order that
        # an array with its features last has once it has four axes.
        rows = self._last and x.is_contiguous()
        if not rows:
            x = x.movedim(self._axis, 1)
        elif x.ndim > 2:
            x = x.view(x.shape[0], -1, 1, x.shape[-1]) if x.ndim != 4 else x
            x = x.permute(0, 3, 1, 2)
        if not (training and self._trainable):
            weights, state = self._parameters, self._buffers
            x = torch.batch_norm(
                x, weights.get("gamma"), weights.get("beta"), state["moving_mean"],
                state["moving_variance"], False, 0.0, self.epsilon, False,
            )  # fmt: skip
        elif (
            mask is not None
            or self.renorm
            or (self.synchronized and has_replicas())
            or torch.compiler.is_exporting()  # which cannot record .data
        ):
            x = self._composed(x, inputs, mask, rows)
        else:
            x = self._from_batch(x)
        if not rows:
            return x.movedim(1, self._axis)
        return x if x.ndim == 2 else x.permute(0, 2, 3, 1).reshape(inputs.shape)

    def _from_batch(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise by the batch's own statistics, and move the averages.

        torch moves the variance towards the unbiased one; Keras towards the biased one, which is
        (n - 1) / n of it: the difference is taken back by a share 1 / n of the old average.
        """
        weights, state = self._parameters, self._buffers
        gamma, beta = weights.get("gamma"), weights.get("beta")
        mean, variance = state["moving_mean"], state["moving_variance"]
        count = x.numel() // x.shape[1]
        if count == 1:
            # One value is its own mean: what is left is 0, and so is its gradient.
            zero = torch.zeros_like(mean)
            out = torch.batch_norm(x - x, gamma, beta, zero, zero, False, 0.0, self.epsilon, False)
            with torch.no_grad():
                mean.lerp_(x.flatten().to(mean.dtype), 1 - self.momentum)
                variance.mul_(self.momentum)
            return out
        # .data: the kernel keeps the averages for its backward pass, which never reads them here.
        plain = variance.data
        old = plain * self.momentum
        out = torch.batch_norm(
            x, gamma, beta, mean, variance, True, 1 - self.momentum, self.epsilon, False
        )
        plain.lerp_(old, 1 / count)
        return out

    def _composed(self, x: torch.Tensor, inputs: Any, mask: Any, rows: bool) -> torch.Tensor:
        """Normalise by the statistics of what the mask shows and of all replicas, renormalised."""
        dims = [d for d in range(x.ndim) if d != 1]
        dtype = self.moving_mean.dtype
        wide = x.to(dtype)
        over_all = sum_of_replicas if self.synchronized and has_replicas() else _own
        if mask is None and over_all is _own:
            variance, mean = torch.var_mean(wide, dims, correction=0, keepdim=True)
        elif mask is None:
            total = over_all(wide.new_tensor(float(x.numel() // x.shape[1])))
            mean = over_all(wide.sum(dims, keepdim=True)) / total
            variance = over_all((wide - mean).square().sum(dims, keepdim=True)) / total
        else:
            seen = mask.to(dtype).reshape(*mask.shape, *(1,) * (inputs.ndim - mask.ndim))
            seen = seen.expand(inputs.shape)
            seen = seen.reshape(-1, x.shape[1]) if rows else seen.movedim(self._axis, 1)
            if rows and x.ndim == 4:
                seen = seen.view(x.shape[0], *x.shape[2:], -1).permute(0, 3, 1, 2)
            total = over_all(seen.sum(dims, keepdim=True)) + 1e-7
            mean = over_all((wide * seen).sum(dims, keepdim=True)) / total
            variance = over_all(((wide - mean).square() * seen).sum(dims, keepdim=True)) / total
        shape = [1, -1, *(1,) * (x.ndim - 2)]
        out = (wide - mean) * torch.rsqrt(variance + self.epsilon)
        if self.renorm:
            r, d = self._correction(mean.detach().flatten(), variance.detach().flatten())
            out = out * r.view(shape) + d.view(shape)
        else:
            self._move(mean.detach().flatten(), variance.detach().flatten())
        if self.gamma is not None:
            out = out * self.gamma.view(shape)
        if self.beta is not None:
            out = out + self.beta.view(shape)
        return out.to(x.dtype)

    def _move(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        with torch.no_grad():
            self.moving_mean.lerp_(mean, 1 - self.momentum)
            self.moving_variance.lerp_(variance, 1 - self.momentum)

    @torch.no_grad()
    def _correction(
        self, mean: torch.Tensor, variance: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the factor and the shift of batch renormalisation, and move all averages."""
        bounds = self.renorm_clipping
        stddev = torch.sqrt(variance + self.epsilon)
        r = (stddev / self.renorm_stddev).clamp(bounds.get("rmin", 0.0), bounds.get("rmax"))
        d = (mean - self.renorm_mean) / self.renorm_stddev
        if "dmax" in bounds:
            d = d.clamp(-bounds["dmax"], bounds["dmax"])
        self.renorm_mean.lerp_(mean, 1 - self.renorm_momentum)
        self.renorm_stddev.lerp_(stddev, 1 - self.renorm_momentum)
        self.moving_mean.lerp_(mean, 1 - self.momentum)
        self.moving_stddev.lerp_(stddev, 1 - self.momentum)
        self.moving_variance.copy_((self.moving_stddev.square() - self.epsilon).clamp(min=0.0))
        return r, d

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape


def _own(x: torch.Tensor) -> torch.Tensor:
    """Stand in for the sum where there is one process."""
    return x


def _clipping(bounds: Any) -> dict[str, float]:
    bounds = dict(bounds or {})
    if not bounds.keys() <= {"rmin", "rmax", "dmax"} or bounds.get("dmax", 0.0) < 0:
        raise ValueError(
            "BatchNormalization: renorm_clipping must have no keys but 'rmin', 'rmax' and a "
            f"'dmax' >= 0. {received('renorm_clipping', bounds)}"
        )
    if bounds.get("rmin", 0.0) > bounds.get("rmax", math.inf):
        raise ValueError(
            "BatchNormalization: 'rmin' of renorm_clipping must not be above 'rmax'. "
            f"{received('renorm_clipping', bounds)}"
        )
    return bounds
