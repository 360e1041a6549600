"""What here is no test module."""

# Run under the alias by test_scikeras.py; scikeras does not import without it.
collect_ignore = ["scikeras_flows.py"]
