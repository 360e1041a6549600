"""Metric classes and functions under their Keras names."""

from torchkeras.losses.crossentropy import binary_crossentropy as binary_crossentropy
from torchkeras.losses.crossentropy import binary_focal_crossentropy as binary_focal_crossentropy
from torchkeras.losses.crossentropy import categorical_crossentropy as categorical_crossentropy
from torchkeras.losses.crossentropy import (
    categorical_focal_crossentropy as categorical_focal_crossentropy,
)
from torchkeras.losses.crossentropy import (
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
)
from torchkeras.losses.functional import categorical_hinge as categorical_hinge
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
from torchkeras.metrics.accuracy import Accuracy as Accuracy
from torchkeras.metrics.accuracy import BinaryAccuracy as BinaryAccuracy
from torchkeras.metrics.accuracy import CategoricalAccuracy as CategoricalAccuracy
from torchkeras.metrics.accuracy import SparseCategoricalAccuracy as SparseCategoricalAccuracy
from torchkeras.metrics.accuracy import binary_accuracy as binary_accuracy
from torchkeras.metrics.accuracy import categorical_accuracy as categorical_accuracy
from torchkeras.metrics.accuracy import sparse_categorical_accuracy as sparse_categorical_accuracy
from torchkeras.metrics.at_threshold import PrecisionAtRecall as PrecisionAtRecall
from torchkeras.metrics.at_threshold import RecallAtPrecision as RecallAtPrecision
from torchkeras.metrics.at_threshold import SensitivityAtSpecificity as SensitivityAtSpecificity
from torchkeras.metrics.at_threshold import SpecificityAtSensitivity as SpecificityAtSensitivity
from torchkeras.metrics.auc import AUC as AUC
from torchkeras.metrics.base import Metric as Metric
from torchkeras.metrics.confusion import FalseNegatives as FalseNegatives
from torchkeras.metrics.confusion import FalsePositives as FalsePositives
from torchkeras.metrics.confusion import Precision as Precision
from torchkeras.metrics.confusion import Recall as Recall
from torchkeras.metrics.confusion import TrueNegatives as TrueNegatives
from torchkeras.metrics.confusion import TruePositives as TruePositives
from torchkeras.metrics.correlation import ConcordanceCorrelation as ConcordanceCorrelation
from torchkeras.metrics.correlation import PearsonCorrelation as PearsonCorrelation
from torchkeras.metrics.correlation import R2Score as R2Score
from torchkeras.metrics.correlation import concordance_correlation as concordance_correlation
from torchkeras.metrics.correlation import pearson_correlation as pearson_correlation
from torchkeras.metrics.fscore import F1Score as F1Score
from torchkeras.metrics.fscore import FBetaScore as FBetaScore
from torchkeras.metrics.iou import BinaryIoU as BinaryIoU
from torchkeras.metrics.iou import IoU as IoU
from torchkeras.metrics.iou import MeanIoU as MeanIoU
from torchkeras.metrics.iou import OneHotIoU as OneHotIoU
from torchkeras.metrics.iou import OneHotMeanIoU as OneHotMeanIoU
from torchkeras.metrics.lookup import deserialize as deserialize
from torchkeras.metrics.lookup import get as get
from torchkeras.metrics.lookup import serialize as serialize
from torchkeras.metrics.mean import Mean as Mean
from torchkeras.metrics.mean import MeanMetricWrapper as MeanMetricWrapper
from torchkeras.metrics.mean import Sum as Sum
from torchkeras.metrics.top_k import SparseTopKCategoricalAccuracy as SparseTopKCategoricalAccuracy
from torchkeras.metrics.top_k import TopKCategoricalAccuracy as TopKCategoricalAccuracy
from torchkeras.metrics.top_k import (
    sparse_top_k_categorical_accuracy as sparse_top_k_categorical_accuracy,
)
from torchkeras.metrics.top_k import top_k_categorical_accuracy as top_k_categorical_accuracy
from torchkeras.metrics.wrapped import BinaryCrossentropy as BinaryCrossentropy
from torchkeras.metrics.wrapped import CategoricalCrossentropy as CategoricalCrossentropy
from torchkeras.metrics.wrapped import CategoricalHinge as CategoricalHinge
from torchkeras.metrics.wrapped import CosineSimilarity as CosineSimilarity
from torchkeras.metrics.wrapped import Hinge as Hinge
from torchkeras.metrics.wrapped import KLDivergence as KLDivergence
from torchkeras.metrics.wrapped import LogCoshError as LogCoshError
from torchkeras.metrics.wrapped import MeanAbsoluteError as MeanAbsoluteError
from torchkeras.metrics.wrapped import MeanAbsolutePercentageError as MeanAbsolutePercentageError
from torchkeras.metrics.wrapped import MeanSquaredError as MeanSquaredError
from torchkeras.metrics.wrapped import MeanSquaredLogarithmicError as MeanSquaredLogarithmicError
from torchkeras.metrics.wrapped import Poisson as Poisson
from torchkeras.metrics.wrapped import RootMeanSquaredError as RootMeanSquaredError
from torchkeras.metrics.wrapped import (
    SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
)
from torchkeras.metrics.wrapped import SquaredHinge as SquaredHinge
