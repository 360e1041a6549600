"""Keras's tools for bounding boxes."""

from torchkeras.ops.boxes import affine_transform as affine_transform
from torchkeras.ops.boxes import clip_to_image_size as clip_to_image_size
from torchkeras.ops.boxes import compute_ciou as compute_ciou
from torchkeras.ops.boxes import compute_iou as compute_iou
from torchkeras.ops.boxes import convert_format as convert_format
from torchkeras.ops.boxes import crop as crop
from torchkeras.ops.boxes import decode_deltas_to_boxes as decode_deltas_to_boxes
from torchkeras.ops.boxes import encode_box_to_deltas as encode_box_to_deltas
from torchkeras.ops.boxes import pad as pad
