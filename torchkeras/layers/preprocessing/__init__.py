"""Layers that turn raw data into numbers, and that augment them."""

from torchkeras.layers.preprocessing.category_encoding import CategoryEncoding as CategoryEncoding
from torchkeras.layers.preprocessing.discretization import Discretization as Discretization
from torchkeras.layers.preprocessing.hashed_crossing import HashedCrossing as HashedCrossing
from torchkeras.layers.preprocessing.hashing import Hashing as Hashing
from torchkeras.layers.preprocessing.image import AugMix as AugMix
from torchkeras.layers.preprocessing.image import AutoContrast as AutoContrast
from torchkeras.layers.preprocessing.image import CenterCrop as CenterCrop
from torchkeras.layers.preprocessing.image import (
    ContrastLimitedAdaptiveHistogramEqualization as ContrastLimitedAdaptiveHistogramEqualization,
)
from torchkeras.layers.preprocessing.image import CutMix as CutMix
from torchkeras.layers.preprocessing.image import Equalization as Equalization
from torchkeras.layers.preprocessing.image import MaxNumBoundingBoxes as MaxNumBoundingBoxes
from torchkeras.layers.preprocessing.image import MixUp as MixUp
from torchkeras.layers.preprocessing.image import RandAugment as RandAugment
from torchkeras.layers.preprocessing.image import RandomBrightness as RandomBrightness
from torchkeras.layers.preprocessing.image import RandomColorDegeneration as RandomColorDegeneration
from torchkeras.layers.preprocessing.image import RandomColorJitter as RandomColorJitter
from torchkeras.layers.preprocessing.image import RandomContrast as RandomContrast
from torchkeras.layers.preprocessing.image import RandomCrop as RandomCrop
from torchkeras.layers.preprocessing.image import RandomElasticTransform as RandomElasticTransform
from torchkeras.layers.preprocessing.image import RandomErasing as RandomErasing
from torchkeras.layers.preprocessing.image import RandomFlip as RandomFlip
from torchkeras.layers.preprocessing.image import RandomGaussianBlur as RandomGaussianBlur
from torchkeras.layers.preprocessing.image import RandomGrayscale as RandomGrayscale
from torchkeras.layers.preprocessing.image import RandomHue as RandomHue
from torchkeras.layers.preprocessing.image import RandomInvert as RandomInvert
from torchkeras.layers.preprocessing.image import RandomPerspective as RandomPerspective
from torchkeras.layers.preprocessing.image import RandomPosterization as RandomPosterization
from torchkeras.layers.preprocessing.image import RandomRotation as RandomRotation
from torchkeras.layers.preprocessing.image import RandomSaturation as RandomSaturation
from torchkeras.layers.preprocessing.image import RandomSharpness as RandomSharpness
from torchkeras.layers.preprocessing.image import RandomShear as RandomShear
from torchkeras.layers.preprocessing.image import RandomTranslation as RandomTranslation
from torchkeras.layers.preprocessing.image import RandomZoom as RandomZoom
from torchkeras.layers.preprocessing.image import Resizing as Resizing
from torchkeras.layers.preprocessing.image import Solarization as Solarization
from torchkeras.layers.preprocessing.integer_lookup import IntegerLookup as IntegerLookup
from torchkeras.layers.preprocessing.mel_spectrogram import MelSpectrogram as MelSpectrogram
from torchkeras.layers.preprocessing.normalization import Normalization as Normalization
from torchkeras.layers.preprocessing.pipeline import Pipeline as Pipeline
from torchkeras.layers.preprocessing.rescaling import Rescaling as Rescaling
from torchkeras.layers.preprocessing.stft_spectrogram import STFTSpectrogram as STFTSpectrogram
from torchkeras.layers.preprocessing.string_lookup import StringLookup as StringLookup
from torchkeras.layers.preprocessing.text_vectorization import (
    TextVectorization as TextVectorization,
)
