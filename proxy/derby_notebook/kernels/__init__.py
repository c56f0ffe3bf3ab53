"""Kernels: their messages, the queue of runs, and the relay between cells and kernel."""
