"""Automatic differentiation of numbers, as small as it can be."""

from __future__ import annotations

import math


class Node:
    """A number that remembers what it was computed from.

    Each operation makes a new node and notes, for each node that went in, by how much
    the result changes when that one does: its local slope. `backward` multiplies these
    slopes along the paths of the graph and adds up the paths, from the result to the
    inputs (Linnainmaa 1976; Rumelhart, Hinton & Williams 1986). Equal to
    `torch.Tensor.backward` on the same expression.

    Args:
        value: the number.
        inputs: pairs (node, local slope); none for a parameter.

    Attributes:
        slope: after `backward`, the derivative of the result with respect to this node.
    """

    def __init__(
        self, value: float, inputs: tuple[tuple[Node, float], ...] = ()
    ) -> None:
        self.value, self.inputs, self.slope = value, inputs, 0.0

    def __add__(self, other: Node) -> Node:
        return Node(self.value + other.value, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other: Node) -> Node:
        return Node(self.value - other.value, ((self, 1.0), (other, -1.0)))

    def __mul__(self, other: Node) -> Node:
        return Node(
            self.value * other.value, ((self, other.value), (other, self.value))
        )

    def tanh(self) -> Node:
        """Return the hyperbolic tangent, a node."""
        value = math.tanh(self.value)
        return Node(value, ((self, 1 - value**2),))

    def backward(self) -> None:
        """Set `slope` on every node that this one was computed from."""
        order = self._order()
        for node in order:
            node.slope = 0.0
        self.slope = 1.0
        for node in reversed(order):
            for source, local in node.inputs:
                source.slope += node.slope * local

    def _order(self) -> list[Node]:
        """Return all nodes of the graph, each after those it was computed from."""
        order: list[Node] = []
        seen: set[int] = set()
        waiting = [(self, False)]
        while waiting:
            node, ready = waiting.pop()
            if ready:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                waiting.append((node, True))
                waiting += [(source, False) for source, _ in node.inputs]
        return order
