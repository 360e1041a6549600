"""`tf.data.Dataset`: pipelines over Python and torch, which `fit` takes as they are."""

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Queue
from typing import Any

import numpy as np
import torch

from torchkeras import tree
from torchkeras.compat.tensorflow.arrays import convert_to_tensor
from torchkeras.compat.tensorflow.missing import missing

AUTOTUNE = -1
INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2


class Dataset:
    """Elements (tensors, or tuples and dicts of them) made anew each time they are asked for.

    Args:
        make: Returns an iterator over the elements.
        count: Number of elements; -1 for no end, -2 if not known.

    >>> list(Dataset.range(5).map(lambda x: x * 2).batch(3).as_numpy_iterator())
    [array([0, 2, 4]), array([6, 8])]
    """

    def __init__(self, make: Callable[[], Iterator[Any]], count: int = UNKNOWN_CARDINALITY) -> None:
        self._make = make
        self._count = count

    # ------------------------------------------------------------------ sources

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> "Dataset":
        """Return one element for each row."""
        tensors = _tensors(tensors)
        flat = tree.flatten(tensors)
        counts = {len(t) for t in flat}
        if len(counts) != 1:
            raise ValueError(
                "Dataset.from_tensor_slices: the tensors must be equally long. "
                f"Received: lengths {sorted(counts)}."
            )
        (count,) = counts

        def make() -> Iterator[Any]:
            return (tree.map_structure(lambda t, i=i: t[i], tensors) for i in range(count))

        return Dataset(make, count)

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> "Dataset":
        """Return a single element."""
        tensors = _tensors(tensors)
        return Dataset(lambda: iter([tensors]), 1)

    @staticmethod
    def from_generator(
        generator: Callable[..., Iterable[Any]],
        output_types: Any = None,
        output_shapes: Any = None,
        args: tuple[Any, ...] | None = None,
        output_signature: Any = None,
        name: str | None = None,
    ) -> "Dataset":
        """Return what a generator function yields."""
        if not callable(generator):
            raise TypeError("Dataset.from_generator: generator must be a function.")
        spec = output_signature
        types = output_types if spec is None else tree.map_structure(lambda s: s.dtype, spec)

        def typed(element: Any) -> Any:
            element = tuple(element) if isinstance(element, list) else element
            if types is None:
                return _tensors(element)
            if not isinstance(types, (tuple, list, dict)):
                return convert_to_tensor(element, types)
            kinds = tuple(types) if isinstance(types, list) else types
            return tree.map_structure(convert_to_tensor, element, kinds)

        return Dataset(lambda: map(typed, generator(*(args or ()))))

    @staticmethod
    def range(*args: Any, output_type: Any = "int64", name: str | None = None) -> "Dataset":
        """Return whole numbers, as Python's `range`."""
        numbers = range(*[int(a) for a in args])
        return Dataset(
            lambda: (convert_to_tensor(np.asarray(i), output_type) for i in numbers), len(numbers)
        )

    @staticmethod
    def zip(*datasets: Any, name: str | None = None) -> "Dataset":
        """Return tuples of the elements of several datasets, up to the shortest."""
        parts = datasets[0] if len(datasets) == 1 else datasets
        if isinstance(parts, Dataset):
            parts = (parts,)
        parts = tuple(parts)
        counts = [d._count for d in parts]
        finite = [c for c in counts if c >= 0]
        count = min(finite) if finite and UNKNOWN_CARDINALITY not in counts else min(counts)
        return Dataset(lambda: zip(*parts, strict=False), count)

    # ------------------------------------------------------------------ steps

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> "Dataset":
        """Put a function between; it gets the parts of a tuple as its arguments."""

        def call(element: Any) -> Any:
            found = map_func(*element) if isinstance(element, tuple) else map_func(element)
            return _tensors(tuple(found) if isinstance(found, list) else found)

        return Dataset(lambda: map(call, self), self._count)

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> "Dataset":
        """Keep the elements for which a function is true."""

        def keeps(element: Any) -> bool:
            return bool(predicate(*element) if isinstance(element, tuple) else predicate(element))

        return Dataset(lambda: filter(keeps, self))

    def flat_map(self, map_func: Callable[..., "Dataset"], name: str | None = None) -> "Dataset":
        """Put the elements of the datasets that a function returns one after another."""

        def make() -> Iterator[Any]:
            for element in self:
                yield from map_func(*element) if isinstance(element, tuple) else map_func(element)

        return Dataset(make)

    def interleave(
        self,
        map_func: Callable[..., "Dataset"],
        cycle_length: int = 16,
        block_length: int = 1,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> "Dataset":
        """Take from several datasets that a function returns in turn."""

        def make() -> Iterator[Any]:
            source = iter(self)
            opened = [iter(_apply(map_func, e)) for e in itertools.islice(source, cycle_length)]
            while opened:
                for i, part in enumerate(list(opened)):
                    taken = list(itertools.islice(part, block_length))
                    yield from taken
                    if len(taken) < block_length:
                        new = next(source, None)
                        opened[i] = None if new is None else iter(_apply(map_func, new))
                opened = [p for p in opened if p is not None]

        return Dataset(make)

    def shuffle(
        self,
        buffer_size: int,
        seed: int | None = None,
        reshuffle_each_iteration: bool = True,
        name: str | None = None,
    ) -> "Dataset":
        """Draw the elements from a buffer that is filled as it empties."""
        size = int(buffer_size)
        if size < 1:
            raise ValueError(
                f"Dataset.shuffle: buffer_size must be positive. Received: {buffer_size}."
            )
        start = int(torch.randint(2**31, ())) if seed is None else int(seed)
        state = {"pass": 0}

        def make() -> Iterator[Any]:
            draw = np.random.default_rng((start, state["pass"]))
            state["pass"] += bool(reshuffle_each_iteration)
            buffer: list[Any] = []
            for element in self:
                if len(buffer) < size:
                    buffer.append(element)
                    continue
                i = int(draw.integers(size))
                buffer[i], element = element, buffer[i]
                yield element
            draw.shuffle(order := list(range(len(buffer))))
            yield from (buffer[i] for i in order)

        return Dataset(make, self._count)

    def batch(
        self,
        batch_size: int,
        drop_remainder: bool = False,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> "Dataset":
        """Join elements into batches."""
        return self._grouped(int(batch_size), drop_remainder, _joined)

    def padded_batch(
        self,
        batch_size: int,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> "Dataset":
        """Join elements of different sizes into batches, filled up with a value."""

        def join(elements: list[Any]) -> Any:
            def padded(*parts: torch.Tensor) -> torch.Tensor:
                shape = [max(p.shape[i] for p in parts) for i in range(parts[0].ndim)]
                value = 0 if padding_values is None else padding_values
                out = torch.full((len(parts), *shape), value, dtype=parts[0].dtype)
                for i, p in enumerate(parts):
                    out[(i, *[slice(n) for n in p.shape])] = p
                return out

            return tree.map_structure(padded, *elements)

        return self._grouped(int(batch_size), drop_remainder, join)

    def _grouped(self, size: int, drop: bool, join: Callable[[list[Any]], Any]) -> "Dataset":
        if size < 1:
            raise ValueError(f"Dataset.batch: batch_size must be positive. Received: {size}.")

        def make() -> Iterator[Any]:
            source = iter(self)
            while group := list(itertools.islice(source, size)):
                if len(group) == size or not drop:
                    yield join(group)

        count = self._count
        if count >= 0:
            count = count // size if drop else -(-count // size)
        return Dataset(make, count)

    def unbatch(self, name: str | None = None) -> "Dataset":
        """Take batches apart."""

        def make() -> Iterator[Any]:
            for batch in self:
                for i in range(len(tree.flatten(batch)[0])):
                    yield tree.map_structure(lambda t, i=i: t[i], batch)

        return Dataset(make)

    def repeat(self, count: int | None = None, name: str | None = None) -> "Dataset":
        """Begin again at the end: so many times, or for ever."""
        endless = count is None or count < 0

        def make() -> Iterator[Any]:
            for _ in itertools.count() if endless else range(count):
                empty = True
                for element in self:
                    empty = False
                    yield element
                if empty:
                    return

        total = INFINITE_CARDINALITY if endless else self._count * count
        return Dataset(make, total if self._count >= 0 else self._count)

    def take(self, count: int, name: str | None = None) -> "Dataset":
        """Keep the first elements."""
        count = int(count)
        if count < 0:
            return self
        known = min(count, self._count) if self._count >= 0 else self._count
        known = count if known == INFINITE_CARDINALITY else known
        return Dataset(lambda: itertools.islice(self, count), known)

    def skip(self, count: int, name: str | None = None) -> "Dataset":
        """Leave out the first elements."""
        count = int(count)
        known = max(0, self._count - count) if self._count >= 0 else self._count
        return Dataset(lambda: itertools.islice(self, count, None), known)

    def shard(self, num_shards: int, index: int, name: str | None = None) -> "Dataset":
        """Keep every so many-th element."""
        return Dataset(lambda: itertools.islice(self, int(index), None, int(num_shards)))

    def concatenate(self, dataset: "Dataset", name: str | None = None) -> "Dataset":
        """Put another dataset after this one."""
        counts = (self._count, dataset._count)
        total = sum(counts) if min(counts) >= 0 else min(counts)
        return Dataset(lambda: itertools.chain(self, dataset), total)

    def enumerate(self, start: int = 0, name: str | None = None) -> "Dataset":
        """Put each element's number before it."""

        def make() -> Iterator[Any]:
            return ((torch.tensor(i), e) for i, e in enumerate(self, start))

        return Dataset(make, self._count)

    def window(
        self, size: int, shift: int | None = None, stride: int = 1, drop_remainder: bool = False
    ) -> "Dataset":
        """Return datasets of neighbouring elements."""
        shift = size if shift is None else shift

        def make() -> Iterator[Any]:
            elements = list(self)
            for start in range(0, len(elements), shift):
                part = elements[start : start + size * stride : stride]
                if len(part) == size or not drop_remainder:
                    yield Dataset(lambda part=part: iter(part), len(part))

        return Dataset(make)

    def cache(self, filename: str = "", name: str | None = None) -> "Dataset":
        """Keep the elements in memory after the first complete pass; no file is written."""
        kept: list[Any] = []
        complete = [False]

        def make() -> Iterator[Any]:
            if complete[0]:
                yield from kept
                return
            found = []
            for element in self:
                found.append(element)
                yield element
            kept[:], complete[0] = found, True

        return Dataset(make, self._count)

    def prefetch(self, buffer_size: int = AUTOTUNE, name: str | None = None) -> "Dataset":
        """Make elements in a thread, some ahead of those that are asked for."""
        size = 2 if buffer_size == AUTOTUNE else int(buffer_size)
        return Dataset(lambda: _ahead(self, size), self._count) if size else self

    def apply(self, transformation_func: Callable[["Dataset"], "Dataset"]) -> "Dataset":
        """Return what a function makes of the dataset."""
        return transformation_func(self)

    def reduce(self, initial_state: Any, reduce_func: Callable[[Any, Any], Any]) -> Any:
        """Combine all elements."""
        state = _tensors(initial_state)
        for element in self:
            state = reduce_func(state, element)
        return state

    def with_options(self, options: Any, name: str | None = None) -> "Dataset":
        """Return the dataset: options have no effect."""
        return self

    # ------------------------------------------------------------------ reading

    def __iter__(self) -> Iterator[Any]:
        return self._make()

    def __len__(self) -> int:
        if self._count < 0:
            word = "infinite" if self._count == INFINITE_CARDINALITY else "unknown"
            raise TypeError(f"The dataset is {word}.")
        return self._count

    def __bool__(self) -> bool:
        return True

    def cardinality(self, name: str | None = None) -> torch.Tensor:
        """Return the number of elements, -1 for no end, -2 if it is not known."""
        return torch.tensor(self._count)

    def as_numpy_iterator(self) -> Iterator[Any]:
        """Iterate over NumPy arrays."""
        for element in self:
            yield tree.map_structure(
                lambda t: t.numpy() if isinstance(t, torch.Tensor) else t, element
            )

    def get_single_element(self, name: str | None = None) -> Any:
        """Return the only element."""
        (element,) = self
        return element

    @property
    def element_spec(self) -> Any:
        """Shapes and dtypes of the first element."""
        first = next(iter(self))
        return tree.map_structure(lambda t: TensorSpec(tuple(t.shape), t.dtype), first)

    def __repr__(self) -> str:
        return f"<Dataset of {self._count if self._count >= 0 else 'unknown many'} elements>"


class TensorSpec:
    """A shape and a dtype."""

    def __init__(self, shape: Any = None, dtype: Any = "float32", name: str | None = None) -> None:
        self.shape = None if shape is None else tuple(shape)
        self.dtype = dtype
        self.name = name

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype}, name={self.name!r})"


class Options:
    """Settings of a pipeline; they have no effect."""

    def __init__(self) -> None:
        self.experimental_distribute = self
        self.threading = self


def _apply(function: Callable[..., Any], element: Any) -> Any:
    return function(*element) if isinstance(element, tuple) else function(element)


def _tensors(structure: Any) -> Any:
    if isinstance(structure, Dataset):
        return structure

    def leaf(x: Any) -> Any:
        return x if isinstance(x, (torch.Tensor, Dataset)) else convert_to_tensor(x)

    if isinstance(structure, (tuple, dict)):
        return tree.map_structure(leaf, _rows(structure))
    return leaf(structure)


def _rows(structure: Any) -> Any:
    """Turn lists inside tuples and dicts into arrays: a list is data, not structure."""
    if isinstance(structure, dict):
        return {k: _rows(v) for k, v in structure.items()}
    if isinstance(structure, tuple):
        return tuple(_rows(v) for v in structure)
    return convert_to_tensor(structure) if isinstance(structure, list) else structure


def _joined(elements: list[Any]) -> Any:
    def join(*parts: Any) -> Any:
        return torch.stack(parts) if isinstance(parts[0], torch.Tensor) else np.stack(parts)

    return tree.map_structure(join, *elements)


def _ahead(source: Iterable[Any], size: int) -> Iterator[Any]:
    """Iterate over what a thread has made ready; its exception comes out where it belongs."""
    queue: Queue[tuple[str, Any]] = Queue(size)
    stop = threading.Event()

    def work() -> None:
        try:
            for element in source:
                if stop.is_set():
                    return
                queue.put(("element", element))
            queue.put(("end", None))
        except BaseException as e:
            queue.put(("error", e))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            kind, value = queue.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        stop.set()
        while not queue.empty():  # lets a thread go that waits for room
            queue.get_nowait()


class experimental:
    """`tf.data.experimental`."""

    AUTOTUNE = AUTOTUNE
    INFINITE_CARDINALITY = INFINITE_CARDINALITY
    UNKNOWN_CARDINALITY = UNKNOWN_CARDINALITY

    @staticmethod
    def cardinality(dataset: Dataset) -> torch.Tensor:
        """Return the number of elements."""
        return dataset.cardinality()


def __getattr__(name: str) -> Any:
    raise missing("tf.data", name)
