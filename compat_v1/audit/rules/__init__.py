"""What changed in TensorFlow, op by op: how a node of one graph stands for what the other graph has in its place.

A module has a `RULES` of functions that rewrite a node when the normal form comes to it, by the names of its ops, or a
`finish` that rewrites what can be told only once all nodes are there; those of `oldest*` are about graphs from 1.0.
Each rule tells the normal form its name, under which `drift.py` says what changed, since when and why it is harmless.
"""
