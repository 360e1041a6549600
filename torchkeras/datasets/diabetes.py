"""Diabetes: 442 patients, 10 measurements each, and how far the disease was a year later."""

from torchkeras.datasets._sklearn import load


def load_data(test_split: float = 0.2, seed: int = 113):
    """Return the dataset, a share of it to test.

    Args:
        test_split: Share to test.
        seed: Of the order.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: float32 `(samples, 10)` and `(samples,)`.

    Raises:
        ImportError: without scikit-learn, which ships it.

    >>> import torchkeras as keras
    >>> (x, y), (x_test, y_test) = keras.datasets.diabetes.load_data()
    >>> len(x) > 3 * len(x_test)
    True
    """
    return load("diabetes", test_split, seed)
