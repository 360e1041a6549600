"""The optimizers with a method of their own."""

METHODS = [
    "SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam", "Adafactor",
    "Ftrl", "Lamb", "Lion", "Muon", "ScheduleFreeAdamW",
]  # fmt: skip
