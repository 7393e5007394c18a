"""A plugin for pytest, named by `-p tests.early`: pytest-django reads the settings before any
conftest is loaded, and they must find the tests' own cluster and home, never the developer's."""

from tests.cluster import test_cluster

test_cluster()
