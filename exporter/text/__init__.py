"""What makes the text of `/metrics`, fast, and byte for byte what the stock client writes."""
