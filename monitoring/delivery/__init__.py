"""What delivering needs beyond what is compiled: secrets, and samples for previews and tests."""
