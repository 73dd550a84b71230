"""Our side: the program that drives models compiled by ssmc."""
