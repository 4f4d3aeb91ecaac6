"""What we ran: the demo, its seeds, training that goes wrong, benchmarks, how `tiny` is made, pictures."""
