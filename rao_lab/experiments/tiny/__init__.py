"""How the embedded policy is made: its tokens, its demonstrations, its training from random weights."""
