"""Pictures of images with their boxes, masks and labels."""

from torchkeras.visualization.boxes import draw_bounding_boxes as draw_bounding_boxes
from torchkeras.visualization.boxes import plot_bounding_box_gallery as plot_bounding_box_gallery
from torchkeras.visualization.gallery import plot_image_gallery as plot_image_gallery
from torchkeras.visualization.masks import draw_segmentation_masks as draw_segmentation_masks
from torchkeras.visualization.masks import (
    plot_segmentation_mask_gallery as plot_segmentation_mask_gallery,
)
