"""Names of Keras 1, Keras 2 and tf.keras in their modules."""

import numpy as np
import pytest
import torch

import torchkeras
from torchkeras.compat.alias import AliasModule
from torchkeras.compat.names import callbacks, constraints, models, regularizers
from torchkeras.core.registry import CONSTRAINTS

# Export paths of tf.keras 2.15 that Keras 3 has no more, and Keras 1's, by module.
NAMES = {
    "callbacks": "BaseLogger SidecarEvaluatorModelExport CallbackList ProgbarLogger",
    "callbacks.experimental": "BackupAndRestore",
    "constraints": "RadialConstraint radial_constraint maxnorm nonneg unitnorm max_norm non_neg",
    "engine.topology": "Layer InputSpec Input InputLayer Node Container Merge merge",
    "experimental": """CosineDecay CosineDecayRestarts LinearModel SequenceFeatures SidecarEvaluator
        WideDeepModel""",
    "initializations": "get uniform normal glorot_uniform he_normal orthogonal zero one identity",
    "initializers": "zero one uniform normal zeros ones constant glorot_normal variance_scaling",
    "layers": """AbstractRNNCell DenseFeatures LocallyConnected1D LocallyConnected2D RandomHeight
        RandomWidth ThresholdedReLU Convolution1D Convolution2D Convolution3D AtrousConvolution2D
        Deconvolution2D SeparableConvolution2D TimeDistributedDense MaxoutDense Highway Merge
        SReLU ParametricSoftplus CuDNNLSTM CuDNNGRU MaxPool2D AvgPool2D GlobalAvgPool2D add subtract
        multiply average maximum minimum concatenate dot Recurrent""",
    "layers.experimental": "EinsumDense RandomFourierFeatures SyncBatchNormalization",
    "layers.experimental.preprocessing": """CategoryEncoding CenterCrop Discretization
        HashedCrossing Hashing IntegerLookup Normalization PreprocessingLayer RandomContrast
        RandomCrop RandomFlip RandomHeight RandomRotation RandomTranslation RandomWidth RandomZoom
        Rescaling Resizing
        StringLookup TextVectorization""",
    "losses": """KLD MAE MAPE MSE MSLE Reduction kld kullback_leibler_divergence logcosh mae mape
        mse msle cosine_proximity""",
    "metrics": """KLD MAE MAPE MSE MSLE MeanRelativeError MeanTensor kld kullback_leibler_divergence
        logcosh mae mape mse msle precision recall fbeta_score fmeasure matthews_correlation""",
    "metrics.experimental": "PyMetric",
    "mixed_precision.experimental": "Policy set_policy global_policy LossScaleOptimizer",
    "models": "model_from_config model_from_yaml Graph",
    "models.experimental": "SharpnessAwareMinimization",
    "objectives": "mse binary_crossentropy get",
    "optimizers": "TFOptimizer SGD",
    "optimizers.experimental": """Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Nadam Optimizer
        RMSprop SGD""",
    "optimizers.legacy": "Adadelta Adamax Nadam Adam",
    "regularizers": """WeightRegularizer ActivityRegularizer l1l2 activity_l1 activity_l2
        activity_l1l2 L1L2Regularizer EigenvalueRegularizer l1 l2""",
}


@pytest.mark.parametrize("module", NAMES)
def test_names_are_there(module):
    found = AliasModule(f"keras.{module}", module)
    assert not [n for n in NAMES[module].split() if not hasattr(found, n)]


@pytest.mark.parametrize(
    ("size", "rows"),
    [
        (3, [[4, 4, 4], [4, 0, 4], [4, 4, 4]]),
        (4, [[15, 15, 15, 15], [15, 5, 5, 15], [15, 5, 5, 15], [15, 15, 15, 15]]),
        (5, [[18, 18, 18, 18, 18], [18, 12, 12, 12, 18], [18, 12, 6, 12, 18],
             [18, 12, 12, 12, 18], [18, 18, 18, 18, 18]]),
    ],
)  # fmt: skip
def test_radial_constraint_is_that_of_tf_keras(size, rows):
    w = torch.arange(float(size * size)).reshape(size, size, 1, 1)
    assert constraints.RadialConstraint()(w)[..., 0, 0].tolist() == rows
    assert isinstance(CONSTRAINTS.get("radial_constraint"), constraints.RadialConstraint)
    with pytest.raises(ValueError, match="square kernel"):
        constraints.RadialConstraint()(w[:2])


def test_regularizers_of_keras_1():
    both = regularizers.l1l2()
    assert (both.l1, both.l2) == (0.01, 0.01)
    assert regularizers.WeightRegularizer(l1=0.0, l2=0.5).l2 == 0.5
    assert regularizers.activity_l2(0.1)(torch.tensor([2.0])).item() == pytest.approx(0.4)
    with pytest.raises(NotImplementedError, match="EigenvalueRegularizer is not part"):
        regularizers.EigenvalueRegularizer(0.1)


def test_base_logger_takes_its_argument():
    assert callbacks.BaseLogger(stateful_metrics=["acc"]).stateful_metrics == {"acc"}


class TestModelFromConfig:
    def test_of_today(self):
        x = torchkeras.Input((3,))
        model = torchkeras.Model(x, torchkeras.layers.Dense(2)(x))
        config = {"class_name": "Functional", "config": model.get_config()}
        assert models.model_from_config(config).output_shape == (None, 2)
        row = torchkeras.Sequential([x, torchkeras.layers.Dense(2)])
        config = {"class_name": "Sequential", "config": row.get_config()}
        assert models.model_from_config(config).output_shape == (None, 2)

    def test_of_keras_1(self):
        inner = {"output_dim": 2, "init": "zero", "name": "d", "batch_input_shape": [None, 3]}
        layer = {"class_name": "Dense", "config": inner}
        model = models.model_from_config({"class_name": "Sequential", "config": [layer]})
        np.testing.assert_array_equal(model(np.ones((1, 3))).detach(), np.zeros((1, 2)))
        assert models.layer_from_config(layer).units == 2

    def test_bare_list(self):
        with pytest.raises(TypeError, match=r"Sequential\.from_config"):
            models.model_from_config([])
