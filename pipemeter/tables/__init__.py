"""What commands answer, as tables on a terminal."""
