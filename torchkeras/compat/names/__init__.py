"""Names that older versions of Keras had, by the module that shows them."""
