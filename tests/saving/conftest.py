import pytest
from saving.hostile import Batch, make_good_files


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Good files that real Keras wrote."""
    folder = tmp_path_factory.mktemp("good")
    make_good_files(folder)
    return folder


@pytest.fixture(scope="session")
def children(files):
    """Where the shared child is kept, with the results of the good files."""
    kept = {}
    yield kept
    if "child" in kept:
        kept["child"].close()


@pytest.fixture(params=["some", pytest.param("all", marks=pytest.mark.sweep)])
def containers(request):
    """Whether each hostile config goes through all containers, or through two of them."""
    return request.param


@pytest.fixture
def batch(files, tmp_path, children):
    return Batch(files, tmp_path, children)


@pytest.fixture
def through(files, tmp_path, children, containers):
    """A batch whose cases stand in several containers."""
    return Batch(files, tmp_path, children, every=containers == "all")
