"""Names of a file and of a model."""

import pytest

from torchkeras.saving.names import match


@pytest.mark.parametrize(
    ("have", "want", "found"),
    [
        (["a.k", "b.k"], ["a.k", "b.k"], {"a.k": "a.k", "b.k": "b.k"}),
        (["a.k"], ["a.k", "b.k"], {"a.k": "a.k"}),
        (["a.k", "c.k"], ["a.k", "b.k"], {"a.k": "a.k"}),
        (["module.a.k"], ["a.k"], {"a.k": "module.a.k"}),
        (["a.k"], ["module.a.k"], {"module.a.k": "a.k"}),
        (["module.k"], ["module.k"], {"module.k": "module.k"}),
        (["_orig_mod.module.a.k"], ["a.k"], {"a.k": "_orig_mod.module.a.k"}),
        (["a._orig_mod.k", "b.k"], ["a.k", "b.k"], {"a.k": "a._orig_mod.k", "b.k": "b.k"}),
        (["a.k"], ["a._orig_mod.k"], {"a._orig_mod.k": "a.k"}),
        # a part of the names has the prefix: it is a name like others
        (["module.k", "b.k"], ["k", "b.k"], {"b.k": "b.k"}),
        # numbers, in their order and not that of the file
        (["dense_9.k", "dense_10.k"], ["dense.k", "dense_1.k"],
         {"dense.k": "dense_9.k", "dense_1.k": "dense_10.k"}),
        (["dense_10.k", "dense_9.k"], ["dense_2.k", "dense_3.k"],
         {"dense_2.k": "dense_9.k", "dense_3.k": "dense_10.k"}),
        # some agree, but are others
        (["dense.k", "dense_1.k"], ["dense_1.k", "dense_2.k"],
         {"dense_1.k": "dense.k", "dense_2.k": "dense_1.k"}),
        (["m_1.dense_3.k", "m.dense_2.k"], ["m_4.dense_8.k", "m_3.dense_7.k"],
         {"m_3.dense_7.k": "m.dense_2.k", "m_4.dense_8.k": "m_1.dense_3.k"}),
        (["conv2d.k"], ["conv2d_4.k"], {"conv2d_4.k": "conv2d.k"}),
        # all of the file is used; the model has more
        (["dense.k"], ["dense_1.k", "seed.s"], {"dense_1.k": "dense.k"}),
        # the file has more: then numbers may mean anything
        (["dense.k", "dense_1.k", "x.k"], ["dense_1.k", "dense_2.k"], {"dense_1.k": "dense_1.k"}),
        (["l.0.k", "l.1.k"], ["l.0.k", "l.1.k"], {"l.0.k": "l.0.k", "l.1.k": "l.1.k"}),
        (["x.k"], ["y.k"], {}),
        ([], ["y.k"], {}),
        ([], [], {}),
        (["dense_99999999999.k"], ["dense.k"], {}),
    ],
)  # fmt: skip
def test_match(have, want, found):
    assert match(have, want) == found


def test_two_names_that_become_one():
    assert match(["a._orig_mod.k", "a.k"], ["a.k", "b.k"]) == {"a.k": "a.k"}
