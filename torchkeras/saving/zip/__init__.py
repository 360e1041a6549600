"""`.keras` models: a zip archive or a folder."""
