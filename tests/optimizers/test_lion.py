"""Lion against real Keras."""

import pytest

from torchkeras import optimizers


@pytest.mark.parametrize("form", [{}, {"beta_1": 0.5}, {"beta_1": 1.0}, {"beta_2": 0.5}], ids=str)
def test_plain(compare, form):
    compare("Lion", {"learning_rate": 0.02, **form}, steps=50)


def test_common_options(compare, common):
    compare("Lion", {"learning_rate": 0.02, **common})


def test_excluded_from_decay(compare):
    compare("Lion", {"learning_rate": 0.02, "weight_decay": 0.2}, excluded="v[13]")


def test_bad_arguments():
    for beta in (0.0, 1.5, -1):
        with pytest.raises(ValueError, match=r"Lion: beta_1 must be in \(0, 1\]"):
            optimizers.Lion(beta_1=beta)
