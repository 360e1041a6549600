"""Breast cancer: 569 tumours, malignant (0) or benign (1), 30 measurements each."""

from torchkeras.datasets._sklearn import load


def load_data(test_split: float = 0.2, seed: int = 113):
    """Return the dataset, a share of it to test.

    Args:
        test_split: Share to test.
        seed: Of the order.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: float32 `(samples, 30)` and `(samples,)`.

    Raises:
        ImportError: without scikit-learn, which ships it.

    >>> import torchkeras as keras
    >>> (x, y), (x_test, y_test) = keras.datasets.breast_cancer.load_data()
    >>> len(x) > 3 * len(x_test)
    True
    """
    return load("breast_cancer", test_split, seed)
