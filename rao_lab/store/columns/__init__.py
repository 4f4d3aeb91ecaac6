"""The nodes of a step as arrays of bytes, without their texts."""
