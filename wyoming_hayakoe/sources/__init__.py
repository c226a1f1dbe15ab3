"""Where voices come from: ``hf://``, ``s3://``, ``file://``, all with one shape.

A new kind of source is one file, which recognises its URIs and implements :class:`Remote`, and a line in ``location``.
"""
