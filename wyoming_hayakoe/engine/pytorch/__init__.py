"""The same networks on PyTorch, with the extra [publish]."""
