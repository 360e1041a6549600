"""Loss classes and functions under their Keras names."""

from torchkeras.losses.base import Loss as Loss
from torchkeras.losses.circle import Circle as Circle
from torchkeras.losses.circle import circle as circle
from torchkeras.losses.crossentropy import binary_crossentropy as binary_crossentropy
from torchkeras.losses.crossentropy import binary_focal_crossentropy as binary_focal_crossentropy
from torchkeras.losses.crossentropy import categorical_crossentropy as categorical_crossentropy
from torchkeras.losses.crossentropy import (
    categorical_focal_crossentropy as categorical_focal_crossentropy,
)
from torchkeras.losses.crossentropy import (
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
)
from torchkeras.losses.ctc import CTC as CTC
from torchkeras.losses.ctc import ctc as ctc
from torchkeras.losses.functional import (
    categorical_generalized_cross_entropy as categorical_generalized_cross_entropy,
)
from torchkeras.losses.functional import categorical_hinge as categorical_hinge
from torchkeras.losses.functional import cosine_similarity as cosine_similarity
from torchkeras.losses.functional import dice as dice
from torchkeras.losses.functional import hinge as hinge
from torchkeras.losses.functional import huber as huber
from torchkeras.losses.functional import kl_divergence as kl_divergence
from torchkeras.losses.functional import log_cosh as log_cosh
from torchkeras.losses.functional import mean_absolute_error as mean_absolute_error
from torchkeras.losses.functional import (
    mean_absolute_percentage_error as mean_absolute_percentage_error,
)
from torchkeras.losses.functional import mean_squared_error as mean_squared_error
from torchkeras.losses.functional import (
    mean_squared_logarithmic_error as mean_squared_logarithmic_error,
)
from torchkeras.losses.functional import poisson as poisson
from torchkeras.losses.functional import squared_hinge as squared_hinge
from torchkeras.losses.functional import tversky as tversky
from torchkeras.losses.lookup import deserialize as deserialize
from torchkeras.losses.lookup import get as get
from torchkeras.losses.lookup import serialize as serialize
from torchkeras.losses.margin import CategoricalHinge as CategoricalHinge
from torchkeras.losses.margin import Hinge as Hinge
from torchkeras.losses.margin import SquaredHinge as SquaredHinge
from torchkeras.losses.probabilistic import BinaryCrossentropy as BinaryCrossentropy
from torchkeras.losses.probabilistic import BinaryFocalCrossentropy as BinaryFocalCrossentropy
from torchkeras.losses.probabilistic import CategoricalCrossentropy as CategoricalCrossentropy
from torchkeras.losses.probabilistic import (
    CategoricalFocalCrossentropy as CategoricalFocalCrossentropy,
)
from torchkeras.losses.probabilistic import (
    CategoricalGeneralizedCrossEntropy as CategoricalGeneralizedCrossEntropy,
)
from torchkeras.losses.probabilistic import KLDivergence as KLDivergence
from torchkeras.losses.probabilistic import Poisson as Poisson
from torchkeras.losses.probabilistic import (
    SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
)
from torchkeras.losses.regression import CosineSimilarity as CosineSimilarity
from torchkeras.losses.regression import Huber as Huber
from torchkeras.losses.regression import LogCosh as LogCosh
from torchkeras.losses.regression import MeanAbsoluteError as MeanAbsoluteError
from torchkeras.losses.regression import (
    MeanAbsolutePercentageError as MeanAbsolutePercentageError,
)
from torchkeras.losses.regression import MeanSquaredError as MeanSquaredError
from torchkeras.losses.regression import (
    MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
)
from torchkeras.losses.regression import RootMeanSquaredError as RootMeanSquaredError
from torchkeras.losses.segmentation import Dice as Dice
from torchkeras.losses.segmentation import Tversky as Tversky
