"""Numbers in few bits: quantizers, their configurations, and the functions below them."""

from torchkeras.quantizers.abs_max import abs_max_quantize as abs_max_quantize
from torchkeras.quantizers.calibration_config import AWQConfig as AWQConfig
from torchkeras.quantizers.calibration_config import GPTQConfig as GPTQConfig
from torchkeras.quantizers.config import Float8QuantizationConfig as Float8QuantizationConfig
from torchkeras.quantizers.config import Int4QuantizationConfig as Int4QuantizationConfig
from torchkeras.quantizers.config import Int8QuantizationConfig as Int8QuantizationConfig
from torchkeras.quantizers.config import QuantizationConfig as QuantizationConfig
from torchkeras.quantizers.fake import fake_quant_with_min_max_vars as fake_quant_with_min_max_vars
from torchkeras.quantizers.float8 import compute_float8_amax_history as compute_float8_amax_history
from torchkeras.quantizers.float8 import compute_float8_scale as compute_float8_scale
from torchkeras.quantizers.float8 import quantize_and_dequantize as quantize_and_dequantize
from torchkeras.quantizers.grouped import (
    abs_max_quantize_grouped_with_zero_point as abs_max_quantize_grouped_with_zero_point,
)
from torchkeras.quantizers.int4 import pack_int4 as pack_int4
from torchkeras.quantizers.int4 import unpack_int4 as unpack_int4
from torchkeras.quantizers.lookup import deserialize as deserialize
from torchkeras.quantizers.lookup import get as get
from torchkeras.quantizers.lookup import serialize as serialize
from torchkeras.quantizers.quantizer import AbsMaxQuantizer as AbsMaxQuantizer
from torchkeras.quantizers.quantizer import Quantizer as Quantizer
