"""Data in files and lists on their way to a model."""

from torchkeras.preprocessing import image as image
from torchkeras.preprocessing import sequence as sequence
from torchkeras.utils import image_dataset_from_directory as image_dataset_from_directory
from torchkeras.utils import text_dataset_from_directory as text_dataset_from_directory
from torchkeras.utils import timeseries_dataset_from_array as timeseries_dataset_from_array
