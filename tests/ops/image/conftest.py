import numpy as np
import pytest
from sklearn.datasets import load_sample_image


@pytest.fixture(scope="session")
def photograph() -> np.ndarray:
    """A photograph of 427 x 640 pixels, as bytes."""
    return np.array(load_sample_image("flower.jpg"))
