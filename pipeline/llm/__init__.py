"""Language models: what is asked of them, through which endpoint, at what price."""
