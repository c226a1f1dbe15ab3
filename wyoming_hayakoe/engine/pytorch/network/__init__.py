"""The Style-Bert-VITS2 JP-Extra network for inference, in PyTorch, a file per stage.

``text_encoder`` turns phones into a prior, ``durations`` says how long each sounds, ``flow`` turns the stretched prior
into a latent and ``decoder`` that into a waveform; ``vits`` joins them, ``checkpoint`` loads published weights.
Attributes have the names of those weights.
"""
