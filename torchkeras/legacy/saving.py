"""Objects as `{"class_name": …, "config": …}`, the form of Keras before version 3."""

from torchkeras.utils.legacy import deserialize_keras_object as deserialize_keras_object
from torchkeras.utils.legacy import serialize_keras_object as serialize_keras_object
