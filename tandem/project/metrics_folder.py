"""Where the processes of one machine leave their counters."""

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Read by prometheus_client when it is imported; the supervisor sets it for the parts."""
