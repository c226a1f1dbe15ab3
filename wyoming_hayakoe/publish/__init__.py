"""Publishing of voices: from a training checkpoint to the files of a repository.

The extra ``[publish]`` installs the packages that this needs.
"""
