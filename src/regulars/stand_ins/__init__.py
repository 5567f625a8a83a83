"""Servers that speak the protocol of an outside service, for the demo, the benchmarks and the tests.

They listen on this machine only, take no money and reach no phone. `regulars serve` never uses them: there,
settings say where the real services are.
"""
