"""The TensorBoard callback, without TensorFlow."""

from .callback import TensorBoard as TensorBoard
