"""Bounding boxes: formats, geometry, overlap, and the deltas that detectors regress."""

from torchkeras.ops.boxes.deltas import decode_deltas_to_boxes as decode_deltas_to_boxes
from torchkeras.ops.boxes.deltas import encode_box_to_deltas as encode_box_to_deltas
from torchkeras.ops.boxes.formats import convert_format as convert_format
from torchkeras.ops.boxes.geometry import affine_transform as affine_transform
from torchkeras.ops.boxes.geometry import clip_to_image_size as clip_to_image_size
from torchkeras.ops.boxes.geometry import crop as crop
from torchkeras.ops.boxes.geometry import pad as pad
from torchkeras.ops.boxes.overlap import compute_ciou as compute_ciou
from torchkeras.ops.boxes.overlap import compute_iou as compute_iou
