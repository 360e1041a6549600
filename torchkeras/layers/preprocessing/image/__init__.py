"""Layers that resize, crop and augment images, with their labels, boxes and masks."""

from torchkeras.layers.preprocessing.image.blur import RandomGaussianBlur as RandomGaussianBlur
from torchkeras.layers.preprocessing.image.blur import RandomSharpness as RandomSharpness
from torchkeras.layers.preprocessing.image.colour import (
    RandomColorDegeneration as RandomColorDegeneration,
)
from torchkeras.layers.preprocessing.image.colour import RandomColorJitter as RandomColorJitter
from torchkeras.layers.preprocessing.image.colour import RandomGrayscale as RandomGrayscale
from torchkeras.layers.preprocessing.image.colour import RandomHue as RandomHue
from torchkeras.layers.preprocessing.image.colour import RandomSaturation as RandomSaturation
from torchkeras.layers.preprocessing.image.contrast import AutoContrast as AutoContrast
from torchkeras.layers.preprocessing.image.contrast import RandomContrast as RandomContrast
from torchkeras.layers.preprocessing.image.crop import CenterCrop as CenterCrop
from torchkeras.layers.preprocessing.image.crop import RandomCrop as RandomCrop
from torchkeras.layers.preprocessing.image.elastic import (
    RandomElasticTransform as RandomElasticTransform,
)
from torchkeras.layers.preprocessing.image.erasing import RandomErasing as RandomErasing
from torchkeras.layers.preprocessing.image.flip import RandomFlip as RandomFlip
from torchkeras.layers.preprocessing.image.histogram import (
    ContrastLimitedAdaptiveHistogramEqualization as ContrastLimitedAdaptiveHistogramEqualization,
)
from torchkeras.layers.preprocessing.image.histogram import Equalization as Equalization
from torchkeras.layers.preprocessing.image.intensity import RandomBrightness as RandomBrightness
from torchkeras.layers.preprocessing.image.intensity import RandomInvert as RandomInvert
from torchkeras.layers.preprocessing.image.intensity import (
    RandomPosterization as RandomPosterization,
)
from torchkeras.layers.preprocessing.image.intensity import Solarization as Solarization
from torchkeras.layers.preprocessing.image.max_boxes import (
    MaxNumBoundingBoxes as MaxNumBoundingBoxes,
)
from torchkeras.layers.preprocessing.image.mix import CutMix as CutMix
from torchkeras.layers.preprocessing.image.mix import MixUp as MixUp
from torchkeras.layers.preprocessing.image.perspective import RandomPerspective as RandomPerspective
from torchkeras.layers.preprocessing.image.policy import AugMix as AugMix
from torchkeras.layers.preprocessing.image.policy import RandAugment as RandAugment
from torchkeras.layers.preprocessing.image.resizing import Resizing as Resizing
from torchkeras.layers.preprocessing.image.rotation import RandomRotation as RandomRotation
from torchkeras.layers.preprocessing.image.shear import RandomShear as RandomShear
from torchkeras.layers.preprocessing.image.translation import RandomTranslation as RandomTranslation
from torchkeras.layers.preprocessing.image.zoom import RandomZoom as RandomZoom
