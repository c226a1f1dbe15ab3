"""ONNX Runtime on this machine: sessions, devices, processor, memory."""
