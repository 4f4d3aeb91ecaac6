"""Trees in the formats of other programs; `store/formats` reads them."""
