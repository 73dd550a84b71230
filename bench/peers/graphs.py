"""ONNX graphs of whole models."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from bench.peers import common


class Graph:
    """A small builder: every op is a method that returns its output's name."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, v) -> str:
        self.count += 1
        name = f"c{self.count}"
        v = np.ascontiguousarray(v)
        v = v if v.dtype == np.int64 else v.astype(np.float32)
        self.constants.append(numpy_helper.from_array(v, name))
        return name

    def __getattr__(self, op):
        def add(*inputs, outs=1, **attributes):
            names = [i if isinstance(i, str) else self.constant(i) for i in inputs]
            self.count += 1
            outputs = [f"v{self.count}_{k}" for k in range(outs)]
            self.nodes.append(helper.make_node(op, names, outputs, **attributes))
            return outputs[0] if outs == 1 else outputs

        return add

    def reshape(self, x, shape):
        return self.Reshape(x, np.array(shape, np.int64))

    def model(self, inputs, outputs):
        graph = helper.make_graph(self.nodes, "model", inputs, outputs, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def value(name, shape=None):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def finish(g, b, h, u, y):
    """D, gelu, GLU and skip of a block."""
    t = g.MatMul(g.Gelu(g.Add(y, g.Mul(u, b["D"])), approximate="tanh"), b["W"].T)
    p, q = g.Split(g.Add(t, b["bias"]), outs=2, axis=-1, num_outputs=2)
    return g.Add(h, g.Mul(p, g.Sigmoid(q)))


def norm(g, b, h):
    return g.Add(g.Mul(h, b["scale"]), b["shift"])


def head(g, p, m):
    return g.LogSoftmax(g.Add(g.MatMul(m, p.hw.T), p.hb), axis=-1)


def scan(g, levels, n, U, cols):
    K, E, X = levels[0]
    y = g.MatMul(K, U)
    if len(levels) == 1:
        return y
    G, S = E.shape[:2]
    e = g.reshape(g.MatMul(E, U), (G, S * n[1], cols // n[1]))
    x = g.reshape(scan(g, levels[1:], n[1:], e, cols // n[1]), (G, S, cols))
    return g.Add(y, g.MatMul(X, x))


def build_sequence(p, B):
    """The model on sequences of the workload's length; and its input."""
    g, n = Graph(), p.c.levels
    x, mean = common.permute(p.input(B), n)
    rows, h = len(x), g.MatMul("x", p.enc.T)
    for b in p.blocks:
        u, levels = norm(g, b, h), common.bmm_levels(b, p.kind, n)
        U = g.MatMul(b["Bint"], g.Transpose(u, perm=[1, 0]))
        U = g.reshape(U, (levels[0][0].shape[0], -1, rows // n[0]))
        y = g.reshape(scan(g, levels, n, U, rows // n[0]), (-1, rows))
        y = g.MatMul(g.Transpose(y, perm=[1, 0]), b["Cint"].T)
        h = finish(g, b, h, u, y)
    m = g.MatMul(mean[None], g.reshape(h, (len(mean), B * p.H)))
    y = head(g, p, g.reshape(m, (B, p.H)))
    return g.model([value("x", x.shape)], [value(y)]), np.ascontiguousarray(x)


def build_step(p, B):
    """(x, states, sums, count) to (answer, states, sums, count); a state is [re | im]."""
    g, states = Graph(), []
    h, inputs = g.MatMul("x", p.enc.T), [value("x", (B, p.c.features))]
    for i, b in enumerate(p.blocks):
        inputs.append(value(f"s{i}", (B, 2 * p.P)))
        u = norm(g, b, h)
        # Halves are swapped without a gather.
        order = np.concatenate([np.arange(0, 2 * p.P, 2), np.arange(1, 2 * p.P, 2)])
        re, im = b["lam"].real, b["lam"].imag
        r, q = g.Split(f"s{i}", outs=2, axis=-1, num_outputs=2)
        straight = g.Mul(f"s{i}", np.concatenate([re, re]))
        crossed = g.Mul(g.Concat(q, r, axis=-1), np.concatenate([-im, im]))
        s = g.Add(g.Add(straight, crossed), g.MatMul(u, b["Bint"][order].T))
        states.append(s)
        h = finish(g, b, h, u, g.MatMul(s, b["Cint"][:, order].T))
    sums, count = g.Add("acc", h), g.Add("t", np.ones(1))
    inputs += [value("acc", (B, p.H)), value("t", (1,))]
    outputs = [head(g, p, g.Div(sums, count)), *states, sums, count]
    return g.model(inputs, [value(o) for o in outputs])
