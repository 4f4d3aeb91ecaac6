"""Policies that run on this machine: a transformers model, its adapter, and batched generation."""
