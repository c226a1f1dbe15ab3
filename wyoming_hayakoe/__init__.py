"""Japanese text to speech for the smart home: a Wyoming server and a library."""

import os

__version__ = "0.1.0"

# ONNX Runtime reads this once, when it is first imported, and pyopenjtalk-plus imports it too.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
