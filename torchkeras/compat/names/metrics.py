"""What `keras.metrics` had."""

from torchkeras.losses import cosine_similarity as cosine
from torchkeras.losses import cosine_similarity as cosine_proximity
from torchkeras.losses import kl_divergence as KLD
from torchkeras.losses import kl_divergence as kld
from torchkeras.losses import kl_divergence as kullback_leibler_divergence
from torchkeras.losses import log_cosh as logcosh
from torchkeras.losses import mean_absolute_error as MAE
from torchkeras.losses import mean_absolute_error as mae
from torchkeras.losses import mean_absolute_percentage_error as MAPE
from torchkeras.losses import mean_absolute_percentage_error as mape
from torchkeras.losses import mean_squared_error as MSE
from torchkeras.losses import mean_squared_error as mse
from torchkeras.losses import mean_squared_logarithmic_error as MSLE
from torchkeras.losses import mean_squared_logarithmic_error as msle
from torchkeras.metrics import Metric as PyMetric
from torchkeras.metrics.legacy import MeanRelativeError as MeanRelativeError
from torchkeras.metrics.legacy import MeanTensor as MeanTensor
from torchkeras.metrics.legacy import fbeta_score as fbeta_score
from torchkeras.metrics.legacy import fmeasure as fmeasure
from torchkeras.metrics.legacy import fmeasure as fscore
from torchkeras.metrics.legacy import matthews_correlation as matthews_correlation
from torchkeras.metrics.legacy import precision as precision
from torchkeras.metrics.legacy import recall as recall
