"""What rounding alone may do to an answer: for models that amplify it.

Compiled code computes coefficients and carries exactly enough, but sums products in
f32, one term after the other, keeps the delta rule's state in f32, and has elementary
functions that err by up to 4 ulp. Where a model amplifies such errors (a norm of a variance
of 3e-5, then a gate on its slope), no fixed tolerance is right. So the model is computed
again with such sums, their terms in random orders, and such functions, all else in f64:
each time is a draw from the distribution that the error of the compiled code is from.
"""

import numpy as np

DRAWS = 8
# The largest of 8 draws is near the tail; over models of 200 features and states,
# compiled code came to between 0.5 and 2 times it.
MARGIN = 3
# gelu and gates err by up to 4 ulp of f32 (docs/accuracy.md).
ELEMENTARY, ULP = (np.exp, np.tanh), 4 * 2.0**-24


class Summed(np.ndarray):
    """An array whose matrix products are sums of f32, in random orders."""

    rng: np.random.Generator

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        plain = [np.asarray(value) if isinstance(value, Summed) else value for value in inputs]
        if ufunc is np.matmul:
            return product(*plain, Summed.rng).view(Summed)
        if out is not None:
            options["out"] = tuple(np.asarray(value) for value in out)
        result = getattr(ufunc, method)(*plain, **options)
        if ufunc in ELEMENTARY:
            result = result * (1 + ULP * Summed.rng.uniform(-1, 1, np.shape(result)))
        if out is not None:
            return out[0]
        return result.view(Summed) if isinstance(result, np.ndarray) else result

    def __array_function__(self, function, types, args, kwargs):
        if function is not np.einsum:
            return super().__array_function__(function, types, args, kwargs)
        formula, *heads = args
        assert formula == "hvk,hk->hv", formula  # of the delta rule: S k and S q
        state, rows = map(np.asarray, heads)
        state[...] = state.astype(np.float32)  # as it is kept between steps
        heads = zip(state, rows, strict=True)
        return np.stack([product(s, k, Summed.rng) for s, k in heads]).view(Summed)


def product(a, b, rng) -> np.ndarray:
    """a @ b for a matrix b or a vector."""
    narrow, wide = np.float32, np.float64
    if np.iscomplexobj(a) or np.iscomplexobj(b):
        narrow, wide = np.complex64, np.complex128
    columns = b[:, None] if b.ndim == 1 else b
    a, columns = a.astype(narrow), columns.astype(narrow)
    result = np.zeros((*a.shape[:-1], columns.shape[1]), narrow)
    for k in rng.permutation(len(columns)):
        result += a[..., k, None] * columns[k]
    return (result[..., 0] if b.ndim == 1 else result).astype(wide)


def draws(compute, tensors: dict) -> list:
    """What `compute(tensors)` gives in DRAWS random orders."""
    Summed.rng = np.random.default_rng(0)
    tensors = {name: value.view(Summed) for name, value in tensors.items()}
    return [compute(tensors) for _ in range(DRAWS)]
