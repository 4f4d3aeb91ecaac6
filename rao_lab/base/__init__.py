"""Tools that every room uses: checks of values, text made safe, interrupts, devices, bundled files, versions."""
