"""The collected metrics of a window, in a file that can be read back."""
