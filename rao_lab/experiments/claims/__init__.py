"""The five claims of the method with their ablations and controls, measured and judged."""
