"""The product's settings with one more page: a write whose acknowledgement can be counted."""

from tandem.project.settings import *  # noqa: F403

ROOT_URLCONF = "tests.faults.probe_urls"
