"""Whole-model inference by hand: the speed that a compiler should aim for."""
