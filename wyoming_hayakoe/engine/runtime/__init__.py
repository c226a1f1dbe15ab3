"""ONNX Runtime and this machine."""
