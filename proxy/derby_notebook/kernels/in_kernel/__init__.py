"""Code that is sent to kernels: it imports nothing of ours, and runs on any Python 3."""
