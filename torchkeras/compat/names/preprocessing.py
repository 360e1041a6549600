"""`keras.preprocessing`: its directory datasets as pipelines."""

from torchkeras.compat.names.utils import (
    audio_dataset_from_directory as audio_dataset_from_directory,
)
from torchkeras.compat.names.utils import (
    image_dataset_from_directory as image_dataset_from_directory,
)
from torchkeras.compat.names.utils import (
    text_dataset_from_directory as text_dataset_from_directory,
)
