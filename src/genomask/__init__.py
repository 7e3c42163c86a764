"""Which tokens should a genomic language model mask while it is pretrained?

Axis names of every annotated array in the package:

- ``batch``: sequences of one batch; ``bases``: positions along a sequence or genome;
- ``tokens``: token positions, special tokens included; ``kmers``: the ``4**k`` k-mers, by base-4 code;
- ``vocab``: token ids; ``hidden``: features of the encoder; ``classes``: labels of a task;
- ``rows``: examples of a benchmark; ``segments``: stretches of the pretraining corpus;
  ``words``: k-mers of a masking vocabulary;
- ``episodes``: k-shot draws that arms are compared on;
  ``blocks``, ``methods``: cells of a table and the arms that were scored in them.
"""
