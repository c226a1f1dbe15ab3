"""The program on ARM64, proved without a board: `script/test_arm64`."""
