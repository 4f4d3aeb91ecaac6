"""What we ran: the demo, its seeds, training that goes wrong, benchmarks, and how `tiny` is made."""
