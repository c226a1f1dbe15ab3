"""Publishing voices: from a training checkpoint to the files that a repository holds.

The extra ``[publish]`` installs what this needs.
"""
