"""The program's benchmarks, with a comparison with HayaKoe."""
