"""Variables of an optimizer: param groups, layouts, dtypes and moves of the model."""

import numpy as np
import pytest
import torch
from optimizers.names import METHODS

from oracle import assert_close
from torchkeras import optimizers
from torchkeras.core.variable import Variable
from torchkeras.optimizers import SGD, Adam, AdamW, RMSprop


def make(name):
    return getattr(optimizers, name)(0.1, **({"momentum": 0.9} if name == "SGD" else {}))


def reference_run(name, values, grads):
    """The same steps on contiguous copies."""
    params = [torch.nn.Parameter(v.detach().clone(memory_format=torch.contiguous_format))
              for v in values]  # fmt: skip
    optimizer = make(name)
    for step in grads:
        optimizer.apply([g.contiguous() for g in step], params)
    return params


def some(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", METHODS)
class TestLayout:
    def test_slots_lie_as_their_variables(self, name):
        kernel = torch.nn.Parameter(some(8, 3, 3, 4).permute(1, 2, 3, 0))
        last = torch.nn.Parameter(some(2, 3, 4, 5).to(memory_format=torch.channels_last))
        grads = [[some(3, 3, 4, 8, seed=i), some(2, 3, 4, 5, seed=i)] for i in range(3)]
        wanted = reference_run(name, [kernel, last], grads)
        optimizer = make(name)
        optimizer.build([kernel, last])
        for slots in optimizer._slots.values():
            assert slots[0].stride() == kernel.stride()
            assert slots[1].stride() == last.stride()
        for step in grads:  # contiguous, so not as the variables lie
            kernel.grad, last.grad = step
            optimizer.step()
        assert_close([kernel, last], wanted)
        assert kernel.stride() == (12, 4, 1, 36)

    def test_gradients_of_every_layout(self, name):
        values = [some(4, 4), some(4, 4, seed=1), some(4, 4, seed=2)]
        grads = [
            [some(4, 4, seed=i).t(), torch.ones(()).expand(4, 4), some(4, 8, seed=i)[:, ::2]]
            for i in range(3)
        ]
        wanted = reference_run(name, values, grads)
        params = [torch.nn.Parameter(v) for v in values]
        optimizer = make(name)
        for step in grads:
            optimizer.apply(step, params)
        assert_close(params, wanted)

    def test_variable_with_gaps_in_memory(self, name):
        whole = some(4, 8)
        before = whole.clone()
        p = torch.nn.Parameter(whole[:, ::2])
        grads = [[some(4, 4, seed=i)] for i in range(3)]
        wanted = reference_run(name, [p], grads)
        optimizer = make(name)
        optimizer.build([p])
        for step in grads:
            p.grad = step[0]
            optimizer.step()
        assert_close([p], wanted)
        assert torch.equal(whole[:, 1::2], before[:, 1::2])

    def test_model_goes_to_another_memory_format(self, name):
        conv = torch.nn.Conv2d(3, 4, 3)
        grads = [[some(4, 3, 3, 3, seed=i), some(4, seed=i)] for i in range(4)]
        wanted = reference_run(name, list(conv.parameters()), grads)
        optimizer = make(name)
        optimizer.build(conv.parameters())
        for i, step in enumerate(grads):
            if i == 2:
                conv.to(memory_format=torch.channels_last)
            for p, g in zip(conv.parameters(), step, strict=True):
                p.grad = torch.empty_like(p).copy_(g)
            optimizer.step()
        assert_close(list(conv.parameters()), wanted)

    def test_model_goes_to_another_dtype(self, name):
        layer = torch.nn.Linear(3, 2)
        optimizer = make(name)
        optimizer.build(layer.parameters())
        for _ in range(2):
            for p in layer.parameters():
                p.grad = torch.ones_like(p)
            optimizer.step()
            layer.double()
        assert {v.dtype for v in optimizer.variables[2:] if v.ndim} <= {torch.float64}

    def test_data_replaced_by_other_memory(self, name):
        p = torch.nn.Parameter(some(3))
        optimizer = make(name)
        optimizer.build([p])
        p.grad = torch.ones(3)
        optimizer.step()
        p.data = torch.full((3,), 5.0)
        optimizer.step()
        assert (p < 5).all()

    def test_mixed_dtypes(self, name):
        params = [
            torch.nn.Parameter(some(3)),
            torch.nn.Parameter(some(2, 2).double()),
            torch.nn.Parameter(some(4)),
        ]
        grads = [[torch.ones_like(p) * (i + 1) for p in params] for i in range(3)]
        wanted = reference_run(name, params, grads)
        alone = [reference_run(name, [p], [[s[i]] for s in grads])[0]
                 for i, p in enumerate(params)]  # fmt: skip
        assert_close(wanted, alone)

    def test_sparse_gradient(self, name):
        table = torch.nn.Embedding(5, 2, sparse=True)
        dense = reference_run(
            name, [table.weight], [[torch.tensor([[1.0, 1.0]] + [[0.0] * 2] * 4)]]
        )
        optimizer = make(name)
        optimizer.build(table.parameters())
        table(torch.tensor([0])).sum().backward()
        assert table.weight.grad.is_sparse
        optimizer.step()
        assert_close(table.weight, dense[0])

    def test_empty_and_zero_dimensional(self, name):
        params = [torch.nn.Parameter(torch.zeros(0, 3)), torch.nn.Parameter(torch.ones(()))]
        optimizer = make(name)
        optimizer.apply([torch.zeros(0, 3), torch.ones(())], params)
        assert params[1].item() < 1


class TestParamGroups:
    def test_rate_and_decay_of_each(self):
        v, w, x = (torch.nn.Parameter(torch.ones(2)) for _ in range(3))
        optimizer = AdamW(0.5, weight_decay=0.5)
        optimizer.build([{"params": [v]}, {"params": [w], "lr": 0.25},
                         {"params": [x], "weight_decay": 0.0}])  # fmt: skip
        for p in (v, w, x):
            p.grad = torch.zeros(2)
        optimizer.step()
        assert [p[0].item() for p in (v, w, x)] == [0.75, 0.875, 1.0]

    @pytest.mark.parametrize("name", METHODS)
    def test_group_added_later(self, name):
        v, w = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(3))
        optimizer = make(name)
        optimizer.apply([torch.ones(2)], [v])
        optimizer.learning_rate = 0.05
        optimizer.add_param_group({"params": [w]})
        assert optimizer.param_groups[1]["lr"] == 0.05
        v.grad, w.grad = torch.ones(2), torch.ones(3)
        before = v[0].item()
        optimizer.step()
        assert v[0].item() < before
        assert w[0].item() < 1
        assert set(optimizer.state[w]) == set(optimizer.state[v])

    def test_group_added_before_build(self):
        v, w = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(3))
        optimizer = SGD(0.5)
        optimizer.add_param_group({"params": w, "lr": 0.25})
        optimizer.build([v, w])
        v.grad, w.grad = torch.ones(2), torch.ones(3)
        optimizer.step()
        assert [v[0].item(), w[0].item()] == [0.5, 0.75]

    def test_parameter_in_two_groups(self):
        v = torch.nn.Parameter(torch.ones(2))
        optimizer = SGD()
        optimizer.build([v])
        with pytest.raises(ValueError, match="more than one parameter group"):
            optimizer.add_param_group({"params": [v]})

    def test_twice_the_same_variable(self):
        v = torch.nn.Parameter(torch.ones(2))
        optimizer = RMSprop()
        optimizer.build([v, v])
        assert len(optimizer.variables) == 3

    def test_second_build_does_nothing(self):
        v, w = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
        optimizer = Adam()
        optimizer.build([v])
        optimizer.build([v, w])
        assert len(optimizer.variables) == 4

    def test_what_is_no_variable(self):
        with pytest.raises(TypeError, match="Adam: variables must be Variables or torch param"):
            Adam().build([np.ones(2)])


def test_excluded_names_of_torch_parameters():
    layer = torch.nn.Linear(2, 2)
    optimizer = AdamW(0.5, weight_decay=1.0)
    optimizer.exclude_from_weight_decay(var_names=["bias$"])
    optimizer.build(layer.named_parameters())
    before = [p.detach().clone() for p in layer.parameters()]
    optimizer.apply([torch.zeros(2, 2), torch.zeros(2)])
    assert_close(layer.weight, 0.5 * before[0])
    assert_close(layer.bias, before[1])


def test_frozen_variables_are_passed_by_in_silence(recwarn):
    v, w = Variable(np.ones(2, "float32")), Variable(np.ones(2, "float32"))
    optimizer = SGD(0.5)
    optimizer.build([v, w])
    w.trainable = False
    for _ in range(2):
        (v.sum() + w.sum()).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert [v[0].item(), w[0].item()] == [0.0, 1.0]
    assert not recwarn.list


def test_step_without_any_gradient():
    optimizer = SGD()
    optimizer.build([torch.nn.Parameter(torch.ones(2))])
    optimizer.step()
    assert int(optimizer.iterations) == 0


def test_step_before_build():
    with pytest.raises(ValueError, match=r"step\(\) needs a built optimizer"):
        Adam().step()


def test_no_variables_at_all():
    optimizer = Adam()
    optimizer.build([])
    optimizer.step()
    optimizer.zero_grad()
    assert [v.name for v in optimizer.variables] == ["iteration", "learning_rate"]
