"""What here is no test module."""

# Scripts that run under the alias: scikeras does not import without it.
collect_ignore = ["notes_script.py", "scikeras_flows.py"]
