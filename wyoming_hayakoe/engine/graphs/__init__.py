"""ONNX files as graphs: how they are read, cut and edited."""
