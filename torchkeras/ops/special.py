"""Special functions: rows of a table."""

import torch

from torchkeras.ops._op import MATH, unary

erfc = unary(torch.erfc, "erfc", "Return `1 - erf(x)`.", module=MATH, floating=True)
erfinv = unary(
    torch.erfinv, "erfinv", "Return the inverse of the error function.", module=MATH, floating=True
)
