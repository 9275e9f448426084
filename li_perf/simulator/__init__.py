"""A simulated Philadelphia on loopback, speaking AIS and Carto SQL, with faults on demand: demo, tests, benchmarks."""
