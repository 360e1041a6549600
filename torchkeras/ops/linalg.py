"""Names of the ops of linear algebra: `keras.ops.linalg`."""

from torchkeras.ops.decompose import cholesky as cholesky
from torchkeras.ops.decompose import cholesky_inverse as cholesky_inverse
from torchkeras.ops.decompose import eig as eig
from torchkeras.ops.decompose import eigh as eigh
from torchkeras.ops.decompose import lu_factor as lu_factor
from torchkeras.ops.decompose import qr as qr
from torchkeras.ops.decompose import svd as svd
from torchkeras.ops.forward import jvp as jvp
from torchkeras.ops.solve import det as det
from torchkeras.ops.solve import inv as inv
from torchkeras.ops.solve import lstsq as lstsq
from torchkeras.ops.solve import matrix_rank as matrix_rank
from torchkeras.ops.solve import norm as norm
from torchkeras.ops.solve import pinv as pinv
from torchkeras.ops.solve import solve as solve
from torchkeras.ops.solve import solve_triangular as solve_triangular
