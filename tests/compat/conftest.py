"""What here is no test module."""

# Run under the alias by test_scikeras.py; scikeras does not import without it.
collect_ignore = ["notes_script.py", "scikeras_flows.py"]
