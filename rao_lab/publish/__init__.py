"""What goes out: the course as pages, the documentation, the kit for laptops without a network.

Made from a checkout, and not part of the wheel.
"""
