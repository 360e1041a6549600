"""A summary of numbers that keeps their quantiles within an error: a sorted weighted sample.

A summary is an array of two rows, values and how many numbers each stands for. Summaries of parts
of a data set merge into one of the whole, so that it can be read batch by batch.
"""

import numpy as np

EMPTY = np.zeros((2, 0), dtype=np.float32)


def summarize(values: np.ndarray, epsilon: float) -> np.ndarray:
    """Return a summary of about `1 / epsilon` entries: each `epsilon * n`-th of the sorted numbers.

    Args:
        values: Numbers in any shape.
        epsilon: Share of the numbers that one entry stands for.
    """
    ordered = np.sort(values.reshape(-1)).astype(np.float32)
    every = ordered.size * epsilon
    kept = ordered[max(int(every) - 1, 0) :: max(int(every), 1)]
    weights = np.full_like(kept, max(every, 1))
    return np.stack([kept, weights])


def compress(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """Shrink a summary to `1 / epsilon` entries by interpolation; a smaller one is left alone."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    cumulated = summary[1].cumsum()
    at = cumulated / cumulated[-1]
    values = np.interp(shares, at, summary[0])
    weights = np.diff(np.interp(shares, at, cumulated), prepend=0)
    return np.stack([values, weights]).astype(np.float32)


def merge(first: np.ndarray, second: np.ndarray, epsilon: float) -> np.ndarray:
    """Return the summary of two parts together."""
    joined = np.concatenate([first, second], axis=1)
    return compress(joined[:, np.argsort(joined[0])], epsilon)


def boundaries(summary: np.ndarray, num_bins: int) -> list[float]:
    """Return the values that part what was summarised into `num_bins` bins of equal size."""
    if not summary.shape[1]:
        return []
    return [float(v) for v in compress(summary, 1.0 / num_bins)[0, :-1]]
