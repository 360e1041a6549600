"""HDF5 files: checked reading, and the layouts of whole models and weights."""
